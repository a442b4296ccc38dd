package dynamo_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest/storetest"
	"github.com/tarn-lake/tarn/processors/stream"
	"github.com/tarn-lake/tarn/processors/stream/dynamo"
)

var _ stream.Feed = (*dynamo.Feed)(nil)

func TestFeed(t *testing.T) {
	t.Parallel()
	for _, gaps := range []int{0, 2} {
		t.Run(fmt.Sprint(gaps, " empty pages before records"), func(t *testing.T) {
			t.Parallel()
			storetest.RunFeed(t, func(t testing.TB) storetest.Feed {
				since := time.Now()
				s, f := mustServe(t, dynamo.Options{Refresh: -1})
				s.gaps = gaps
				return storetest.Feed{
					Store: s.store, Feed: f, Since: since, Poll: true,
					Rotate: func(ctx context.Context) error { return s.store.Rotate(ctx, storetest.Stream) },
					Trim: func(ctx context.Context) error {
						_, err := s.store.Trim(ctx, time.Now().Add(48*time.Hour))
						return err
					},
					Expire: func(ctx context.Context, at time.Time) error {
						_, err := s.store.SweepTTL(ctx, at)
						return err
					},
				}
			})
		})
	}
}
