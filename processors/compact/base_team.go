package compact

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/internal/tables"
)

// team returns merges that do parts of this one, each with encoders and a share of the memory of its own.
func (b *baseMerge) team() []*baseMerge {
	team := make([]*baseMerge, b.opts.Workers)
	for i := range team {
		w, m := *b, *b.merger
		w.merger = &m
		m.old, m.files, m.rows, m.memory = nil, nil, 0, b.share()
		w.encoders()
		team[i] = &w
	}
	return team
}

// gather takes over what the team did, in the order of the buckets.
func (b *baseMerge) gather(team []*baseMerge) {
	for _, w := range team {
		b.old, b.files, b.rows = append(b.old, w.old...), append(b.files, w.files...), b.rows+w.rows
	}
	slices.SortStableFunc(b.old, func(x, y tables.File) int { return cmp.Compare(x.Bucket, y.Bucket) })
	slices.SortStableFunc(b.files, func(x, y tables.NewFile) int { return cmp.Compare(x.Bucket, y.Bucket) })
}

// share is what each worker of a merge may have in memory.
func (c *Compactor) share() int64 { return c.opts.MemoryBytes / int64(c.opts.Workers) }

// share has each of the team do its work, and returns the first error, which stops the others.
func share[T any](ctx context.Context, team []T, do func(context.Context, T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, w := range team {
		g.Go(func() error { return do(ctx, w) })
	}
	return g.Wait()
}
