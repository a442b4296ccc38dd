package embedded_test

import (
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/record"
)

// scanned is a store of 100,000 passes, of which every second has been changed since.
func scanned(b *testing.B) *embedded.Store {
	b.Helper()
	s := openBench(b)
	const passes, apart = 100_000, 5_000
	var writes []embedded.Bulk
	put := func(n int, status string) {
		item := benchPass(n)
		item["status"] = record.String(status)
		at := time.Unix(1763600000+int64(n), 0)
		if writes = append(writes, embedded.Bulk{At: at, Actions: []ingest.Action{{Kind: ingest.Put, Table: "passes", Item: item}}}); len(writes) < 1000 {
			return
		}
		if err := s.WriteBulk(b.Context(), writes); err != nil {
			b.Fatal(err)
		}
		writes = writes[:0]
	}
	for n := range passes + apart {
		if n < passes {
			put(n, "APPLIED")
		}
		if n >= apart && n%2 == 0 {
			put(n-apart, "APPROVED")
		}
	}
	return s
}

// BenchmarkImages reads every item of a table as it is stored.
func BenchmarkImages(b *testing.B) {
	s := scanned(b)
	began, items := cpuTime(), 0
	b.ResetTimer()
	for range b.N {
		err := s.Images(b.Context(), "passes", func([]byte) error { items++; return nil })
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime()-began).Nanoseconds())/float64(items), "ns-cpu/item")
}

// BenchmarkGet reads items here and there of a store that is five times the cache.
func BenchmarkGet(b *testing.B) {
	s := scanned(b)
	began := cpuTime()
	b.ResetTimer()
	for i := range b.N {
		key := ingest.Key{Partition: benchPass(int(uint32(i) * 2654435761 % 100_000))["id"]}
		if _, err := s.Get(b.Context(), "passes", key); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime()-began).Nanoseconds())/float64(b.N), "ns-cpu/item")
}
