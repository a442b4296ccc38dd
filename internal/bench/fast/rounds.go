package fast

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/bench/machine"
)

// contestant is one way to do some work.
type contestant struct {
	name    string
	records int    // that one run takes
	before  func() // what is not measured; nil: nothing
	run     func() error
}

// series is nanoseconds a record, or whatever was measured, by round.
type series []float64

func (s series) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// over returns the ratio of s to o, round by round.
func (s series) over(o series) Ratio {
	ratios := make(series, len(s))
	for i := range s {
		ratios[i] = s[i] / o[i]
	}
	return Ratio{ratios.median(), slices.Min(ratios), slices.Max(ratios)}
}

// inTurns runs the contestants in turns and returns nanoseconds of processor time a record. Every other round goes
// backwards, so that nobody always runs behind the same one.
func (b *bench) inTurns(ctx context.Context, all []contestant) (map[string]series, error) {
	out := map[string]series{}
	for _, c := range all { // memory that is used again is there, tables are filled
		if c.before != nil {
			c.before()
		}
		if err := c.run(); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	for range b.Rounds {
		for _, c := range all {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			ns, err := once(c, b.Slice)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			out[c.name] = append(out[c.name], ns)
		}
		slices.Reverse(all)
	}
	return out, nil
}

func once(c contestant, atLeast time.Duration) (float64, error) {
	runtime.GC() // one's garbage is not another's work
	took := time.Duration(0)
	for n := 1; ; n++ {
		if c.before != nil {
			c.before()
		}
		from := machine.ProcessorTime()
		if err := c.run(); err != nil {
			return 0, err
		}
		if took += machine.ProcessorTime() - from; took >= atLeast {
			return float64(took.Nanoseconds()) / float64(n*c.records), nil
		}
	}
}

// figure notes what a contestant took, beside ours unless it is ours.
func (b *bench) figure(section, name, unit string, s, ours series) {
	f := Figure{Section: section, Name: name, Unit: unit, Median: s.median(), Min: slices.Min(s), Max: slices.Max(s)}
	if ours != nil {
		r := s.over(ours)
		f.Ratio = &r
	}
	b.report.Figures = append(b.report.Figures, f)
}

// allocations returns how often a run allocates.
func allocations(run func() error, runs int) (float64, error) {
	var from, to runtime.MemStats
	runtime.ReadMemStats(&from)
	for range runs {
		if err := run(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&to)
	return float64(to.Mallocs-from.Mallocs) / float64(runs), nil
}
