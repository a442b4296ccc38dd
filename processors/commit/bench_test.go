package commit_test

import (
	"fmt"
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
)

// BenchmarkCommit commits 100 landed batches of 1,000 rows each, in 8 regions, and reports rows a second.
func BenchmarkCommit(b *testing.B) {
	const batches, size = 100, 1000
	regions := []string{"barishal", "chattogram", "dhaka", "khulna", "mymensingh", "rajshahi", "rangpur", "sylhet"}
	w := newWorld(b, b.TempDir())
	var objects [][]byte
	var names []lake.LandedName
	for n := range batches {
		rows := make([]rec, size)
		for i := range rows {
			rows[i] = pass("s/1", n*size+i+1)
			rows[i].region = regions[i%len(regions)]
		}
		l := w.landed(b, "s/1", note{first: n*size + 1, last: (n + 1) * size, after: n * size, begin: n == 0}, rows...)
		objects, names = append(objects, lake.AppendLanded(nil, l)), append(names, l.LandedName)
	}
	for b.Loop() {
		b.StopTimer()
		fresh := newWorld(b, b.TempDir())
		for i, body := range objects {
			if err := fresh.files.Put(b.Context(), names[i].Key(), body); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		if report := fresh.commit(b); report.Rows() != batches*size {
			b.Fatal(fmt.Sprint(report))
		}
	}
	b.ReportMetric(float64(batches*size*b.N)/b.Elapsed().Seconds(), "rows/s")
}
