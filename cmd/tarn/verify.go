package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/verify"
)

type verifyCmd struct {
	Dataset []string `help:"Datasets; none means all that are kept in the store."`
	Region  string   `help:"Compare the records of one region."`
}

// Run compares, and exits with 3 where there is a difference.
func (c *verifyCmd) Run(ctx context.Context, e *environment) error {
	var reports []verify.Report
	if err := e.do(ctx, "verify", node.VerifyArgs{Datasets: c.Dataset, Region: c.Region}, &reports); err != nil {
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
	fmt.Fprintf(w, "%s: %s — store %d, lake %d, history %d rows; missing %d, extra %d, different %d, doubled %d; complete to %s (%d ms)\n",
		r.Dataset, verdict, r.Store, r.Lake, r.History, r.Missing, r.Extra, r.Different, r.Doubled, r.CompleteTo.UTC().Format("15:04:05.000Z"), r.ElapsedMS)
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
