package decode

import (
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// Resolver tells a row's region and dt by the dataset's rules. It is read-only and safe for concurrent use.
type Resolver struct {
	rule   schemas.Region
	lookup map[string]string // value to region; nil: the value is the region
	known  map[string]string // every region there is, under its own name; nil: any slug
	dense  []string          // regions of the whole numbers from low on, where the look-up's codes are such
	low    int64
	path   []int // fields that lead to the region's
	day    int   // field of dt; -1: the change's own time
	month  bool
}

// NewResolver returns the resolver of a dataset.
func NewResolver(d *schemas.Dataset) (*Resolver, error) {
	c, err := compile(d)
	if err != nil {
		return nil, err
	}
	return &c.place, nil
}

func resolver(c *dataset) (Resolver, error) {
	v := Resolver{rule: c.Region, day: -1, month: c.Date.Grain == "month"}
	if v.rule.Unknown == "" {
		v.rule.Unknown = "unknown"
	}
	if v.rule.From == "field" {
		if v.path = c.fields.under(v.rule.Field); v.path == nil {
			return v, fault.New(fault.Invalid, "dataset %s takes its region from %s, which is no field", c.Name, v.rule.Field)
		}
	}
	if c.Date.From == "field" {
		if v.day = c.fields.find([]byte(c.Date.Field)); v.day < 0 || !dated(c.fields.all[v.day].class) {
			return v, fault.New(fault.Invalid, "dataset %s takes dt from %s, which is no date or timestamp", c.Name, c.Date.Field)
		}
	}
	if len(v.rule.Values) > 0 {
		v.known = map[string]string{v.rule.Unknown: v.rule.Unknown}
		for _, region := range v.rule.Values {
			v.known[region] = region
		}
	}
	if v.rule.Lookup == "" {
		return v, nil
	}
	list, ok := c.Lists[v.rule.Lookup]
	if !ok {
		return v, fault.New(fault.Invalid, "dataset %s takes its region from the code list %s, which it does not have", c.Name, v.rule.Lookup)
	}
	if v.lookup = list.Map(v.rule.Column); v.lookup == nil {
		return v, fault.New(fault.Invalid, "the code list %s has no column %s", v.rule.Lookup, v.rule.Column)
	}
	if v.rule.Lower {
		folded := make(map[string]string, len(v.lookup))
		for code, region := range v.lookup {
			folded[strings.ToLower(code)] = region
		}
		v.lookup = folded
	}
	v.pack()
	return v, nil
}

func dated(c class) bool { return c == days || c == isoTimes || c == epochs || c == epochMillis }

const maxDense = 1 << 14 // numbers that a table of them may span

// pack puts a look-up by whole numbers into a table.
func (v *Resolver) pack() {
	low, high := int64(1)<<62, -int64(1)<<62
	for code := range v.lookup {
		n, err := strconv.ParseInt(code, 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != code {
			return
		}
		low, high = min(low, n), max(high, n)
	}
	if len(v.lookup) == 0 || high-low >= maxDense {
		return
	}
	v.low, v.dense = low, make([]string, high-low+1)
	for i := range v.dense {
		v.dense[i] = v.Region(strconv.FormatInt(low+int64(i), 10))
	}
}

// Region returns the region of a value, as its rule has it for a field; the unknown region where there is none.
func (v *Resolver) Region(value string) string {
	if v.rule.Lower {
		value = strings.ToLower(value)
	}
	return v.settle(value)
}

func (v *Resolver) settle(value string) string {
	if v.lookup != nil {
		value = v.lookup[value]
	}
	if v.known != nil {
		if region, ok := v.known[value]; ok {
			return region
		}
		return v.rule.Unknown
	}
	if !slug(value) {
		return v.rule.Unknown
	}
	return value
}

// number is Region of a whole number.
func (v *Resolver) number(n int64) string {
	if at := n - v.low; v.dense != nil && at >= 0 && at < int64(len(v.dense)) {
		return v.dense[at]
	}
	return v.Region(strconv.FormatInt(n, 10))
}

// Unknown returns the region of what has none.
func (v *Resolver) Unknown() string { return v.rule.Unknown }

// slug reports whether text may name a folder.
func slug(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && (i == 0 || c != '-' && c != '_') {
			return false
		}
	}
	return text != "" && len(text) <= 63
}

// Day returns the dt of an instant, in days since 1970: its UTC day, or the first of its month.
func (v *Resolver) Day(at time.Time) int32 {
	return v.dayOf(floorDiv(at.Unix(), 86400))
}

func (v *Resolver) dayOf(day int64) int32 {
	if v.month {
		day -= int64(time.Unix(day*86400, 0).UTC().Day() - 1)
	}
	return int32(day)
}
