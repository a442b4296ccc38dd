package launchday

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/internal/bench/machine"
	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/schemas"
)

// Nobody reads the lake while it is filled, so what is replaced may go soon: the disk holds little more than the lake.
const (
	bulkTimes     = 4 // a base is merged when the changes above it are so many times its rows, and at the end
	keepSnapshots = 4
	keepFor       = 15 * time.Second
	upkeepEvery   = 5 * time.Second
	backlog       = 8              // commits' worth of landed bytes that may wait: landing goes on while a commit or a merge has a core to itself
	onePass       = 24 * time.Hour // what a commit's further passes would have to leave: one pass and no more, or merges would wait long for their turn
	bulkWorkers   = 2              // of a commit and of a merge: whatever is left to do last has both cores
	bulkFanIn     = 16             // files of a partition that become one: each row is written less often, and fewer files wait to be read by anybody
)

// way is the stages of one run, joined as a bulk load joins them: commits go by bytes, and compaction follows the
// commits as closely as it can.
type way struct {
	Options
	registry *schemas.Registry
	dataset  *schemas.Dataset
	files    *counted
	catalog  *tables.Catalog
	history  compact.History
	rollup   *rollup.Rollup
	closers  []func() error

	compactor *compact.Compactor // of the base, and of upkeep
	merging   compact.Options    // of the history
	commits   sync.Mutex         // compact.Options.Commits
	begun     time.Time
	complete  atomic.Int64 // change time that every lane is committed through, unix nanoseconds
	sent      atomic.Int64 // changes
	committed atomic.Int64 // rows
	rounds    atomic.Int64 // commits
	merges    atomic.Int64
	patching  atomic.Int64 // nanoseconds
	spent     [stages]atomic.Int64
	peak      atomic.Int64
	elapsed   time.Duration
	processor time.Duration
	filled    time.Duration // until the last commit
}

// Stages whose time is counted.
const (
	stageLand = iota
	stageCommit
	stageMerge
	stageBase
	stageRollup
	stageUpkeep
	stages
)

var stageNames = [stages]string{"decode and land", "commit", "compaction", "base merge", "rollup", "upkeep"}

func (w *way) timed(stage int, do func() error) error {
	began := time.Now()
	err := do()
	w.spent[stage].Add(int64(time.Since(began)))
	return err
}

// run sends the changes and waits until all of them are where they belong.
func (w *way) run(ctx context.Context, ring *synthetic.Ring) error {
	lander, err := land.New(w.files, w.registry, land.Options{})
	if err != nil {
		return err
	}
	committer := commit.New(w.files, w.catalog, w.registry, commit.Options{MaxBytes: w.CommitBytes, Keep: keepSnapshots, KeepFor: keepFor, Spare: onePass, Workers: bulkWorkers, AtOnce: bulkWorkers})
	w.merging = compact.Options{
		MemoryBytes: w.MergeBytes, BaseRows: w.BaseRows, BaseTimes: bulkTimes, FanIn: bulkFanIn, Workers: bulkWorkers, QuickBase: true, Keep: keepSnapshots, Grace: keepFor, Commits: &w.commits, Observe: w.observe,
		Now: func() time.Time { return time.Unix(0, w.complete.Load()) }, // the day is the data's: today's partitions are open
	}
	w.compactor = compact.New(w.files, w.merging)
	w.begun = time.Now()
	used := machine.ProcessorTime()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watched := make(chan struct{})
	go func() { defer close(watched); w.watch(ctx) }()
	err = w.stages(ctx, ring, lander, committer)
	w.elapsed, w.processor = time.Since(w.begun), machine.ProcessorTime()-used
	cancel()
	<-watched
	return err
}

func (w *way) stages(ctx context.Context, ring *synthetic.Ring, lander *land.Lander, committer *commit.Committer) error {
	run := ctx
	g, ctx := errgroup.WithContext(run)
	stop := context.AfterFunc(ctx, w.files.finish)
	defer stop()
	full := make(chan struct{}) // closed when everything is committed
	g.Go(func() error {
		err := w.land(ctx, ring, lander)
		w.files.finish()
		return err
	})
	g.Go(func() error {
		defer close(full)
		return w.commit(ctx, committer)
	})
	g.Go(func() error { return w.compact(ctx, full) })
	g.Go(func() error { return w.mergeBase(ctx, full) })
	g.Go(func() error { return w.refresh(ctx, full) })
	if err := g.Wait(); err != nil {
		return err
	}
	return w.timed(stageUpkeep, func() error { return w.upkeep(run) })
}

