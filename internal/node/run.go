package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/stream"
)

// Clocks of background work.
const (
	compactEvery = 5 * time.Second
	rollupEvery  = 10 * time.Second // answers add what came since, so none is ever stale
	upkeepEvery  = 30 * time.Second
	sweepEvery   = 15 * time.Minute
	storeEvery   = 30 * time.Second
	alarmEvery   = 5 * time.Second
	noticeEvery  = time.Second             // how often pages are told how far the data is complete
	lastCommit   = 1500 * time.Millisecond // what a stopped process takes at most to commit what has landed
	retryPause   = time.Second
)

// Run works until ctx is done: it lands what the store changes, commits what has landed, and keeps the lake in shape.
// Before it returns it commits what has landed, so that the next start finds nothing to do.
func (n *Node) Run(ctx context.Context) error {
	n.running.Store(true)
	defer n.running.Store(false)
	if err := n.commit(ctx); err != nil {
		return fmt.Errorf("commit what had landed: %w", err)
	}
	from := map[string]map[string]stream.Position{}
	for _, name := range n.registry.Streams() {
		var err error
		if from[name], err = n.positions(ctx, name); err != nil {
			return fmt.Errorf("find where stream %s goes on: %w", name, err)
		}
	}
	g, inner := errgroup.WithContext(ctx)
	for _, name := range n.registry.Streams() {
		reader := stream.New(n.feed, n.lander, n.progress[name], stream.Options{
			Limit: n.settings.BatchLimit, Landed: n.wake, Hole: n.book.Open, Keeps: n.feedKeeps,
			Ended:   func(lane string, last lake.Seq) { n.committer.End(name, lane, last) },
			Observe: telemetry.Fan(n.meters.observe, telemetry.Logged(n.log, slog.LevelWarn)),
		})
		g.Go(func() error { return reader.Run(inner, name, from[name]) })
	}
	g.Go(func() error { return n.commitLoop(inner) })
	g.Go(func() error { return n.every(inner, noticeEvery, n.notice) })
	g.Go(func() error { return n.every(inner, compactEvery, n.compact) })
	g.Go(func() error { return n.every(inner, rollupEvery, n.refresh) })
	g.Go(func() error { return n.every(inner, upkeepEvery, n.upkeep) })
	g.Go(func() error { return n.every(inner, sweepEvery, n.sweep) })
	g.Go(func() error { return n.every(inner, healEvery, n.heal) })
	g.Go(func() error { return n.every(inner, storeEvery, n.tidyStore) })
	g.Go(func() error { return n.every(inner, alarmEvery, n.watch) })
	if len(n.hearts) > 0 {
		g.Go(func() error { return n.every(inner, n.settings.HeartbeatEvery, n.beat) })
	}
	err := g.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCommit)
	defer cancel()
	return errors.Join(err, n.commit(last))
}

// working does something that waits for the lake to catch up with the store. In a process that serves, it does so by
// itself; a tool that has opened the folder has to work meanwhile.
func (n *Node) working(ctx context.Context, do func(context.Context) error) error {
	if n.url != "" || n.running.Load() {
		return do(ctx)
	}
	if err := n.catchUp(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := false
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer stop()
		err := do(inner)
		done = err == nil
		return err
	})
	g.Go(func() error { return n.Run(inner) })
	if err := g.Wait(); !done || !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// catchUp does what whoever had the folder last did not come to, if it was killed: it commits what has landed, and merges the
// bases of which so much is above that questions about current state would cost more than they may.
func (n *Node) catchUp(ctx context.Context) error {
	if err := n.commit(ctx); err != nil {
		return fmt.Errorf("commit what had landed: %w", err)
	}
	for _, h := range n.histories {
		if _, err := n.compactor.MergeBase(ctx, h); err != nil { // of a damaged file too, which the tool may have come to mend
			n.log.WarnContext(ctx, "a base could not be merged", telemetry.Dataset, h.Dataset.Name, telemetry.Err, err)
		}
	}
	return ctx.Err()
}

// wake tells the commit loop that something has landed. It never waits.
func (n *Node) wake() {
	select {
	case n.landed <- struct{}{}:
	default:
	}
}

func (n *Node) commitLoop(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.landed:
		}
		began := time.Now()
		pause := n.commitEvery.Load()
		if err := n.commit(ctx); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "the commit failed and is tried again", telemetry.Err, err)
			pause = max(pause, int64(retryPause))
			n.wake()
		}
		if sleep(ctx, time.Duration(pause)-time.Since(began)) != nil {
			return nil
		}
	}
}

// commit commits all that has landed, and tells whoever waits for it.
func (n *Node) commit(ctx context.Context) error {
	_, err := n.committed(ctx, nil)
	return err
}

// committed does something first that no other commit comes between, commits, and returns what it did.
func (n *Node) committed(ctx context.Context, first func() error) (commit.Report, error) {
	n.committing.Lock()
	defer n.committing.Unlock()
	if first != nil {
		if err := first(); err != nil {
			return commit.Report{}, err
		}
	}
	before := map[string]map[string]lake.Seq{}
	for name, p := range n.progress {
		before[name] = p.Landings()
	}
	began := time.Now()
	report, err := n.committer.Commit(ctx)
	if err == nil {
		for name, lanes := range before {
			for lane, seq := range lanes {
				n.progress[name].Passed(lane, seq)
			}
		}
	}
	if report.Rows() > 0 {
		n.meters.seconds.Observe(time.Since(began).Seconds())
	}
	n.announce(report)
	return report, err
}

