package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/tarn-lake/tarn/internal/node"
)

type archiveReplayCmd struct {
	From   instant `help:"What was committed from this instant (RFC 3339) or day on." placeholder:"TIME"`
	To     instant `help:"What was committed before this instant (RFC 3339) or day." placeholder:"TIME"`
	DryRun bool    `help:"Only read the objects and say what they hold."`
}

// Run replays the archive, and exits with 3 where an object of it cannot be landed again.
func (c *archiveReplayCmd) Run(ctx context.Context, e *environment) error {
	var r node.ArchiveReplayed
	if err := e.do(ctx, "archive.replay", node.ArchiveArgs{From: c.From.Time, To: c.To.Time, DryRun: c.DryRun}, &r); err != nil {
		return err
	}
	err := e.out.result(r, func(w io.Writer) {
		did := fmt.Sprintf("landed again; %d rows that the lake did not have", r.Rows)
		if c.DryRun {
			did = "could be landed again"
		}
		fmt.Fprintf(w, "%d objects with %d records (%.1f MB) %s\n", r.Objects, r.Records, float64(r.Bytes)/1e6, did)
		for _, why := range r.Refused {
			fmt.Fprintf(w, "  refused: %s\n", why)
		}
	})
	if err == nil && len(r.Refused) > 0 {
		return &finding{fmt.Sprintf("%d objects of the archive cannot be landed again", len(r.Refused))}
	}
	return err
}

// writeArchive says what is kept, and for how long.
func writeArchive(w io.Writer, a node.Archive) {
	switch {
	case a.Days == 0 && a.Objects == 0:
		return
	case a.Days == 0:
		fmt.Fprintf(w, "archive: %d landed objects, %.1f MB; no more are added and none go, because TARN_ARCHIVE_DAYS is 0\n", a.Objects, float64(a.Bytes)/1e6)
	case a.Objects == 0:
		fmt.Fprintf(w, "archive: empty; landed objects stay for %d days\n", a.Days)
	default:
		fmt.Fprintf(w, "archive: %d landed objects, %.1f MB, since %s; each stays for %d days\n", a.Objects, float64(a.Bytes)/1e6, a.Oldest.Format(time.RFC3339), a.Days)
	}
}
