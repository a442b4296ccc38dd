package launchday

import (
	"context"
	"fmt"
	"io"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
)

// Check is one comparison of the lake with the truth, by one reader.
type Check struct {
	What   string   `json:"what"`
	Reader string   `json:"reader"`
	Groups int      `json:"groups"`
	Rows   int64    `json:"rows"`
	Fees   int64    `json:"fees"` // hundredths
	Wrong  []string `json:"wrong,omitempty"`
}

// Holds reports whether the lake is as it should be.
func (c Check) Holds() bool { return len(c.Wrong) == 0 }

func (c Check) print(w io.Writer) {
	state := "equal"
	if !c.Holds() {
		state = fmt.Sprintf("DIFFERENT in %d groups, such as %s", len(c.Wrong), c.Wrong[0])
	}
	fmt.Fprintf(w, "check         %s, read by %s: %d groups, %d rows, fees of %.2f: %s\n", c.What, c.Reader, c.Groups, c.Rows, float64(c.Fees)/100, state)
}

// reader reads the lake without any of our code for it.
type reader interface {
	name() string
	history(ctx context.Context, p pinned) (map[synthetic.Cell]synthetic.Sum, error)
	current(ctx context.Context, p pinned) (map[synthetic.Place]synthetic.Sum, error)
	rollup(ctx context.Context, p pinned) (map[synthetic.Place]synthetic.Sum, error)
}

func compare[K comparable](what, reader string, got, want map[K]synthetic.Sum) Check {
	c := Check{What: what, Reader: reader, Groups: len(got)}
	for k, s := range got {
		c.Rows += s.Rows
		c.Fees += s.Fee
		if s != want[k] {
			c.Wrong = append(c.Wrong, fmt.Sprintf("%v: %v, want %v", k, s, want[k]))
		}
	}
	for k, s := range want {
		if _, ok := got[k]; !ok {
			c.Wrong = append(c.Wrong, fmt.Sprintf("%v: missing, want %v", k, s))
		}
	}
	return c
}

// check holds the lake against the truth, each table by each reader.
func (w *way) check(ctx context.Context, p pinned, truth *synthetic.Truth) (checks []Check, err error) {
	for _, r := range []reader{duckReader{memory: "1GB", temp: w.Folder}, parquetReader{}} {
		history, err := r.history(ctx, p)
		if err != nil {
			return checks, fmt.Errorf("read the history with %s: %w", r.name(), err)
		}
		checks = append(checks, compare("history by dt, region, operation, status", r.name(), history, truth.History()))
		current, err := r.current(ctx, p)
		if err != nil {
			return checks, fmt.Errorf("read current state with %s: %w", r.name(), err)
		}
		checks = append(checks, compare("current state by day, region, status", r.name(), current, truth.Current()))
		rolled, err := r.rollup(ctx, p)
		if err != nil {
			return checks, fmt.Errorf("read the rollup with %s: %w", r.name(), err)
		}
		checks = append(checks, compare("rollup by day, region, status", r.name(), rolled, truth.Current()))
	}
	if p.rolled != p.changes.Commit {
		checks = append(checks, Check{What: "rollup", Reader: "its own word", Wrong: []string{fmt.Sprintf("current to commit %d of %d", p.rolled, p.changes.Commit)}})
	}
	return checks, nil
}