// land sends the ring's events. Each lane has its own worker: a lane's batches land one after another, and while one waits
// for the disk others have the cores.
func (w *way) land(ctx context.Context, ring *synthetic.Ring, lander *land.Lander) error {
	batches := (w.Changes + int64(w.Batch) - 1) / int64(w.Batch)
	lanes := ring.Lanes()
	g, ctx := errgroup.WithContext(ctx)
	for i, lane := range lanes {
		share := (batches + int64(len(lanes)-1-i)) / int64(len(lanes))
		g.Go(func() error {
			for range share {
				if err := w.send(ctx, lane, lander); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// send lands one event of a lane.
func (w *way) send(ctx context.Context, l *synthetic.Lane, lander *land.Lander) error {
	w.files.below(backlog * w.CommitBytes)
	if err := ctx.Err(); err != nil {
		return err
	}
	began := time.Now()
	b := l.Next()
	w.patching.Add(int64(time.Since(began)))
	batch := land.Batch{Stream: synthetic.Source, Lane: b.Lane, Begin: b.After == "", Body: b.Body}
	if b.After != "" {
		var err error
		if batch.After, err = lake.ParseSeq(b.After); err != nil {
			return err
		}
	}
	return w.timed(stageLand, func() error {
		landed, err := lander.Land(ctx, batch)
		if err != nil {
			return err
		}
		if landed.Bad > 0 {
			return fmt.Errorf("%d records of %s were set aside", landed.Bad, landed.Key())
		}
		w.sent.Add(int64(b.Records))
		return nil
	})
}

// commit commits whenever enough has landed, and once more at the end.
func (w *way) commit(ctx context.Context, c *commit.Committer) error {
	for {
		w.files.above(w.CommitBytes)
		if err := ctx.Err(); err != nil {
			return err
		}
		last := w.files.finished()
		var report commit.Report
		err := w.timed(stageCommit, func() (err error) {
			w.commits.Lock()
			defer w.commits.Unlock()
			once, done := context.WithTimeout(ctx, onePass)
			defer done()
			report, err = c.Commit(once)
			return err
		})
		if err != nil {
			return err
		}
		if len(report.Holes) > 0 || len(report.Unreadable) > 0 {
			return fmt.Errorf("a commit passed %d holes and %d objects it could not read", len(report.Holes), len(report.Unreadable))
		}
		w.committed.Add(report.Rows())
		w.rounds.Add(1)
		if err := w.committedThrough(ctx); err != nil {
			return err
		}
		if last && report.Waiting == 0 {
			w.filled = time.Since(w.begun)
			return nil
		}
	}
}

// committedThrough notes how far every lane is. A day is closed by that: landing may be hours ahead.
func (w *way) committedThrough(ctx context.Context) error {
	now, err := w.history.Changes.Snapshot(ctx)
	if err != nil {
		return err
	}
	if at, ok := now.Watermarks.CompleteTo(); ok {
		w.complete.Store(at.UnixNano())
	}
	return nil
}

// compact merges what there is of the history, and lets go of what was replaced. When everything is committed, a merge has
// the memory of the commits too.
func (w *way) compact(ctx context.Context, full <-chan struct{}) error {
	kept := time.Now()
	more := w.merging
	more.MemoryBytes *= 2
	filling, after := compact.New(w.files, w.merging), compact.New(w.files, more)
	return w.follow(ctx, full, func() (bool, error) {
		c := filling
		select {
		case <-full:
			c = after
		default:
		}
		did, err := w.merged(ctx, stageMerge, c.Merge)
		if err == nil && time.Since(kept) > upkeepEvery {
			err = w.timed(stageUpkeep, func() error { return w.upkeep(ctx) })
			kept = time.Now()
		}
		return did, err
	})
}

// mergeBase follows the history at a distance, as nobody asks for current state yet, and brings the base up to it when
// everything is committed. It reads files that compaction replaces meanwhile, and that neither it nor a commit may remove.
func (w *way) mergeBase(ctx context.Context, full <-chan struct{}) error {
	step := func(do func(context.Context, compact.History) (bool, error)) func() (bool, error) {
		return func() (bool, error) {
			defer w.catalog.Keep()()
			return w.merged(ctx, stageBase, do)
		}
	}
	if err := w.follow(ctx, full, step(w.compactor.MergeBase)); err != nil {
		return err
	}
	return w.follow(ctx, full, step(w.compactor.CompleteBase))
}

// follow repeats a step until everything is committed, and then until there is nothing left to do.
func (w *way) follow(ctx context.Context, full <-chan struct{}, step func() (did bool, err error)) error {
	for {
		last := false
		select {
		case <-full:
			last = true
		default:
		}
		did, err := step()
		if err != nil || last && !did {
			return err
		}
		if did {
			continue
		}
		select { // nothing to merge yet
		case <-full:
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (w *way) merged(ctx context.Context, stage int, do func(context.Context, compact.History) (bool, error)) (did bool, err error) {
	err = w.timed(stage, func() error {
		did, err = do(ctx, w.history)
		return err
	})
	return did, err
}

func (w *way) upkeep(ctx context.Context) error {
	for _, t := range []*tables.Table{w.history.Changes, w.history.Base, w.rollup.Table()} {
		if err := w.compactor.Upkeep(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (w *way) observe(e telemetry.Event) {
	if _, ok := e.(compact.Compacted); ok {
		w.merges.Add(1)
	}
}
