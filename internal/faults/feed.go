package faults

import (
	"context"
	"sync"

	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
)

// Source is a change feed, as a reader uses it.
type Source interface {
	Shards(ctx context.Context, stream string) ([]feed.Shard, error)
	Read(ctx context.Context, stream string, shard feed.Shard, after lake.Seq, limit int) (feed.Page, error)
	Wait(ctx context.Context, stream string) error
}

// Feed is a change feed with faults: the steps feed.shards and feed.read, whose keys are <stream>/<shard>.
type Feed struct {
	in     *Injector
	source Source

	mu     sync.Mutex
	before map[string]lake.Seq // by shard: from where the last page was read
}

// Feed returns the source with the plan's faults.
func (i *Injector) Feed(source Source) *Feed {
	return &Feed{in: i, source: source, before: map[string]lake.Seq{}}
}

// Shards returns the shards.
func (f *Feed) Shards(ctx context.Context, stream string) (all []feed.Shard, err error) {
	err = f.in.around(ctx, "feed.shards", stream, func() error {
		all, err = f.source.Shards(ctx, stream)
		return err
	})
	return all, err
}

// Read reads a page. Again begins where the page before it began, so that the batch is that one enlarged; Cut reads half.
func (f *Feed) Read(ctx context.Context, stream string, shard feed.Shard, after lake.Seq, limit int) (page feed.Page, err error) {
	key := stream + "/" + shard.ID
	f.mu.Lock()
	earlier, read := f.before[key]
	f.before[key] = after
	f.mu.Unlock()
	r, struck := f.in.strike("feed.read", key)
	if !struck {
		return f.source.Read(ctx, stream, shard, after, limit)
	}
	if err := f.in.before(ctx, r, "feed.read"); err != nil {
		return page, err
	}
	switch {
	case r.What == Again && read:
		return f.source.Read(ctx, stream, shard, earlier, 2*limit)
	case r.What == Cut:
		return f.source.Read(ctx, stream, shard, after, max(1, limit/2))
	}
	page, err = f.source.Read(ctx, stream, shard, after, limit)
	if err == nil && r.What == Lose {
		return feed.Page{}, r.fault("feed.read")
	}
	return page, err
}

// Wait waits for news.
func (f *Feed) Wait(ctx context.Context, stream string) error { return f.source.Wait(ctx, stream) }
