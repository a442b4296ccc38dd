package land_test

import (
	"context"
	"testing"

	"github.com/tarn-lake/tarn/processors/land"
)

// nowhere takes objects and keeps none.
type nowhere struct{}

func (nowhere) Put(context.Context, string, []byte) error { return nil }

func BenchmarkLand(b *testing.B) {
	l := mustLander(b, nowhere{}, land.Options{})
	batch := land.Batch{Stream: passes, Lane: "label/shard-1", Body: body(0, 1000)}
	b.SetBytes(int64(len(batch.Body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Land(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/record")
}
