package node

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/backfill"
	"github.com/tarn-lake/tarn/processors/load"
)

// exportSource is an export of DynamoDB, whose lines are numbered in the order of its manifest.
type exportSource struct {
	*filling
	export *backfill.Export
}

func (e *exportSource) open(ctx context.Context) error {
	at, id, err := e.n.exportAt(ctx, e.a.Export)
	if err != nil {
		return err
	}
	if e.export, err = backfill.OpenExport(ctx, at, id); fault.Is(err, fault.NotFound) {
		return fmt.Errorf("--export %s: %w", e.a.Export, err)
	} else if err != nil {
		return err
	}
	e.id, e.full, e.total, e.done.At = id, e.export.Full, e.export.Items, e.export.At
	if e.hole.ID == "" {
		return nil
	}
	e.id += "-hole-" + e.hole.ID
	return e.export.Covers(e.hole)
}

// exportAt returns where an export is: an address of a bucket, or a folder.
func (n *Node) exportAt(ctx context.Context, path string) (backfill.Objects, string, error) {
	rest, remote := strings.CutPrefix(path, "s3://")
	rest = strings.TrimRight(rest, "/")
	if !remote {
		path = filepath.Clean(path)
		return backfill.Folder(filepath.Dir(path)), filepath.Base(path), nil
	}
	bucket, key, _ := strings.Cut(rest, "/")
	i := strings.LastIndexByte(key, '/')
	if bucket == "" || i < 0 {
		return nil, "", fault.New(fault.Invalid, "%s is no export: name the folder with manifest-summary.json, s3://<bucket>/…/AWSDynamoDB/<export id>", path)
	}
	c, err := cloud.Load(ctx, cloud.Settings{Endpoint: n.home.LakeURL})
	if err != nil {
		return nil, "", err
	}
	return s3.Open(s3.Client(c), bucket, s3.Options{Prefix: key[:i]}), key[i+1:], nil
}

func (e *exportSource) read(ctx context.Context) error {
	temp := e.n.folder.Path("temp")
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return err
	}
	e.done.Before = max(e.next-1, 0)
	e.done.Read = e.done.Before
	return e.export.Each(ctx, e.done.Before, temp, func(r backfill.Record) error {
		e.done.Read++
		if e.hole.ID != "" && (r.At.Before(e.hole.From.Truncate(time.Second)) || r.At.After(e.hole.To)) {
			e.done.Outside++
			e.next++
			return nil
		}
		if err := e.pace.Took(ctx, 1, 0); err != nil || e.a.DryRun {
			return err
		}
		if e.one(r); e.rows.Records() < landEvery {
			return nil
		}
		return e.land(ctx, false)
	})
}

// clockSkew is how far the clock of this machine may be ahead of DynamoDB's, which tells time to the second. A scan that
// is dated back only loses to more of the changes, which all come too.
const clockSkew = 5 * time.Second

// scanSource is the store itself. What a segment holds changes while it is read, so rows are numbered as they land, and
// what is read again after a crash lands again, for the same instant.
type scanSource struct {
	*filling
	progress *backfill.Progress
}

const scanSegments = 4

func (s *scanSource) key() string { return "backfill/" + s.d.Name + "/scan.json" }

func (s *scanSource) open(ctx context.Context) error {
	text, err := s.n.files.Get(ctx, s.key())
	switch {
	case err == nil && !s.a.Afresh && !s.a.DryRun:
		if s.progress, err = backfill.ParseProgress(text); err != nil {
			return fault.Wrap(fault.Invalid, err, "the scan of %s that was interrupted cannot go on; --afresh begins anew", s.d.Name)
		}
		s.tell(Step{What: "going on with " + s.progress.ID, Done: s.progress.Read})
	case err != nil && !fault.Is(err, fault.NotFound):
		return err
	default:
		now := time.Now().UTC().Truncate(time.Millisecond)
		segments := s.a.Segments
		if segments <= 0 {
			segments = scanSegments
		}
		s.progress = backfill.NewProgress("scan-"+now.Format("20060102T150405.000"), s.instant(now), segments)
	}
	s.id, s.full, s.done.At = s.progress.ID, true, s.progress.At
	return nil
}

