package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/node"
)

type backfillCmd struct {
	Dataset  string  `required:"" help:"The dataset."`
	Scan     bool    `help:"Read the store itself, in parallel segments. A scan that was interrupted goes on." xor:"source" required:""`
	Export   string  `help:"Read DynamoDB's export to S3, full or incremental: s3://bucket/prefix/AWSDynamoDB/<id>, or a folder with its manifest-summary.json." placeholder:"DIR" xor:"source" required:""`
	File     string  `help:"Read a file, of the formats of load." type:"existingfile" placeholder:"FILE" xor:"source" required:""`
	Format   string  `help:"The file's format: csv, jsonl, dynamodb, parquet." placeholder:"NAME"`
	At       instant `help:"The instant (RFC 3339) or day that the file is of; else when it was changed last." placeholder:"TIME"`
	Full     bool    `help:"The file has every record: what it lacks is gone."`
	Segments int     `help:"Parts of a scan that are read at once." default:"4"`
	Afresh   bool    `help:"Begin a scan that was interrupted anew."`
	Rate     int     `help:"Records a second; 0: as fast as it goes."`
	Capacity float64 `help:"Units of DynamoDB's read capacity a second that a scan may take; 0: no limit."`
	Hole     string  `help:"Fill exactly this hole, by --scan or an incremental --export, and close it." placeholder:"ID"`
	DryRun   bool    `help:"Only check and count."`
}

// Run backfills, and exits with 3 where records went to quarantine.
func (c *backfillCmd) Run(ctx context.Context, e *environment) error {
	args := node.BackfillArgs{Dataset: c.Dataset, Scan: c.Scan, Segments: c.Segments, Afresh: c.Afresh, Format: c.Format, At: c.At.Time, Full: c.Full,
		Rate: c.Rate, Capacity: c.Capacity, Hole: c.Hole, DryRun: c.DryRun}
	for to, from := range map[*string]string{&args.Export: c.Export, &args.File: c.File} {
		if *to = from; from == "" || strings.HasPrefix(from, "s3://") {
			continue
		}
		path, err := filepath.Abs(from)
		if err != nil {
			return fmt.Errorf("find %s: %w", from, err)
		}
		*to = path
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
			fmt.Fprintf(w, "  hole %s is closed by %s\n", r.Closed, r.Receipt)
		}
	})
	if err == nil && r.Bad > 0 {
		return &finding{fmt.Sprintf("%d records went to quarantine: `tarn quarantine list` names them", r.Bad)}
	}
	return err
}
