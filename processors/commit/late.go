package commit

import (
	"context"
	"fmt"
	"slices"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
)

// openHoles returns the open holes of the stream if a batch of a shard lies below where the shard is. Such a batch has
// come again, or it has come late: what the hole that it lies in still lacks. Most passes have none, and ask nobody.
func (p *pass) openHoles(ctx context.Context, at lake.Watermarks) ([]Hole, error) {
	late := slices.ContainsFunc(p.batches, func(b *batch) bool {
		return b.landed != nil && lake.IsShard(b.Lane) && b.First <= at[b.Lane].Seq
	})
	if !late {
		return nil, nil
	}
	of := make([]*tables.Table, len(p.targets))
	for i, t := range p.targets {
		of[i] = t.table
	}
	open, err := p.book.Holes(ctx, of...)
	if err != nil {
		return nil, fmt.Errorf("look whether what comes late lies in a hole: %w", err)
	}
	return slices.DeleteFunc(open, func(h Hole) bool { return h.Stream != p.stream }), nil
}

// lookAgain asks for the open holes once more where somebody has committed to the table since the pass began: what was in
// order then may be late now.
func (p *pass) lookAgain(ctx context.Context, t *target, now *base) error {
	if now.ID == p.began[t] {
		return nil
	}
	open, err := p.openHoles(ctx, p.position(map[*target]*base{t: now}))
	if err == nil && open != nil {
		p.open = open
	}
	p.began[t] = now.ID
	return err
}

// inHole reports whether an open hole has the number. Its row may be missing from a table whose watermark is above it.
func (p *pass) inHole(lane string, seq string) bool {
	return slices.ContainsFunc(p.open, func(h Hole) bool {
		return h.Lane == lane && seq > string(h.After) && (h.Last == "" || seq <= string(h.Last))
	})
}

// late reports whether the batch lies in a hole, so that its rows have their place below others of its shard.
func (p *pass) late(b *batch) bool {
	return p.inHole(b.Lane, string(b.First)) || p.inHole(b.Lane, string(b.Last))
}
