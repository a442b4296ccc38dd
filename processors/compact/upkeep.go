package compact

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/tables"
)

// Upkeep merges small manifests and lets go of old snapshots, of files that only they had, and of what crashes left.
func (c *Compactor) Upkeep(ctx context.Context, t *tables.Table) error {
	if _, err := t.RewriteManifests(ctx, c.opts.NewID()); err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("rewrite the manifests of %s: %w", t.Name(), err)
	}
	if _, err := t.Expire(ctx, c.opts.Keep, c.opts.Grace); err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("expire snapshots of %s: %w", t.Name(), err)
	}
	return nil
}

// sweepGrace is how old a file of no snapshot is at least when it is swept: four times what a function on AWS may take, so
// that no commit and no merge of another process outlasts it.
const sweepGrace = time.Hour

// Sweep removes files that no snapshot has and that are older than a grace that no commit outlasts. What this compactor
// is still merging is spared, however long it takes.
func (c *Compactor) Sweep(ctx context.Context, t *tables.Table) error {
	_, err := t.Sweep(ctx, c.works.spared(max(c.opts.Grace, sweepGrace)))
	return err
}

// works is what a compactor is doing: since when files are being written that no snapshot has yet.
type works struct {
	mu    sync.Mutex
	last  int
	since map[int]time.Time
}

// begin notes a work until done is called. Files have the clock's time, so it is the clock's too.
func (w *works) begin() (done func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.since == nil {
		w.since = map[int]time.Time{}
	}
	w.last++
	id := w.last
	w.since[id] = time.Now()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.since, id)
	}
}

// spared returns a grace that reaches to before the oldest work that is not done.
func (w *works) spared(grace time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, began := range w.since {
		grace = max(grace, time.Since(began)+sweepGrace)
	}
	return grace
}
