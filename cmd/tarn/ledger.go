package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/node"
)

type ledgerCmd struct {
	Dataset string `help:"Of one dataset."`
	Since   string `help:"From this instant on (RFC 3339), this day (2026-11-20), or so long ago (24h)."`
	Limit   int    `help:"Rows at most." default:"1000"`
}

// Run prints the ledger, newest first.
func (c *ledgerCmd) Run(ctx context.Context, e *environment) error {
	since, err := sinceOf(c.Since, time.Now())
	if err != nil {
		return err
	}
	if c.Limit < 0 {
		return negative("--limit", c.Limit)
	}
	var rows []node.LedgerRow
	if err := e.do(ctx, "ledger", node.LedgerArgs{Dataset: c.Dataset, Since: since, Limit: c.Limit}, &rows); err != nil {
		return err
	}
	return e.out.result(rows, func(w io.Writer) {
		tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		fmt.Fprintln(tw, "at\tkind\ttable\tcommit\tlane\tfirst\tlast\trecords\trows\tbad\tcomplete to")
		for _, r := range rows {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n", r.At.Format(time.DateTime), r.Kind, r.Table, r.Commit, r.Lane, r.First, r.Last,
				r.Records, r.Rows, r.Quarantined, moment(r.CompleteTo))
		}
		_ = tw.Flush() // a closed pipe needs no complaint
		if len(rows) == 0 {
			fmt.Fprintln(w, "the ledger has nothing of that")
		}
	})
}

// negative refuses a number that counts things.
func negative(flag string, n int) error {
	return fault.Wrap(fault.Invalid, errUsage, "%s %d: it cannot be below 0", flag, n)
}

// sinceOf reads an instant, a day in UTC, or a span before now.
func sinceOf(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(-d), nil
	}
	return time.Time{}, fault.Wrap(fault.Invalid, errUsage, "--since %q is none of 2026-11-20T06:00:00Z, 2026-11-20 and 24h", text)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04:05.000")
}

type holesListCmd struct{}

// Run lists open holes; finding one is worth an exit code of its own.
func (holesListCmd) Run(ctx context.Context, e *environment) error {
	var open []lake.Hole
	if err := e.do(ctx, "holes", struct{}{}, &open); err != nil {
		return err
	}
	err := e.out.result(open, func(w io.Writer) {
		tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		fmt.Fprintln(tw, "id\tstream\tlane\tafter\tlast\tfrom\tto\treason")
		for _, h := range open {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", h.ID, h.Stream, h.Lane, h.After.Short(), h.Last.Short(), moment(h.From), moment(h.To), h.Reason)
		}
		_ = tw.Flush() // a closed pipe needs no complaint
	})
	if err == nil && len(open) > 0 {
		return &finding{fmt.Sprintf("%d holes are open", len(open))}
	}
	return err
}

type holesCloseCmd struct {
	ID      string `arg:"" help:"The hole's id, as list prints it."`
	Receipt string `help:"What filled it: the repair or the backfill." required:""`
}

// Run closes a hole.
func (c *holesCloseCmd) Run(ctx context.Context, e *environment) error {
	var h lake.Hole
	if err := e.do(ctx, "holes.close", node.CloseArgs{ID: c.ID, Receipt: c.Receipt}, &h); err != nil {
		return err
	}
	return e.out.result(h, func(w io.Writer) { fmt.Fprintf(w, "hole %s is closed: %s\n", h.ID, h.Receipt) })
}
