package compact

import (
	"context"
	"fmt"
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

// Sweep removes files that no snapshot has and that are older than a grace that no commit outlasts.
func (c *Compactor) Sweep(ctx context.Context, t *tables.Table) error {
	_, err := t.Sweep(ctx, max(c.opts.Grace, 15*time.Minute))
	return err
}
