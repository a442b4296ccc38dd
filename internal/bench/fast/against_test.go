package fast_test

import (
	"math"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/bench/fast"
	"github.com/tarn-lake/tarn/internal/fault"
)

func TestRunsAgreeWithinFifteenPerCent(t *testing.T) {
	t.Parallel()
	then := fast.Report{Targets: []fast.Target{{What: "same", Value: 50}, {What: "lower", Value: 100}, {What: "higher", Value: 2}, {What: "counted"}, {What: "only then", Value: 1}}}
	now := fast.Report{Targets: []fast.Target{{What: "same", Value: 50}, {What: "lower", Value: 84}, {What: "higher", Value: 2.28}, {What: "counted"}, {What: "only now", Value: 1}}}
	got := now.Against(then)
	want := []struct {
		what      string
		deviation float64
		within    bool
	}{{"same", 0, true}, {"lower", -0.16, false}, {"higher", 0.14, true}}
	if len(got) != len(want) {
		t.Fatalf("got %d agreements, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		if a := got[i]; a.What != w.what || math.Abs(a.Deviation-w.deviation) > 1e-9 || a.Within != w.within {
			t.Errorf("%s: got %+v, want a deviation of %v, within %v", w.what, a, w.deviation, w.within)
		}
	}
	now.Agreements = got
	var text strings.Builder
	now.Print(&text)
	if !strings.Contains(text.String(), "-16.0 %") {
		t.Errorf("the comparison is not printed:\n%s", text.String())
	}
}

func TestOnlyReportsAreCompared(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "target floor goal", "{}"} {
		if _, err := fast.ReadReport(strings.NewReader(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, want it refused", text, err)
		}
	}
}
