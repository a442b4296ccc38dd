package embedded_test

import (
	"context"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/ingest/storetest"
	"github.com/tarn-lake/tarn/processors/stream"
)

func TestFeed(t *testing.T) {
	t.Parallel()
	storetest.RunFeed(t, func(t testing.TB) storetest.Feed {
		since := time.Now()
		s := open(t, embedded.Options{})
		return storetest.Feed{
			Store: s, Feed: s, Since: since,
			Rotate: func(ctx context.Context) error { return s.Rotate(ctx, storetest.Stream) },
			Split:  func(ctx context.Context, shard string) error { return s.Split(ctx, storetest.Stream, shard) },
			Merge:  func(ctx context.Context, a, b string) error { return s.Merge(ctx, storetest.Stream, a, b) },
			Trim: func(ctx context.Context) error {
				_, err := s.Trim(ctx, time.Now().Add(48*time.Hour))
				return err
			},
			Expire: func(ctx context.Context, at time.Time) error {
				_, err := s.SweepTTL(ctx, at)
				return err
			},
			Joined: func(shards []stream.Shard) (a, b stream.Shard) { return shards[len(shards)-2], shards[len(shards)-1] },
		}
	})
}
