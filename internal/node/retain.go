package node

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/compact"
)

// RetainArgs asks for old partitions of the histories to be dropped, and for what is too old in the archive.
type RetainArgs struct {
	DryRun bool `json:"dryRun,omitempty"` // only say what would go
}

func (n *Node) retainNow(ctx context.Context, a RetainArgs, _ Tell) ([]compact.Retained, error) {
	if !a.DryRun {
		if err := n.commit(ctx); err != nil {
			return nil, err
		}
		if err := n.expireArchive(ctx, time.Now()); err != nil {
			return nil, err
		}
		return n.retain(ctx)
	}
	all := []compact.Retained{}
	for _, h := range n.histories {
		if h.Dataset.Keep == 0 {
			continue
		}
		r, err := n.compactor.Retainable(ctx, h, 0)
		if err != nil {
			return nil, fmt.Errorf("look for old partitions of %s: %w", h.Changes.Name(), err)
		}
		all = append(all, r)
	}
	return all, nil
}

// retain drops the partitions that are older than their datasets keep. First the base and the rollup take in what they
// lack of the history.
func (n *Node) retain(ctx context.Context) ([]compact.Retained, error) {
	all := []compact.Retained{}
	for _, h := range n.histories {
		if h.Dataset.Keep == 0 {
			continue
		}
		if r, err := n.compactor.Retainable(ctx, h, 0); err != nil || r.Files+r.Waiting == 0 {
			if err == nil {
				all = append(all, r)
				continue
			}
			return nil, err
		}
		through, err := n.takeIn(ctx, h)
		if err != nil {
			return nil, fmt.Errorf("before old partitions of %s are dropped: %w", h.Changes.Name(), err)
		}
		r, err := n.compactor.Retain(ctx, h, through)
		if err != nil {
			return nil, fmt.Errorf("drop old partitions of %s: %w", h.Changes.Name(), err)
		}
		if r.Late > 0 {
			n.log.WarnContext(ctx, "changes came for days that retention had dropped: current state has them, the history does not", telemetry.Table, r.Table, telemetry.Rows, r.Late)
		}
		all = append(all, r)
	}
	return all, nil
}

// takeIn makes a history's base and rollup current, and returns the commit that the rollup is current to; 0: there is no
// rollup.
func (n *Node) takeIn(ctx context.Context, h compact.History) (int64, error) {
	now := compact.New(n.files, compact.Options{BaseRows: 1, BaseShare: math.MaxInt64, Keep: n.settings.Snapshots, Grace: keepFor, MemoryBytes: 64 << 20, Observe: n.observe, Commits: &n.committing})
	if _, err := again(func() (bool, error) { return now.MergeBase(ctx, h) }); err != nil {
		return 0, err
	}
	for _, r := range n.rollups {
		if r.Dataset() != h.Dataset {
			continue
		}
		if _, err := r.Complete(ctx); err != nil {
			return 0, err
		}
		snap, err := r.Table().Snapshot(ctx)
		if err != nil {
			return 0, err
		}
		return max(snap.Through, 1), nil // one that is current to nothing lets nothing go
	}
	return 0, nil
}
