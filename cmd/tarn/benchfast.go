package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"

	"github.com/tarn-lake/tarn/internal/bench/fast"
)

type benchFastCmd struct {
	profiles

	Quick   bool     `help:"The main ratios in under a minute."`
	Only    []string `help:"Only these sections: parquet, disk, commit, compaction, rollup, launch-day."`
	Rounds  int      `help:"Rounds of each contestant (7; 5 with --quick)."`
	Rows    int      `help:"Rows of the commit, the compaction and the rollup, a thousand a file (1,000,000; with --quick 100,000, of the commit 400,000)."`
	Changes int64    `help:"Changes of the launch day at the end (10,000,000; none with --quick)."`
	Against string   `help:"Compare with what an earlier run wrote with --json: each target's deviation, and whether it is within 15 %." placeholder:"FILE"`
	Folder  string   `help:"Where files are made (a temporary folder)." placeholder:"DIR"`
}

// Run measures the fast path and prints figures and targets.
func (c *benchFastCmd) Run(ctx context.Context, e *environment) error {
	then, err := c.earlier() // first: measuring takes minutes
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c.begin()
	report, err := fast.Run(ctx, fast.Options{
		Quick: c.Quick, Only: c.Only, Rounds: c.Rounds, Rows: c.Rows, Launch: c.Changes, Folder: c.Folder, Tell: e.out.note,
		Child: func(ctx context.Context, args ...string) *exec.Cmd {
			return exec.CommandContext(ctx, self, append([]string{"bench", "child"}, args...)...)
		},
	})
	c.end()
	if err != nil {
		return err
	}
	if err := c.fault(); err != nil {
		return err
	}
	report.Agreements = report.Against(then)
	return e.out.result(report, func(w io.Writer) { report.Print(w) })
}

// earlier reads the report of an earlier run, an empty one where none is asked for.
func (c *benchFastCmd) earlier() (fast.Report, error) {
	if c.Against == "" {
		return fast.Report{}, nil
	}
	f, err := os.Open(c.Against)
	if err != nil {
		return fast.Report{}, err
	}
	report, err := fast.ReadReport(f)
	return report, errors.Join(err, f.Close())
}

// benchChildCmd is what a benchmark runs in a process of its own.
type benchChildCmd struct {
	profiles

	Args []string `arg:""`
}

// Run does the work and prints what it took.
func (c *benchChildCmd) Run(ctx context.Context, e *environment) error {
	c.begin()
	err := fast.Child(ctx, c.Args, e.out.stdout)
	c.end()
	return errors.Join(err, c.fault())
}
