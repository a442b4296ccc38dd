// Package fast measures the fast path, from change events to a compact lake, beside what others make of the same work.
// Contestants run in turns, round by round, in one process or in children of it, and what counts is the processor's time
// and the ratio within a round: on a machine that others use too, only that says anything.
package fast

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/bench/launchday"
	"github.com/tarn-lake/tarn/internal/bench/machine"
	"github.com/tarn-lake/tarn/internal/fault"
)

// Options say what is measured. The zero value works but for Child.
type Options struct {
	Rounds    int           // 0: 7; Quick: 5
	Slice     time.Duration // processor time of a contestant in a round, at least; 0: 60 ms
	Quick     bool          // the main ratios only, in under a minute
	Only      []string      // names of sections; empty: all
	Launch    int64         // changes of the launch day at the end; 0: 10,000,000, Quick: none
	Rows      int           // of the commit, the compaction and the rollup, a thousand a file; 0: 1,000,000, Quick: 100,000
	Committed int           // rows of the commit, where Rows is 0; 0: 1,000,000, Quick: 400,000
	Ring      int           // bytes of its ring; 0: 1 GiB
	Folder    string        // where files are made; empty: the system's own

	// Child returns the command that runs Child in another process, so that memory can be compared.
	Child func(ctx context.Context, args ...string) *exec.Cmd
	Tell  func(text string) // nil: nobody listens
}

func (o Options) filled() Options {
	rounds, rows, committed, launch := 7, 1_000_000, 1_000_000, int64(10_000_000)
	if o.Quick {
		rounds, rows, committed, launch = 5, 100_000, 400_000, 0
	}
	o.Rounds = cmp.Or(o.Rounds, rounds)
	o.Committed = cmp.Or(o.Committed, o.Rows, committed)
	o.Rows = cmp.Or(o.Rows, rows)
	o.Launch = cmp.Or(o.Launch, launch)
	o.Slice = cmp.Or(o.Slice, 60*time.Millisecond)
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
	return o
}

// Report is what was measured.
type Report struct {
	CPUs       int               `json:"cpus"`
	Go         string            `json:"go"`
	Load       string            `json:"loadAverage,omitempty"`
	Rounds     int               `json:"rounds"`
	Figures    []Figure          `json:"figures"`
	Targets    []Target          `json:"targets"`
	Notes      []string          `json:"notes,omitempty"`
	Agreements []Agreement       `json:"agreements,omitempty"` // with another run
	Launch     *launchday.Report `json:"launchDay,omitempty"`
}

// Figure is what one contestant took.
type Figure struct {
	Section string  `json:"section"`
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	Median  float64 `json:"median"`
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	Ratio   *Ratio  `json:"ratio,omitempty"` // of it to ours, where it is a baseline
}

// Ratio is how one contestant stands to another, within each round.
type Ratio struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func (r Ratio) String() string { return fmt.Sprintf("%.2f× (%.2f–%.2f)", r.Median, r.Min, r.Max) }

// section is a part of the benchmark.
type section struct {
	name string
	long bool // not for Quick
	run  func(*bench, context.Context) error
}

var sections = []section{
	{"parquet", false, (*bench).parquet},
	{"disk", false, (*bench).disk},
	{"commit", false, (*bench).commit},
	{"compaction", false, (*bench).compaction},
	{"rollup", false, (*bench).rollups},
	{"launch-day", true, (*bench).launchDay},
}

// Sections returns the names that Options.Only may have.
func Sections() (names []string) {
	for _, s := range sections {
		names = append(names, s.name)
	}
	return names
}

// bench is one run.
type bench struct {
	Options
	report *Report
	root   string
}

// Run measures.
func Run(ctx context.Context, o Options) (Report, error) {
	o = o.filled()
	report := Report{CPUs: runtime.NumCPU(), Go: runtime.Version(), Load: machine.Load(), Rounds: o.Rounds}
	for _, name := range o.Only {
		if !slices.Contains(Sections(), name) {
			return report, fault.New(fault.Invalid, "there is no section %q; there are %v", name, Sections())
		}
	}
	root, err := os.MkdirTemp(o.Folder, "tarn-bench-")
	if err != nil {
		return report, fmt.Errorf("make a folder to measure in: %w", err)
	}
	defer os.RemoveAll(root)
	b := &bench{Options: o, report: &report, root: root}
	for _, s := range sections {
		if len(o.Only) > 0 && !slices.Contains(o.Only, s.name) || len(o.Only) == 0 && s.long && o.Launch == 0 {
			continue
		}
		o.Tell(s.name)
		if err := s.run(b, ctx); err != nil {
			return report, fmt.Errorf("measure %s: %w", s.name, err)
		}
	}
	return report, nil
}
