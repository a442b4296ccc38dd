package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/tarn-lake/tarn/internal/node"
)

type backfillCmd struct {
	Dataset string `required:"" help:"The dataset."`
	Scan    bool   `help:"Read the store itself." xor:"source" required:""`
	Export  string `help:"Read DynamoDB's export to S3 in this folder, which holds manifest-summary.json." type:"existingdir" placeholder:"DIR" xor:"source" required:""`
	Rate    int    `help:"Records of a scan a second; 0: as fast as it goes."`
	Hole    string `help:"Close this hole when it is done." placeholder:"ID"`
	DryRun  bool   `help:"Only check and count."`
}

// Run backfills, and exits with 3 where records went to quarantine.
func (c *backfillCmd) Run(ctx context.Context, e *environment) error {
	args := node.BackfillArgs{Dataset: c.Dataset, Scan: c.Scan, Rate: c.Rate, Hole: c.Hole, DryRun: c.DryRun}
	if c.Export != "" {
		path, err := filepath.Abs(c.Export)
		if err != nil {
			return fmt.Errorf("find %s: %w", c.Export, err)
		}
		args.Export = path
	}
	var r node.Backfilled
	if err := e.do(ctx, "backfill", args, &r); err != nil {
		return err
	}
	err := e.out.result(r, func(w io.Writer) {
		fmt.Fprintf(w, "%s as of %s: %d records read; %d landed, %d were there already, %d gone, %d bad; %d absent ones marked as gone, %d moves marked\n",
			r.Dataset, r.At.Format(time.RFC3339), r.Read, r.Landed, r.Before, r.Gone, r.Bad, r.Absent, r.Moved)
		if r.Why != "" {
			fmt.Fprintf(w, "  absent records are left as they are: %s\n", r.Why)
		}
		if r.Closed != "" {
			fmt.Fprintf(w, "  hole %s is closed by %s\n", r.Closed, r.Lane)
		}
	})
	if err == nil && r.Bad > 0 {
		return &finding{fmt.Sprintf("%d records went to quarantine: `tarn quarantine list` names them", r.Bad)}
	}
	return err
}
