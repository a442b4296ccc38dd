// Package launchday takes a launch day's changes the whole way on this machine: events from a ring, decoded, landed,
// committed, compacted, merged into current state; then the lake is held against what the ring knows to be true.
package launchday

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/schemas"
)

// Options say how much is done and where. The zero value works.
type Options struct {
	Changes     int64  // 0: 10,000,000; whole events are sent
	Folder      string // of the lake; empty: a temporary one, which is removed
	Keep        bool   // leave the lake where it is
	Seed        uint64
	RingBytes   int   // 0: 1 GiB
	Lanes       int   // shards; 0: 4
	Batch       int   // records of an event; 0: 3,500, which is what the six megabytes of a call of Lambda hold
	CommitBytes int64 // landed bytes that make a commit; 0: 32 MiB
	MergeBytes  int64 // that a round of compaction may have in memory, and a merge of the base beside it; 0: 160 MB
	BaseRows    int64 // changes above the base from which on it is merged before the end, if they also are four times its rows; 0: 32,000,000
	Skip        bool  // the checks

	Tell  func(Progress) // nil: nobody listens
	Begin func()         // when the ring is full and the way begins; nil: nothing
	End   func()         // when the way is done, before the checks; nil: nothing
}

func (o Options) filled() Options {
	o.Changes = cmp.Or(o.Changes, 10_000_000)
	o.RingBytes = cmp.Or(o.RingBytes, 1<<30)
	o.Lanes = cmp.Or(o.Lanes, 4)
	o.Batch = cmp.Or(o.Batch, 3500)
	o.CommitBytes = cmp.Or(o.CommitBytes, 32<<20)
	o.MergeBytes = cmp.Or(o.MergeBytes, 160<<20)
	o.BaseRows = cmp.Or(o.BaseRows, 32_000_000)
	if o.Tell == nil {
		o.Tell = func(Progress) {}
	}
	if o.Begin == nil {
		o.Begin = func() {}
	}
	if o.End == nil {
		o.End = func() {}
	}
	return o
}

// Progress is how far a run is.
type Progress struct {
	Elapsed   time.Duration
	Landed    int64   // changes
	Committed int64   // rows
	Cores     float64 // had since the progress before
	Total     int64   // changes
	Resident  int64   // bytes
	Commits   int
	Merges    int
}

// heap is what the collector lets the heap grow to before it works harder, as GOMEMLIMIT would say it: with the ring, the
// engine and the program itself it stays below two gigabytes.
const heap = 544 << 20

// Run does it all. A lake that differs from the truth is in the report, not in the error.
func Run(ctx context.Context, o Options) (report Report, err error) {
	o = o.filled()
	if o.Folder == "" {
		if o.Folder, err = os.MkdirTemp("", "tarn-launch-day-"); err != nil {
			return report, fmt.Errorf("make a folder for the lake: %w", err)
		}
	}
	if !o.Keep {
		defer func() { err = errors.Join(err, os.RemoveAll(filepath.Join(o.Folder, "lake"))) }()
	}
	began := time.Now()
	ring, err := synthetic.NewRing(synthetic.RingOptions{
		Options: synthetic.Options{Seed: o.Seed, Rate: float64(o.Changes) / (24 * time.Hour).Seconds()},
		Bytes:   o.RingBytes, Lanes: o.Lanes, Batch: o.Batch,
	})
	if err != nil {
		return report, err
	}
	defer ring.Close()
	report.Ring = RingReport{Bytes: ring.Bytes(), Records: ring.Records(), Seconds: time.Since(began).Seconds()}
	w, err := open(ctx, o)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(heap))
	debug.FreeOSMemory()                                               // what it took to make the ring is no part of the way
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2 * runtime.NumCPU())) // a core is not idle while who has it waits for the disk
	o.Begin()
	err = w.run(ctx, ring)
	o.End()
	if err != nil {
		return report, err
	}
	ring.Close()
	w.tell(&report)
	p, err := w.pin(ctx, &report)
	if err == nil && !o.Skip {
		report.Checks, err = w.check(ctx, p, ring.Truth())
	}
	return report, err
}

// open makes a lake in the folder, which must hold none.
func open(ctx context.Context, o Options) (*way, error) {
	root := filepath.Join(o.Folder, "lake")
	if _, err := os.Stat(root); err == nil {
		return nil, fmt.Errorf("%s exists already; name a folder without a lake", root)
	}
	registry, err := synthetic.Registry()
	if err != nil {
		return nil, err
	}
	d, _ := registry.Dataset(synthetic.Dataset)
	w := &way{Options: o, registry: registry, dataset: d}
	files, err := dir.Open(root)
	if err != nil {
		return nil, err
	}
	w.files = newCounted(files)
	if w.catalog, err = tables.OpenFolder(ctx, root, tables.Options{}); err != nil {
		return nil, err
	}
	return w, w.openTables(ctx, d)
}

func (w *way) openTables(ctx context.Context, d *schemas.Dataset) (err error) {
	w.history.Dataset = d
	if w.history.Changes, err = w.catalog.Table(ctx, tables.Changes(d)); err != nil {
		return err
	}
	if w.history.Base, err = w.catalog.Table(ctx, compact.BaseSpec(d)); err != nil {
		return err
	}
	return w.openRollup(ctx)
}

func (w *way) close() (err error) {
	for _, c := range w.closers {
		err = errors.Join(err, c())
	}
	return err
}
