package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/verify"
)

type verifyCmd struct {
	Dataset []string  `help:"Datasets; none means all that are kept in the store."`
	State   bool      `help:"Compare the store's records with current state; so it is unless --changes is given." xor:"mode"`
	Changes bool      `help:"Compare the change feed with the history, change by change." xor:"mode"`
	Region  string    `help:"Compare what is in one region."`
	From    time.Time `help:"Compare changes from this instant on (RFC 3339)." format:"2006-01-02T15:04:05Z07:00"`
	To      time.Time `help:"Compare changes before this instant (RFC 3339)." format:"2006-01-02T15:04:05Z07:00"`
}

// Run compares, and exits with 3 where there is a difference.
func (c *verifyCmd) Run(ctx context.Context, e *environment) error {
	var reports []verify.Report
	args := node.VerifyArgs{Datasets: c.Dataset, Changes: c.Changes, Region: c.Region, From: c.From, To: c.To}
	if err := e.do(ctx, "verify", args, &reports); err != nil {
		return err
	}
	clean := true
	err := e.out.result(reports, func(w io.Writer) {
		for _, r := range reports {
			writeReport(w, r)
		}
	})
	for _, r := range reports {
		clean = clean && r.Clean()
	}
	if err == nil && !clean {
		return &finding{"the lake differs from the store"}
	}
	return err
}

func writeReport(w io.Writer, r verify.Report) {
	verdict := "clean"
	if !r.Clean() {
		verdict = "DIFFERENT"
	}
	found := fmt.Sprintf("missing %d, extra %d, different %d, doubled %d; complete to %s (%d ms)",
		r.Missing, r.Extra, r.Different, r.Doubled, r.CompleteTo.UTC().Format("15:04:05.000Z"), r.ElapsedMS)
	if r.Mode == "changes" {
		fmt.Fprintf(w, "%s: %s — %d changes of %d shards, lake %d, in quarantine %d; %s\n", r.Dataset, verdict, r.Store, len(r.Shards), r.Lake, r.Quarantined, found)
	} else {
		fmt.Fprintf(w, "%s: %s — store %d, lake %d, history %d rows; %s\n", r.Dataset, verdict, r.Store, r.Lake, r.History, found)
	}
	for _, path := range r.Pin.Lost {
		fmt.Fprintf(w, "  gone or unreadable: %s\n", path)
	}
	for _, d := range r.Differences {
		writeDifference(w, d)
	}
}

func writeDifference(w io.Writer, d verify.Difference) {
	fmt.Fprintf(w, "  %s", d.What)
	if d.Key != "" {
		fmt.Fprintf(w, " %q", strings.ReplaceAll(d.Key, "\x1f", " / "))
	}
	if d.Seq != "" {
		fmt.Fprintf(w, " at %s:%s", d.Shard, d.Seq)
	}
	if d.Field != "" {
		fmt.Fprintf(w, ": %s is %q in the source and %q in the lake", d.Field, d.Store, d.Lake)
	}
	fmt.Fprintln(w)
}