// instant is when a scan that begins now is dated: not after any change that comes while it reads, by the clock that
// dates the store's changes. Where an endpoint is named that may be DynamoDB Local's, which cuts time to the minute.
func (s *scanSource) instant(now time.Time) time.Time {
	switch {
	case s.n.past != nil:
		return now
	case s.n.home.Endpoint != "":
		return now.Add(-clockSkew).Truncate(time.Minute)
	}
	return now.Add(-clockSkew).Truncate(time.Second)
}

func (s *scanSource) read(ctx context.Context) error {
	s.done.Before = s.progress.Read
	s.done.Read = s.progress.Read
	if s.a.DryRun {
		return s.pages(ctx, func(ingest.Page) error { return nil })
	}
	if err := s.keep(ctx); err != nil {
		return err
	}
	return s.pages(ctx, func(p ingest.Page) error {
		// The progress is still that of the pages before, all of which are in the batch or have landed.
		if s.rows.Records() >= landEvery {
			if err := s.land(ctx, false); err != nil {
				return err
			}
			if err := s.keep(ctx); err != nil {
				return err
			}
		}
		for _, item := range p.Items {
			s.one(backfill.Record{Item: record.AppendItem(nil, item), At: s.done.At})
		}
		return nil
	})
}

func (s *scanSource) pages(ctx context.Context, each func(ingest.Page) error) error {
	return backfill.Scan(ctx, s.n.store, s.d.Table, s.progress, sleep, func(p ingest.Page) error {
		s.done.Read += int64(len(p.Items))
		if err := each(p); err != nil {
			return err
		}
		return s.pace.Took(ctx, len(p.Items), p.Units)
	})
}

// keep writes down how far the scan is, once what is behind it is durable.
func (s *scanSource) keep(ctx context.Context) error {
	text, err := json.Marshal(s.progress)
	if err != nil {
		return err
	}
	return s.n.files.Put(ctx, s.key(), text)
}

// fileSource is a file, read as a load reads it, with an instant.
type fileSource struct {
	*filling
}

func (s *fileSource) open(context.Context) error {
	info, err := os.Stat(s.a.File)
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "the file %s cannot be read", s.a.File)
	}
	if s.a.At.IsZero() {
		s.a.At = info.ModTime()
	}
	if s.a.At.After(time.Now()) {
		return fault.New(fault.Invalid, "the instant %s of the file is not over yet", s.a.At.UTC().Format(time.RFC3339))
	}
	s.full, s.done.At = s.a.Full, s.a.At.UTC().Truncate(time.Second)
	s.id = strings.TrimPrefix(lake.FileLane, lake.BackfillLane) + s.done.At.Format("20060102T150405")
	return nil
}

func (s *fileSource) read(ctx context.Context) error {
	position := func(lane string) (lake.Seq, error) { return s.n.landedTo(ctx, s.d, lane) }
	r, err := load.File(ctx, s.a.File, s.d, s.n.lander, position, load.Options{
		Format: s.a.Format, Landed: s.n.wake, Keep: s.n.keepForm(s.d), Lane: s.done.Lane + "-", At: s.done.At, Dry: s.a.DryRun, BatchRows: landEvery,
		Pace: func(ctx context.Context, rows int64) error { return s.pace.Took(ctx, int(rows), 0) },
		Tell: func(what string, done, total int64) { s.tell(Step{What: what, Done: done, Total: total}) },
	})
	s.done.Read, s.done.Before, s.done.Landed, s.done.Bad, s.done.Lane = r.Rows, r.Before, r.Loaded, r.Bad, r.Lane
	s.id = strings.TrimPrefix(r.Lane, lake.BackfillLane)
	return err
}
