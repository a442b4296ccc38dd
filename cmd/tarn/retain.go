package main

import (
	"context"
	"fmt"
	"io"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/compact"
)

type retainCmd struct {
	DryRun bool `help:"Drop nothing; say what would go."`
}

// Run drops what is older than the datasets keep.
func (c *retainCmd) Run(ctx context.Context, e *environment) error {
	var all []compact.Retained
	if err := e.do(ctx, "retain", node.RetainArgs{DryRun: c.DryRun}, &all); err != nil {
		return err
	}
	return e.out.result(all, func(w io.Writer) {
		done := "dropped"
		if c.DryRun {
			done = "would go"
		}
		for _, r := range all {
			fmt.Fprintf(w, "%s: begins with %s; %d files with %d rows (%.1f MB) %s, of which %d rows came late; %d old files wait until current state has taken them in\n",
				r.Table, r.Before, r.Files, r.Rows, float64(r.Bytes)/1e6, done, r.Late, r.Waiting)
		}
		if len(all) == 0 {
			fmt.Fprintln(w, "no dataset file says how long its history is kept (history: {keep: 400d})")
		}
	})
}
