package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/tarn-lake/tarn/internal/backup"
	"github.com/tarn-lake/tarn/internal/node"
)

type backupCmd struct {
	Dir string `arg:"" help:"The folder that the backup is kept in: new, empty, or with earlier backups of the same data folder."`
}

// Run backs the data folder up while it is in use.
func (c *backupCmd) Run(ctx context.Context, e *environment) error {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return fmt.Errorf("find %s: %w", c.Dir, err)
	}
	var r backup.Report
	if err := e.do(ctx, "backup", node.BackupArgs{Dir: dir}, &r); err != nil {
		return err
	}
	return e.out.result(r, func(w io.Writer) {
		if r.Resumed {
			fmt.Fprintln(w, "an interrupted backup was gone on with")
		}
		fmt.Fprintf(w, "%s holds the data folder as of %s: %d files, %.1f MB; %d of them new (%.1f MB), %d no longer needed\n",
			dir, r.About.Made.Format(time.RFC3339), r.Files, float64(r.Bytes)/1e6, r.Copied, float64(r.Wrote)/1e6, r.Removed)
		writeArchived(w, r.About)
	})
}

type restoreCmd struct {
	Dir   string `arg:"" help:"The folder that was given to backup." type:"existingdir"`
	Check bool   `help:"Restore nothing; read the whole backup and say whether it is sound."`
}

// Run makes a data folder of a backup.
func (c *restoreCmd) Run(ctx context.Context, e *environment) error {
	s, err := e.settings()
	if err != nil {
		return err
	}
	o := backup.Options{Tell: func(done, total int64) { e.out.tell(node.Step{What: "bytes read back", Done: done, Total: total}) }}
	if c.Check {
		r, err := backup.Check(ctx, c.Dir, o)
		return c.said(e, r, err, "sound")
	}
	r, err := backup.Restore(ctx, c.Dir, s.Data, o)
	return c.said(e, r, err, "restored to "+s.Data)
}

func (c *restoreCmd) said(e *environment, r backup.Report, err error, what string) error {
	if err != nil {
		return err
	}
	return e.out.result(r, func(w io.Writer) {
		fmt.Fprintf(w, "the backup in %s of %s is %s: %d files, %.1f MB\n", c.Dir, r.About.Made.Format(time.RFC3339), what, r.Files, float64(r.Bytes)/1e6)
		writeArchived(w, r.About)
	})
}

// writeArchived says whether all could be replayed from what a backup holds.
func writeArchived(w io.Writer, a backup.About) {
	if a.Archive == 0 {
		fmt.Fprintln(w, "  it holds no archive of landed objects")
		return
	}
	fmt.Fprintf(w, "  it holds the archive: %d landed objects\n", a.Archive)
}