// announce tells pages and meters of the commits.
func (n *Node) announce(r commit.Report) {
	for _, done := range r.Tables {
		n.meters.commits.WithLabelValues(done.Table).Add(float64(done.Commits))
		n.meters.rows.WithLabelValues(done.Table).Add(float64(done.Rows))
		for _, h := range n.histories {
			if h.Dataset.ChangesTable() == done.Table {
				n.query.Notify(h.Dataset.Name, done.Commit, n.complete(h.Dataset.Name))
			}
		}
	}
}

// notice tells pages how far the data is complete when no commit does.
func (n *Node) notice(ctx context.Context) error {
	for _, h := range n.histories {
		if at := n.complete(h.Dataset.Name); !at.IsZero() {
			snap, err := h.Changes.Snapshot(ctx)
			if err != nil {
				return err
			}
			n.query.Notify(h.Dataset.Name, snap.Commit, at)
		}
	}
	return nil
}

// whileSeedingCompact is how many turns of compaction are left out for each one taken while the history is written.
const whileSeedingCompact = 3

// compact merges small files and bases, one table after the other.
func (n *Node) compact(ctx context.Context) error {
	if n.turns++; n.seeding.Load() && n.turns%(whileSeedingCompact+1) != 0 {
		return nil
	}
	var failed error
	for _, h := range n.histories {
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = n.compactor.Merge(ctx, h); err != nil {
				failed = errors.Join(failed, err)
				break
			}
		}
		if _, err := n.compactor.MergeBase(ctx, h); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	_, err := n.compactor.MergeQuarantine(ctx, n.quarantine)
	_, also := n.compactor.MergeLedger(ctx, n.book.Table())
	_, beats := n.compactor.MergeHeartbeats(ctx, n.beats)
	return errors.Join(failed, err, also, beats)
}

func (n *Node) upkeep(ctx context.Context) error {
	if err := n.tellLedger(ctx); err != nil {
		return err
	}
	return n.eachTable(func(t *tables.Table) error { return n.compactor.Upkeep(ctx, t) })
}

func (n *Node) sweep(ctx context.Context) error {
	if _, err := n.retain(ctx); err != nil {
		return err
	}
	if _, err := n.compactor.ForgetHeartbeats(ctx, n.beats); err != nil {
		return err
	}
	if err := n.expireArchive(ctx, time.Now()); err != nil {
		return err
	}
	return n.eachTable(func(t *tables.Table) error { return n.compactor.Sweep(ctx, t) })
}

func (n *Node) eachTable(do func(*tables.Table) error) error {
	err := errors.Join(do(n.quarantine), do(n.beats), do(n.book.Table()))
	for _, h := range n.histories {
		err = errors.Join(err, do(h.Changes))
		if h.Base != nil {
			err = errors.Join(err, do(h.Base))
		}
	}
	for _, r := range n.rollups {
		err = errors.Join(err, do(r.Table()))
	}
	return err
}

// tidyStore removes what has expired and lets the change feed forget what is older than its retention.
func (n *Node) tidyStore(ctx context.Context) error {
	if n.keeper == nil {
		return nil
	}
	now := time.Now()
	if _, err := n.keeper.SweepTTL(ctx, now); err != nil {
		return fmt.Errorf("remove what has expired: %w", err)
	}
	if n.seeding.Load() {
		return nil // the history is older than the retention, and not all of it is read yet
	}
	_, err := n.keeper.Trim(ctx, now)
	return err
}

// every does something again and again until ctx is done. What fails is logged and done again the next time.
func (n *Node) every(ctx context.Context, pause time.Duration, do func(context.Context) error) error {
	for sleep(ctx, pause) == nil {
		if err := do(ctx); err != nil && ctx.Err() == nil && !fault.Is(err, fault.Conflict) {
			n.log.WarnContext(ctx, "background work failed and is done again later", telemetry.Err, err)
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// positions returns how far each lane of the stream is in the tables. Everything that had landed is committed by now.
func (n *Node) positions(ctx context.Context, name string) (map[string]stream.Position, error) {
	from := map[string]stream.Position{}
	snap, err := n.quarantine.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	further(from, snap.Watermarks, name+"/") // the quarantine is fed by all streams, and so are the heartbeats
	if snap, err = n.beats.Snapshot(ctx); err != nil {
		return nil, err
	}
	further(from, snap.Watermarks, name+"/")
	for _, h := range n.histories {
		if h.Dataset.Stream != name {
			continue
		}
		if snap, err = h.Changes.Snapshot(ctx); err != nil {
			return nil, err
		}
		further(from, snap.Watermarks, "")
	}
	return from, nil
}

// further moves the positions up to the watermarks whose names begin with prefix.
func further(from map[string]stream.Position, marks lake.Watermarks, prefix string) {
	for name, mark := range marks {
		lane, ok := strings.CutPrefix(name, prefix)
		if ok && (mark.Seq > from[lane].Seq || mark.Done && mark.Seq == from[lane].Seq) {
			from[lane] = stream.Position{Seq: mark.Seq, At: mark.At, Done: mark.Done}
		}
	}
}
