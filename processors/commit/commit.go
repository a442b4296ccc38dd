// Package commit turns what has landed into table files and one atomic commit with watermarks. It may be stopped, killed
// or run twice at any moment: a batch that comes again changes nothing.
package commit

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/ledger"
	"github.com/tarn-lake/tarn/schemas"
)

// Files is where batches land and data files go. What is put is durable when Put returns, which keeps no reference to it.
type Files interface {
	Landing
	Put(ctx context.Context, key string, body []byte) error
	Open(ctx context.Context, key string) (interface {
		io.ReaderAt
		io.Closer
	}, int64, error)
}

// Landing is what the committer does with landed objects. An entry's Name is its whole key.
type Landing interface {
	List(ctx context.Context, prefix string) ([]fs.FileInfo, error)
	Get(ctx context.Context, key string) ([]byte, error)
	Move(ctx context.Context, from, to string) error
	Delete(ctx context.Context, key string) error
}

// Tables opens or creates the tables that are committed to.
type Tables interface {
	Table(ctx context.Context, spec tables.Spec) (*tables.Table, error)
}

// Options tunes a Committer. The zero Options work.
type Options struct {
	Now      func() time.Time // nil: time.Now
	NewID    func() string    // unique names for files and attempts; nil: random
	Log      *slog.Logger     // nil: none
	Observe  telemetry.Observe
	MaxBytes int64         // landed bytes in one commit, which bounds memory; 0: 16 MiB
	AtOnce   int           // landed objects that are read, or removed, at once; 0: one after the other
	Workers  int           // goroutines that encode a commit's files; 0: 1
	MaxRows  int           // rows of a file; 0: 1,000,000
	Archive  bool          // keep landed objects under archive/ instead of deleting them
	Keep     int           // snapshots that stay; 0: 100
	Version  string        // of the program, for the ledger
	Idle     time.Duration // how long a lane stands still before it leaves the watermarks for the ledger; longer than the stream's retention; 0: 48 h
	KeepFor  time.Duration // how long a snapshot stays at least, for those who read it; 0: 5 minutes
	Spare    time.Duration // no further pass is begun once less than so much is left of the context's time; 0: passes are begun to its end
}

// Committer commits what lands. Its methods may be called by several goroutines and several committers may work on the
// same lake; more than one is never faster.
type Committer struct {
	files    Files
	tables   Tables
	registry *schemas.Registry
	opts     Options

	mu      sync.Mutex
	targets map[string]*target   // by table
	streams map[string][]*target // by stream, those that were committed since the start
	ended   map[lane]lake.Seq    // shards that were read to their end
	ending  sync.Mutex
	opening sync.Mutex
	book    *ledger.Book
	unknown map[lane]int64 // by table and lane: how many lanes had left the table's watermarks when the ledger did not know it
}

// New returns a committer.
func New(files Files, tabs Tables, registry *schemas.Registry, opts Options) *Committer {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.NewID == nil {
		opts.NewID = rand.Text
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Observe == nil {
		opts.Observe = telemetry.Discard
	}
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = 16 << 20
	}
	if opts.Workers <= 0 {
		opts.Workers = 1
	}
	if opts.MaxRows <= 0 {
		opts.MaxRows = 1_000_000
	}
	if opts.Keep <= 0 {
		opts.Keep = 100
	}
	if opts.KeepFor <= 0 {
		opts.KeepFor = 5 * time.Minute
	}
	if opts.Idle <= 0 {
		opts.Idle = 48 * time.Hour
	}
	return &Committer{files: files, tables: tabs, registry: registry, opts: opts,
		targets: map[string]*target{}, streams: map[string][]*target{}, unknown: map[lane]int64{}, ended: map[lane]lake.Seq{}}
}

// Pending returns how many landed objects wait, committed or not. It costs one listing.
func (c *Committer) Pending(ctx context.Context) (int, error) {
	found, err := c.files.List(ctx, lake.LandingDir+"/")
	return len(found), err
}

// Commit commits what has landed, stream by stream, and returns what it did. A stream's error does not hold up the
// others; all errors are joined, and calling again is always right. It does one pass of a stream at least, and further
// ones while there is time: what then waits is in the report.
func (c *Committer) Commit(ctx context.Context) (Report, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var report Report
	settled, err := c.settled(ctx)
	if err != nil {
		return report, err
	}
	streams, err := c.landed(ctx, &report)
	if err != nil {
		return report, err
	}
	var errs []error
	for _, s := range streams {
		errs = append(errs, c.stream(ctx, s, settled[s.stream], &report))
	}
	return report, errors.Join(errs...)
}

func (c *Committer) stream(ctx context.Context, s landing, settled lake.Watermarks, report *Report) error {
	targets, err := c.open(ctx, s.stream)
	if err != nil {
		return err
	}
	if _, err := c.Ledger(ctx); err != nil {
		return err
	}
	c.streams[s.stream] = targets
	before := report.Rows()
	for _, b := range s.batches {
		delete(settled, b.Lane) // these tell how far the lane is
	}
	chain := lake.Watermarks{}
	for first := true; len(s.batches) > 0; first = false {
		if !first && !c.time(ctx) {
			report.Waiting += len(s.batches)
			break
		}
		p := &pass{Committer: c, stream: s.stream, targets: targets, settled: settled, report: report, chain: chain}
		s.batches = p.take(s.batches)
		if err := p.run(ctx); err != nil {
			return err
		}
		maps.Copy(chain, p.ends)
	}
	if report.Rows()-before > largeRound {
		for _, t := range targets {
			t.buffers() // gives the memory back
		}
	}
	return nil
}

// time reports whether there is time for another pass.
func (c *Committer) time(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return !ok || c.opts.Spare <= 0 || c.opts.Now().Add(c.opts.Spare).Before(end)
}

// largeRound is how many rows make a round of a stream so large that its buffers are not kept for the next one.
const largeRound = 10_000

// settled returns how far each shard of each stream is in the table that is furthest. It is asked before the landing is
// listed: a shard that then has no object has nothing that any table still needs, so the tables that had no rows of it
// may move up. Otherwise a table that gets rows seldom would look incomplete.
func (c *Committer) settled(ctx context.Context) (map[string]lake.Watermarks, error) {
	all := map[string]lake.Watermarks{}
	for stream, targets := range c.streams {
		furthest := lake.Watermarks{}
		for _, t := range targets {
			now, err := t.table.Snapshot(ctx)
			if err != nil {
				return nil, err
			}
			for name, m := range now.Watermarks {
				l, ok := t.laneOf(stream, name)
				if ok && lake.IsShard(l) && m.Seq > furthest[l].Seq {
					furthest[l] = m
				}
			}
		}
		all[stream] = furthest
	}
	return all, nil
}
