package verify

import (
	"strings"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// region tells where a record belongs by the dataset's rule, written here once more so that the comparison does not
// trust the code it checks.
type region struct {
	rule   schemas.Region
	at     int // slot of the attribute; -1: a constant
	path   []string
	lookup map[string]string
	known  map[string]bool
	told   map[string]string // regions by texts that came
}

func newRegion(d *schemas.Dataset, slot func(string) int) *region {
	g := &region{rule: d.Region, at: -1, told: map[string]string{}}
	if g.rule.Unknown == "" {
		g.rule.Unknown = "unknown"
	}
	if g.rule.From == "field" {
		g.path = strings.Split(g.rule.Field, ".")
		g.at = slot(g.path[0])
	}
	if list, ok := d.Lists[g.rule.Lookup]; ok {
		g.lookup = map[string]string{}
		for value, to := range list.Map(g.rule.Column) {
			if g.rule.Lower {
				value = strings.ToLower(value)
			}
			g.lookup[value] = to
		}
	}
	if len(g.rule.Values) > 0 {
		g.known = map[string]bool{g.rule.Unknown: true}
		for _, v := range g.rule.Values {
			g.known[v] = true
		}
	}
	return g
}

// mostTold is how many texts are remembered with their regions.
const mostTold = 4096

// of returns the region of the record in the slots.
func (g *region) of(slots []attribute) string {
	if g.at < 0 {
		return g.rule.Value
	}
	a := slots[g.at]
	for _, name := range g.path[1:] {
		a = of(a.value().Map[name])
	}
	if a.kind == record.None || a.kind == record.NULL {
		return g.rule.Unknown
	}
	to, ok := g.told[string(a.text)]
	if !ok {
		if len(g.told) == mostTold {
			clear(g.told)
		}
		text := string(a.text)
		to = g.named(text)
		g.told[text] = to
	}
	return to
}

// named returns the region that a text leads to.
func (g *region) named(value string) string {
	if g.rule.Lower {
		value = strings.ToLower(value)
	}
	if g.lookup != nil {
		to, ok := g.lookup[value]
		if !ok {
			return g.rule.Unknown
		}
		value = to
	}
	if g.known != nil && !g.known[value] || g.known == nil && !slug(value) {
		return g.rule.Unknown
	}
	return value
}

// slug reports whether text may name a partition.
func slug(text string) bool {
	const middle = "-_"
	for i, c := range text {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (i == 0 || !strings.ContainsRune(middle, c)) {
			return false
		}
	}
	return text != "" && len(text) <= 63
}
