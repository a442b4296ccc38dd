package main

import (
	"context"
	"fmt"
	"io"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/verify"
)

type repairCmd struct {
	Dataset []string `help:"Datasets; none means all that are kept in the store."`
	DryRun  bool     `help:"Only say what is wrong."`
}

// Run mends what a comparison finds, and exits with 3 where something is left.
func (c *repairCmd) Run(ctx context.Context, e *environment) error {
	var all []node.Repaired
	if err := e.do(ctx, "repair", node.RepairArgs{Datasets: c.Dataset, DryRun: c.DryRun}, &all); err != nil {
		return err
	}
	clean := true
	err := e.out.result(all, func(w io.Writer) {
		for _, r := range all {
			writeRepaired(w, r)
		}
	})
	for _, r := range all {
		clean = clean && r.Clean()
	}
	if err == nil && !clean {
		return &finding{"the lake differs from the store"}
	}
	return err
}

func writeRepaired(w io.Writer, r node.Repaired) {
	const shown = 100 // of what was found
	for _, few := range []verify.Report{r.Changes, r.State} {
		few.Differences = few.Differences[:min(len(few.Differences), shown)]
		writeReport(w, few)
	}
	fmt.Fprintf(w, "%s: %d unreadable files forgotten, %d rows taken out, %d changes landed again, %d records landed from the store, %d marked as gone\n",
		r.Dataset, len(r.Forgotten), r.Dropped, r.Landed, r.Snapshots, r.Removed)
	for _, why := range r.Cannot {
		fmt.Fprintf(w, "  cannot be mended: %s\n", why)
	}
	for _, after := range r.After {
		writeReport(w, after)
	}
}
