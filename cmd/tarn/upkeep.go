package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/tarn-lake/tarn/internal/node"
)

type compactCmd struct{}

// Run merges small files.
func (compactCmd) Run(ctx context.Context, e *environment) error {
	var results []node.CompactResult
	if err := e.do(ctx, "compact", struct{}{}, &results); err != nil {
		return err
	}
	return e.out.result(results, func(w io.Writer) {
		for _, r := range results {
			fmt.Fprintf(w, "%s: %d files, now %d\n", r.Table, r.Before, r.After)
		}
	})
}

type quarantineListCmd struct {
	quarantineFilter
	Limit int `help:"Records at most." default:"100"`
}

// Run lists quarantined records, newest first.
func (c *quarantineListCmd) Run(ctx context.Context, e *environment) error {
	if c.Limit < 0 {
		return negative("--limit", c.Limit)
	}
	var all []node.Bad
	if err := e.do(ctx, "quarantine.list", c.args(c.Limit), &all); err != nil {
		return err
	}
	return e.out.result(all, func(w io.Writer) {
		tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		fmt.Fprintln(tw, "at\tdataset\tfield\tline\tbytes\treason\tid")
		for _, b := range all {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%d\t%s\t%s\n", b.At.Format(time.DateTime), b.Dataset, b.Field, b.Line, b.Bytes, b.Reason, b.ID)
		}
		_ = tw.Flush() // a closed pipe needs no complaint
		if len(all) == 0 {
			fmt.Fprintln(w, "nothing is in quarantine")
		}
	})
}

type quarantineShowCmd struct {
	ID string `arg:"" help:"The record's id, as list prints it."`
}

// Run shows one quarantined record.
func (c *quarantineShowCmd) Run(ctx context.Context, e *environment) error {
	var b node.Bad
	if err := e.do(ctx, "quarantine.show", node.QuarantineArgs{ID: c.ID}, &b); err != nil {
		return err
	}
	return e.out.result(b, func(w io.Writer) {
		fmt.Fprintf(w, "id       %s\nat       %s\nstream   %s\ndataset  %s\nfield    %s\nline     %d\nreason   %s\npayload  %d bytes\n%s\n",
			b.ID, b.At.Format(time.RFC3339Nano), b.Stream, b.Dataset, b.Field, b.Line, b.Reason, b.Bytes, b.Payload)
	})
}

type statusCmd struct{}

// Run prints what the folder holds.
func (statusCmd) Run(ctx context.Context, e *environment) error {
	var s node.Status
	if err := e.do(ctx, "status", struct{}{}, &s); err != nil {
		return err
	}
	return e.out.result(s, func(w io.Writer) {
		state := s.Health.Status
		if s.URL == "" { // nothing is late where nobody runs
			state = "at rest; `tarn up` runs it"
		}
		fmt.Fprintf(w, "%s: %s\n", s.Folder, state)
		for name, d := range s.Health.Datasets {
			if d.CompleteTo.IsZero() {
				fmt.Fprintf(w, "  %s: not known yet how far it is complete\n", name)
				continue
			}
			fmt.Fprintf(w, "  %s complete to %s\n", name, d.CompleteTo.Format(time.RFC3339))
		}
		for _, a := range s.Health.Alarms {
			fmt.Fprintf(w, "  ! %s\n", a)
		}
		tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(tw, "table\trows\tfiles\tMB\tcommit\tsnapshots\t")
		for _, t := range s.Tables {
			fmt.Fprintf(tw, "%s\t%d\t%d\t%.1f\t%d\t%d\t\n", t.Name, t.Rows, t.Files, float64(t.Bytes)/1e6, t.Commit, t.Snapshots)
		}
		_ = tw.Flush() // a closed pipe needs no complaint
		writeArchive(w, s.Archive)
	})
}
