package stream_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/stream"
)

// broad is a feed of many closed shards, each with one child of one record.
type broad []stream.Shard

func (b broad) Shards(context.Context, string) ([]stream.Shard, error) { return slices.Clone(b), nil }

func (b broad) Read(_ context.Context, _ string, s stream.Shard, after lake.Seq, _ int) (stream.Page, error) {
	if s.Closed || after != "" {
		return stream.Page{End: true, Now: time.Unix(1, 0)}, nil
	}
	return stream.Page{End: true, Now: time.Unix(1, 0), First: pad(1), Last: pad(1), Records: 1, Body: []byte("1")}, nil
}

func (b broad) Wait(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

// BenchmarkManyShards is the time that a shard and its child take from the first look on. It is to be the same however
// many there are.
func BenchmarkManyShards(b *testing.B) {
	for _, n := range []int{500, 5000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			var feed broad
			for i := range n {
				id := fmt.Sprintf("shard-%06d", i)
				feed = append(feed, stream.Shard{Label: "l", ID: id, Closed: true}, stream.Shard{Label: "l", ID: id + "-child", Parents: []string{id}})
			}
			for b.Loop() {
				sh := &shore{each: make(chan string, n)}
				ctx, cancel := context.WithCancel(b.Context())
				done := make(chan error, 1)
				go func() {
					done <- stream.New(feed, sh, stream.NewProgress(), stream.Options{Wait: noWait, Every: time.Hour}).Run(ctx, "s", nil)
				}()
				for range n {
					<-sh.each
				}
				cancel()
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/shard")
		})
	}
}
