package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// noted is what the ledger has of one lane's holes in one of its snapshots.
type noted struct {
	snapshot     int64
	stream, lane string
	holes        []lake.Hole
}

// Noted returns the holes of a lane that the ledger has ever noted, those that are closed too, in any order. It reads the
// files that may tell of the lane; asked again for the same lane, it reads none until the ledger changes.
func (b *Book) Noted(ctx context.Context, stream, lane string) ([]lake.Hole, error) {
	now, err := b.table.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return b.noted(ctx, now, stream, lane)
}

func (b *Book) noted(ctx context.Context, now *tables.Snapshot, stream, lane string) ([]lake.Hole, error) {
	b.mu.Lock()
	last := b.last
	b.mu.Unlock()
	if last.snapshot == now.ID && last.stream == stream && last.lane == lane {
		return last.holes, nil
	}
	found := noted{snapshot: now.ID, stream: stream, lane: lane}
	files, err := now.Having(ctx, tables.Filter{}, func(bounds tables.Bounds) bool {
		low, high := bounds(schemas.ColLane)
		return (low == nil || string(low) <= lane) && (high == nil || string(high) >= lane)
	})
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := b.holesIn(ctx, f, &found); err != nil {
			return nil, fmt.Errorf("read which holes of lane %s are noted: %w", lane, err)
		}
	}
	b.mu.Lock()
	b.last = found
	b.mu.Unlock()
	return found.holes, nil
}

// holesIn adds the lane's holes that one file tells of.
func (b *Book) holesIn(ctx context.Context, f tables.File, found *noted) error {
	return b.read(ctx, f, []string{"kind", schemas.ColLane, "hole", "detail"}, func(batch *columns.Batch, i int) error {
		if text(batch, "kind", i) != kindHole || text(batch, schemas.ColLane, i) != found.lane {
			return nil
		}
		var h lake.Hole
		if err := json.Unmarshal([]byte(text(batch, "detail", i)), &h); err != nil {
			return fmt.Errorf("read hole %s of the ledger: %w", text(batch, "hole", i), err)
		}
		if h.Stream == found.stream && !slices.ContainsFunc(found.holes, func(o lake.Hole) bool { return o.ID == h.ID }) {
			found.holes = append(found.holes, h)
		}
		return nil
	})
}
