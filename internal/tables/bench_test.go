package tables_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tarn-lake/tarn/internal/tables"
)

// BenchmarkCommits commits 8 files of 45 columns 300 times, planning after each as readers do, with upkeep every 50
// commits. It reports the median of the first and of the last 50 commits, which must stay close.
func BenchmarkCommits(b *testing.B) {
	for b.Loop() {
		l := newLake(b)
		tab := l.table(b, passes())
		snap := l.now(b, tab)
		var commits, plans, upkeep []time.Duration
		for n := int64(1); n <= 300; n++ {
			var files []tables.NewFile
			for range 8 {
				files = append(files, l.write(b, "2026-11-20", n))
			}
			at := time.Now()
			next, err := tab.Append(b.Context(), snap, files, tables.Update{Marker: uuid.NewString(), Commit: n})
			if err != nil {
				b.Fatal(err)
			}
			snap = next
			commits = append(commits, time.Since(at))
			at = time.Now()
			if got := len(l.files(b, snap, tables.Filter{})); got != int(n)*8 {
				b.Fatalf("%d files, want %d", got, n*8)
			}
			plans = append(plans, time.Since(at))
			if n%50 == 0 {
				at = time.Now()
				if _, err := tab.Expire(b.Context(), 100, 0); err != nil {
					b.Fatal(err)
				}
				upkeep = append(upkeep, time.Since(at))
				snap = l.now(b, tab)
			}
		}
		report := func(of []time.Duration, name string) {
			slices.Sort(of)
			b.ReportMetric(float64(of[len(of)/2].Microseconds())/1000, name+"-ms")
			b.ReportMetric(float64(of[len(of)-1].Microseconds())/1000, name+"-max-ms")
		}
		report(commits[:50], "first-commit")
		report(commits[250:], "last-commit")
		report(plans[250:], "last-plan")
		report(upkeep, "expire")
	}
}
