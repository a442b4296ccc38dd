// Package node joins the stages in one process: the store, the readers of its change feed, the committer, the
// compactor, the query engine and the pages. What a tool asks of a data folder is done here too, by the same code.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/blob/mirror"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/faults"
	"github.com/tarn-lake/tarn/internal/folder"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/ledger"
	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/processors/stream"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/schemas"
)

// Options are what a node needs beside its settings.
type Options struct {
	Log     io.Writer // where log lines go; nil: nowhere
	Version string
	// BackupHook, where set, is asked before each step of a backup ("take", and what touches the disk:
	// "write", "sync", "publish"), with the part's name or the file's path. Its error is taken for the disk's own.
	BackupHook func(step, path string) error
	Shadowed   string // the data folder that this one is a shadow of, to which its links lead; empty: it is none
}

// Node is one data folder with everything that works on it. Open it, Run it, ask it, Close it.
type Node struct {
	settings   config.Up
	opts       Options
	log        *slog.Logger
	folder     *folder.Folder
	registry   *schemas.Registry
	store      ingest.Store
	feed       stream.Feed
	feedKeeps  time.Duration // how long the feed keeps a record for certain; 0: it tells what it trims
	keeper     keeper        // nil: the store looks after itself
	past       past          // nil: nothing can be written into the past
	files      files
	copies     *mirror.Mirror // of a bucket's files; nil: the lake is a folder
	home       config.Home
	catalog    *tables.Catalog
	lander     *land.Lander
	committer  *commit.Committer
	compactor  *compact.Compactor
	histories  []compact.History
	rollups    []*rollup.Rollup
	quarantine *tables.Table
	beats      *tables.Table
	hearts     []heart
	opened     time.Time // by the clock, when the lake was
	book       *ledger.Book
	progress   map[string]*stream.Progress // by stream
	engine     *duckdb.Engine
	query      *query.Service
	meters     *meters
	observe    telemetry.Observe
	faults     *faults.Injector // nil: nothing goes wrong on purpose
	url        string           // where it is served; empty: it is not

	landed      chan struct{}            // something has landed; holds at most one
	committing  sync.Mutex               // one round of commits at a time in this process
	telling     sync.Mutex               // one copy into the ledger at a time
	backing     sync.Mutex               // one backup at a time
	broken      sync.Map                 // paths of files of their right size that cannot be read
	mending     sync.Mutex               // one backfill or repair at a time
	healing     chan struct{}            // whoever mends, or heals, has put one in; holds at most one
	commitEvery atomic.Int64             // shortest time between two commits, in nanoseconds
	turns       int                      // of compaction; only its loop counts
	healAfter   time.Time                // holes are left alone until then; only the loop that heals looks
	alarmed     string                   // the health that was logged last; only the loop that watches looks
	raised      atomic.Pointer[[]string] // the alarms it saw last
	refreshes   int                      // of rollups; only their loop counts
	running     atomic.Bool              // Run is at work
	seeding     atomic.Bool              // the demo's history is being written
	closers     []func() error
}

// SchemaFiles returns the dataset files in dir, or the built-in ones.
func SchemaFiles(dir string) (fs.FS, error) {
	if dir == "" {
		return schemas.Embedded(), nil
	}
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return nil, fault.New(fault.NotFound, "%s is not a folder of dataset files", dir)
	}
	return os.DirFS(dir), nil
}

// LoadSchemas loads the datasets in dir, or the built-in ones.
func LoadSchemas(dir string) (*schemas.Registry, error) {
	if dir == "" {
		return schemas.Load(schemas.Embedded())
	}
	if _, err := SchemaFiles(dir); err != nil {
		return nil, err
	}
	r, err := schemas.LoadDir(dir)
	if err == nil && len(r.Datasets()) == 0 {
		return nil, fault.New(fault.NotFound, "there is no dataset file in %s: `tarn schema infer FILE` writes a first draft", dir)
	}
	return r, err
}

// Open takes the data folder and opens everything in it. Nothing runs yet.
func Open(ctx context.Context, s config.Up, o Options) (*Node, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return nil, fault.New(fault.Invalid, "TARN_LOG_LEVEL: %q is none of debug, info, warn, error", s.LogLevel)
	}
	n := &Node{
		settings: s, opts: o, log: telemetry.NewLogger(o.Log, level, telemetry.Form(s.LogForm)),
		progress: map[string]*stream.Progress{}, landed: make(chan struct{}, 1), healing: make(chan struct{}, 1),
	}
	n.commitEvery.Store(int64(s.CommitEvery))
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(err, n.release())
	}
	return n, nil
}

