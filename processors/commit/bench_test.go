package commit_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
)

// BenchmarkCommit commits landed batches of 1,000 rows each, in 8 regions, from few and many lanes, and reports rows a
// second, and how many bytes the heap held at most after a collection.
func BenchmarkCommit(b *testing.B) {
	for _, c := range []struct{ lanes, batches, size int }{{1, 400, 1000}, {100, 400, 1000}, {4000, 4000, 100}} {
		b.Run(fmt.Sprintf("%d rows of %d lanes", c.batches*c.size, c.lanes), func(b *testing.B) {
			objects, names := landedPasses(b, c.lanes, c.batches, c.size)
			var peak atomic.Int64
			for b.Loop() {
				b.StopTimer()
				fresh := newWorld(b, scratch(b))
				for i, body := range objects {
					if err := fresh.files.Put(b.Context(), names[i].Key(), body); err != nil {
						b.Fatal(err)
					}
				}
				runtime.GC()
				before := heap()
				fresh.hook(func(step, _ string) error {
					if step == "file write" {
						peak.Store(max(peak.Load(), heap()-before))
					}
					return nil
				})
				b.StartTimer()
				if report := fresh.commit(b); report.Rows() != int64(c.batches*c.size) {
					b.Fatal(fmt.Sprint(report))
				}
			}
			b.ReportMetric(float64(c.batches*c.size*b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(peak.Load())/1e6, "MB-heap")
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func landedPasses(b *testing.B, lanes, batches, size int) (objects [][]byte, names []lake.LandedName) {
	b.Helper()
	regions := []string{"barishal", "chattogram", "dhaka", "khulna", "mymensingh", "rajshahi", "rangpur", "sylhet"}
	w := newWorld(b, b.TempDir())
	for n := range batches {
		lane, at := fmt.Sprintf("s/%d", n%lanes), n/lanes*size
		rows := make([]rec, size)
		for i := range rows {
			rows[i] = pass(lane, at+i+1)
			rows[i].region = regions[i%len(regions)]
		}
		l := w.landed(b, lane, note{first: at + 1, last: at + size, after: at, begin: at == 0}, rows...)
		objects, names = append(objects, lake.AppendLanded(nil, l)), append(names, l.LandedName)
	}
	return objects, names
}
