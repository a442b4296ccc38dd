// Package compact keeps the lake's tables small in files and quick to read: it merges small files, keeps the base of
// current state near the history, and lets go of what no reader needs any more. It runs on its own clock and never
// disturbs readers or committers.
package compact

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/schemas"
)

// Files is where data files lie.
type Files interface {
	Put(ctx context.Context, key string, body []byte) error
	Delete(ctx context.Context, key string) error
	Open(ctx context.Context, key string) (interface {
		io.ReaderAt
		io.Closer
	}, int64, error)
}

// scratch is what Files may have besides: a Put of what nobody misses after a crash, which therefore need not be durable.
type scratch interface {
	PutScratch(ctx context.Context, key string, body []byte) error
}

// Options tune a Compactor. The zero value works.
type Options struct {
	FanIn       int           // files of one size in a partition that are merged into one; 0: 8
	TargetBytes int64         // files of this size are left alone; 0: 128 MB
	MemoryBytes int64         // what a merge may have in memory, however large the partition; 0: 256 MB, and never less than 32 MB
	Workers     int           // goroutines of a merge, which share its memory; 0: 1, and no more than have 32 MB each
	Whole       bool          // fold in what came late for closed days, however little
	ClosedAfter time.Duration // a day is closed, and merged whole, so long after its end; 0: 6 h
	BaseRows    int64         // changes above the base from which on it is merged, at least; 0: 20,000
	BaseShare   int64         // a base is merged when the changes above it pass this part of it: 8 is an eighth; 0: 8
	BaseTimes   int64         // or when they are so many times its rows, for bulk loads, which end with CompleteBase; 0: BaseShare says
	QuickBase   bool          // a base is packed for speed, for bulk loads, which write it several times
	Tombstones  time.Duration // how long removed keys stay in the base; 0: 35 days
	Keep        int           // snapshots kept; 0: 100
	Grace       time.Duration // how long replaced files and orphans stay for running readers; 0: 2 min
	Now         func() time.Time
	NewID       func() string // names files and markers
	Observe     telemetry.Observe
	Commits     sync.Locker // who holds it keeps this process from committing; nil: there is no such thing
}

const minMemory = 32 << 20 // less holds no row group of many columns

// What lets a base be merged, unless the options say otherwise.
const (
	baseRows  = 20_000
	baseShare = 8
)

func (o Options) filled() Options {
	o.FanIn = cmp.Or(o.FanIn, 8)
	o.TargetBytes = cmp.Or(o.TargetBytes, 128<<20)
	o.MemoryBytes = max(cmp.Or(o.MemoryBytes, 256<<20), minMemory)
	o.Workers = max(1, min(o.Workers, int(o.MemoryBytes/minMemory)))
	o.ClosedAfter = cmp.Or(o.ClosedAfter, 6*time.Hour)
	o.BaseRows = cmp.Or(o.BaseRows, baseRows)
	o.BaseShare = cmp.Or(o.BaseShare, baseShare)
	o.Tombstones = cmp.Or(o.Tombstones, 35*24*time.Hour)
	o.Keep = cmp.Or(o.Keep, 100)
	o.Grace = cmp.Or(o.Grace, 2*time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = newID
	}
	if o.Observe == nil {
		o.Observe = telemetry.Discard
	}
	return o
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// History is a dataset's tables.
type History struct {
	Dataset *schemas.Dataset
	Changes *tables.Table
	Base    *tables.Table // nil for facts, which have no key
}

// Compactor compacts tables. Its methods may run at the same time for different tables.
type Compactor struct {
	files    Files
	opts     Options
	worth    float64 // times that rows would be read, from which on they are spilled
	spilled  int64   // bytes of memory, as which they are read, that spills hold at once
	works    works
	discards sync.Mutex
}

// New returns a Compactor of the data files in files.
func New(files Files, opts Options) *Compactor {
	return &Compactor{files: files, opts: opts.filled(), worth: worthSpilling, spilled: spillBytes}
}

// How often a replacement is tried again after lost races, each of which costs one look at the table, and how many may
// be lost before commits of this process wait: where they come faster than a replacement is made, all would be lost.
const (
	maxTries = 20
	fairly   = 2
)

// replace commits new files in the place of old ones. When somebody committed meanwhile, the old files are looked up in
// the newer snapshot; when one of them is gone there, the work was somebody else's and is thrown away.
func (c *Compactor) replace(ctx context.Context, t *tables.Table, base *tables.Snapshot, old []tables.File, files []tables.NewFile, u tables.Update) error {
	for try := range maxTries {
		if try == fairly && c.opts.Commits != nil {
			c.opts.Commits.Lock()
			defer c.opts.Commits.Unlock()
		}
		_, err := t.Replace(ctx, base, old, files, u)
		if !fault.Is(err, fault.Conflict) {
			return c.discardOn(ctx, err, files)
		}
		if base, err = t.Snapshot(ctx); err != nil {
			return c.discardOn(ctx, err, files)
		}
		var gone bool
		if old, gone, err = found(ctx, base, old); err != nil || gone {
			return c.discardOn(ctx, errors.Join(err, errGone), files)
		}
	}
	return c.discardOn(ctx, fault.New(fault.Transient, "%s was committed to %d times while it was compacted", t.Name(), maxTries), files)
}

var errGone = fault.New(fault.Conflict, "the files to replace are gone")

// found returns the files as the snapshot has them, and whether one of them is gone.
func found(ctx context.Context, s *tables.Snapshot, wanted []tables.File) (have []tables.File, gone bool, err error) {
	all, err := s.Files(ctx, tables.Filter{})
	if err != nil {
		return nil, false, err
	}
	byURL := make(map[string]tables.File, len(all))
	for _, f := range all {
		byURL[f.URL] = f
	}
	for _, w := range wanted {
		f, ok := byURL[w.URL]
		if !ok {
			return nil, true, nil
		}
		have = append(have, f)
	}
	return have, false, nil
}

// discardOn removes files that no snapshot has because of err.
func (c *Compactor) discardOn(ctx context.Context, err error, files []tables.NewFile) error {
	if err == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	for _, f := range files {
		if key, bad := lake.ParseURL(f.URL); bad == nil {
			_ = c.files.Delete(ctx, key) // what stays is an orphan, and swept later
		}
	}
	return err
}

// Compacted tells what one round did to a table.
type Compacted struct {
	Table         string
	In, Out       int // files
	Rows, Dropped int64
	Elapsed       time.Duration
}

// Attrs returns the event as a log line.
func (e Compacted) Attrs() (string, []slog.Attr) {
	return "files merged", []slog.Attr{
		slog.String(telemetry.Table, e.Table), slog.Int("in", e.In), slog.Int("out", e.Out),
		slog.Int64(telemetry.Rows, e.Rows), slog.Int64("dropped", e.Dropped), slog.Duration(telemetry.Elapsed, e.Elapsed),
	}
}

// Measures implements telemetry.Measured.
func (e Compacted) Measures() (telemetry.Of, []telemetry.Measure) {
	return telemetry.Of{Name: "Table", Value: e.Table}, []telemetry.Measure{telemetry.Number("MergedFiles", e.In), telemetry.Number("MergedRows", e.Rows), telemetry.Millis("MergeTime", e.Elapsed)}
}
