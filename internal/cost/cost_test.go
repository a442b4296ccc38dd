package cost_test

import (
	"flag"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/cost"
	"github.com/tarn-lake/tarn/internal/fault"
)

var update = flag.Bool("update", false, "write the tables of docs/cost.md anew")

const page = "../../docs/cost.md"

func mustCompare(t *testing.T, changes float64, assume map[string]float64) *cost.Comparison {
	t.Helper()
	c, err := cost.Compare(cost.Load{Changes: changes, RecordBytes: 1600, Viewers: 25}, assume)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func read(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var block = regexp.MustCompile(`(?s)<!-- ([^>]*[0-9][^>]*) -->\n.*?<!-- end -->`)

// The tables of the page are what the program says.
func TestPageIsCurrent(t *testing.T) {
	text := read(t)
	n := 0
	want := block.ReplaceAllStringFunc(text, func(old string) string {
		n++
		words := strings.Fields(block.FindStringSubmatch(old)[1])
		changes, err := strconv.ParseFloat(words[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		assume := map[string]float64{}
		for _, w := range words[1:] {
			name, value, _ := strings.Cut(w, "=")
			if assume[name], err = strconv.ParseFloat(value, 64); err != nil {
				t.Fatal(err)
			}
		}
		return "<!-- " + strings.Join(words, " ") + " -->\n" + mustCompare(t, changes, assume).Summary() + "<!-- end -->"
	})
	if n < 5 {
		t.Errorf("%d tables, want 5", n)
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text != want {
		t.Error("docs/cost.md is not current: go test ./internal/cost -update")
	}
}

// What the page works out by hand is right, and is what the program says.
func TestHandIsRight(t *testing.T) {
	t.Parallel()
	_, hand, ok := strings.Cut(read(t), "## By hand")
	sums := regexp.MustCompile("`([^`=]+) = ([0-9.,]+)`").FindAllStringSubmatch(hand, -1)
	if !ok || len(sums) < 15 {
		t.Fatalf("%d lines by hand", len(sums))
	}
	last := 0.0
	for _, s := range sums {
		p := parser{text: strings.NewReplacer(",", "", " ", "", "×", "*", "÷", "/").Replace(s[1])}
		got := p.sum()
		want, err := strconv.ParseFloat(strings.ReplaceAll(s[2], ",", ""), 64)
		if err != nil || p.text != "" {
			t.Fatalf("%s cannot be read: %q is left, %v", s[0], p.text, err)
		}
		_, digits, _ := strings.Cut(s[2], ".")
		if math.Abs(got-want) > 0.5001*math.Pow(10, -float64(len(digits))) {
			t.Errorf("%s: it is %g", s[0], got)
		}
		last = want
	}
	if program := mustCompare(t, 1e8, nil).Tarn.Of(cost.Capture); math.Abs(program-last) > 0.03 {
		t.Errorf("by hand %.2f, by the program %.2f", last, program)
	}
}

// parser works out sums, products and brackets.
type parser struct{ text string }

func (p *parser) take(signs string) byte {
	if p.text == "" || !strings.ContainsRune(signs, rune(p.text[0])) {
		return 0
	}
	c := p.text[0]
	p.text = p.text[1:]
	return c
}

func (p *parser) sum() float64 {
	v := p.product()
	for p.take("+") != 0 {
		v += p.product()
	}
	return v
}

func (p *parser) product() float64 {
	v := p.value()
	for {
		switch p.take("*/") {
		case '*':
			v *= p.value()
		case '/':
			v /= p.value()
		default:
			return v
		}
	}
}

func (p *parser) value() float64 {
	if p.take("(") != 0 {
		v := p.sum()
		p.take(")")
		return v
	}
	n := strings.IndexFunc(p.text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if n < 0 {
		n = len(p.text)
	}
	v, _ := strconv.ParseFloat(p.text[:n], 64)
	p.text = p.text[n:]
	return v
}

// As it is deployed, capture to lake costs a third of what Firehose's way costs, or less.
func TestAim(t *testing.T) {
	t.Parallel()
	if r := mustCompare(t, 1e8, nil).Ratio; r > 1.0/3 {
		t.Errorf("capture to lake is %.2f of Firehose's", r)
	}
}

// More of anything never costs less, and every price has its source.
func TestBillsGrow(t *testing.T) {
	t.Parallel()
	before := mustCompare(t, 1, nil)
	for changes := 10.0; changes <= 1e11; changes *= 10 {
		now := mustCompare(t, changes, nil)
		for _, pair := range [][2]float64{{before.Tarn.USD, now.Tarn.USD}, {before.Firehose.USD, now.Firehose.USD}, {before.ZeroETL.USD, now.ZeroETL.USD}} {
			if math.IsNaN(pair[1]) || pair[1] < pair[0] {
				t.Errorf("%g changes cost %g, a tenth of them %g", changes, pair[1], pair[0])
			}
		}
		before = now
	}
	for _, p := range before.Prices {
		if p.USD <= 0 || p.Per <= 0 || !strings.Contains(p.Source, "https://") || p.Date == "" || p.Checked == "" {
			t.Errorf("price %+v", p)
		}
	}
	for _, l := range append(before.Tarn.Lines, before.Firehose.Lines...) {
		if l.Unit == "" {
			t.Errorf("%s %s: there is no price %q", l.Service, l.What, l.Price)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func() error{
		"no changes":     func() error { _, err := cost.Compare(cost.Load{RecordBytes: 1}, nil); return err },
		"not a number":   func() error { _, err := cost.Compare(cost.Load{Changes: math.NaN(), RecordBytes: 1}, nil); return err },
		"no such name":   func() error { _, err := cost.Assume(map[string]float64{"shard": 1}); return err },
		"below zero":     func() error { _, err := cost.Assume(map[string]float64{"peak": -1}); return err },
		"a zero divisor": func() error { _, err := cost.Assume(map[string]float64{"commit-seconds": 0}); return err },
	} {
		if err := do(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s gives %v", name, err)
		}
	}
	if text := mustCompare(t, 1e8, nil).Text(); !strings.Contains(text, "capture-seconds") || !strings.Contains(text, "landed batches") {
		t.Error(text)
	}
}