func (n *Node) open(ctx context.Context) error {
	var err error
	if n.registry, err = LoadSchemas(n.settings.Schemas); err != nil {
		return err
	}
	if n.folder, err = folder.Open(n.settings.Data); err != nil {
		return err
	}
	n.closers = append(n.closers, n.folder.Close)
	if n.home, err = n.chooseHome(); err != nil {
		return err
	}
	n.meters = newMeters(n)
	for _, step := range []func(context.Context) error{n.loadFaults, n.openStore, n.openLake, n.openHeartbeats, n.openProcessors, n.openQuery, n.keepHome} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) openLake(ctx context.Context) (err error) {
	for _, step := range []func(context.Context) error{n.openFiles, n.injectFaults, n.lockSchemas} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for _, d := range n.registry.Datasets() {
		h := compact.History{Dataset: d}
		if h.Changes, err = n.catalog.Table(ctx, tables.Changes(d)); err != nil {
			return fmt.Errorf("open %s: %w", d.ChangesTable(), err)
		}
		if !d.Key.IsZero() {
			if h.Base, err = n.catalog.Table(ctx, compact.BaseSpec(d)); err != nil {
				return fmt.Errorf("open %s: %w", d.BaseTable(), err)
			}
		}
		n.histories = append(n.histories, h)
	}
	n.quarantine, err = n.catalog.Table(ctx, tables.Quarantine())
	return err
}

func (n *Node) openProcessors(ctx context.Context) error {
	observe := telemetry.Fan(n.meters.observe, telemetry.Logged(n.log, slog.LevelDebug))
	var err error
	if n.lander, err = land.New(n.files, n.registry, land.Options{MaskKey: n.folder.Key("mask")}); err != nil {
		return err
	}
	n.committer = commit.New(n.files, n.catalog, n.registry, commit.Options{Log: n.log, Observe: observe, Keep: n.settings.Snapshots, KeepFor: keepFor, MaxBytes: 6 << 20,
		Archive: n.settings.ArchiveDays > 0, Version: n.opts.Version})
	if n.book, err = n.committer.Ledger(ctx); err != nil {
		return fmt.Errorf("open the ledger: %w", err)
	}
	n.observe = observe
	n.compactor = n.newCompactor(0)
	for _, s := range n.registry.Streams() {
		n.progress[s] = stream.NewProgress()
	}
	return nil
}

// newCompactor returns a compactor that takes a day for closed so long after its end; 0: its own choice.
func (n *Node) newCompactor(closedAfter time.Duration) *compact.Compactor {
	return compact.New(n.files, compact.Options{ClosedAfter: closedAfter, Keep: n.settings.Snapshots, Grace: keepFor, MemoryBytes: 64 << 20, Whole: closedAfter == always, Observe: n.observe, Commits: &n.committing})
}

// always, as the time after which a day is closed, closes every day.
const always = -100 * 365 * 24 * time.Hour

// keepFor is how long replaced files stay for questions that read them; no question may take longer.
const keepFor = time.Minute

func (n *Node) openQuery(ctx context.Context) (err error) {
	if n.engine, err = duckdb.Open(n.engineOptions()); err != nil {
		return fmt.Errorf("open the query engine: %w", err)
	}
	n.closers = append(n.closers, n.engine.Close)
	n.query = query.New(n.registry, query.NewLake(n.catalog, n.registry, n), n.engine, query.Options{Holes: n.openHoles, Alarms: n.alarms})
	return n.openRollups(ctx)
}

// Complete returns the instant up to which the dataset's changes are in the lake, as query wants to know it.
func (n *Node) Complete(dataset string, _ lake.Watermarks) time.Time { return n.complete(dataset) }

func (n *Node) complete(dataset string) time.Time {
	d, ok := n.registry.Dataset(dataset)
	if !ok || n.progress[d.Stream] == nil {
		return time.Time{}
	}
	return n.progress[d.Stream].Complete()
}

// Registry returns the node's datasets.
func (n *Node) Registry() *schemas.Registry { return n.registry }

// Close gives everything back. Run must have returned.
func (n *Node) Close(context.Context) error { return n.release() }

func (n *Node) release() error {
	var err error
	for i := len(n.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, n.closers[i]())
	}
	n.closers = nil
	return err
}
