package node_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/demo"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

// mustFolder makes an empty data folder.
func mustFolder(tb testing.TB, s config.Up) {
	tb.Helper()
	n, err := node.Open(tb.Context(), s, node.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	if err := n.Close(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// fill writes three days of the demo's history into a data folder's store.
func fill(tb testing.TB, data string, passes int) {
	tb.Helper()
	fillDays(tb, data, passes, 3)
}

func fillDays(tb testing.TB, data string, passes, days int) {
	tb.Helper()
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	store, err := embedded.Open(filepath.Join(data, "store"), ingest.Tables(registry), embedded.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			tb.Fatal(err)
		}
	}()
	end := time.Now().UTC().Truncate(time.Hour)
	h, err := demo.NewHistory(registry, demo.Plan{Seed: 7, Applicants: passes / 8, Passes: passes, Days: days, End: end})
	if err != nil {
		tb.Fatal(err)
	}
	var writes []embedded.Bulk
	flush := func() {
		if err := store.WriteBulk(tb.Context(), writes); err != nil {
			tb.Fatal(err)
		}
		writes = writes[:0]
	}
	for _, e := range h.All(0) {
		if writes = append(writes, embedded.Bulk{At: e.At, Actions: e.Actions}); len(writes) == 1000 {
			flush()
		}
	}
	flush()
}

// cpu returns the processor time that this process has used.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkVerify compares 100,000 passes of a folder that rests, with the state of the store and with its change feed.
// It reports records, or changes, a second of one core's time, each of them read on both sides.
func BenchmarkVerify(b *testing.B) {
	data := filepath.Join(b.TempDir(), "data")
	s := mustSettings(b, data, "")
	mustFolder(b, s)
	fill(b, data, 100_000)
	s.QueryMemory = 256
	n, err := node.Open(b.Context(), s, node.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer n.Close(b.Context())
	ask := func(b *testing.B, changes bool) (records int64) {
		var reports []verify.Report
		if err := n.Do(b.Context(), "verify", node.VerifyArgs{Datasets: []string{"passes"}, Changes: changes}, &reports, node.Silent); err != nil {
			b.Fatal(err)
		}
		if !reports[0].Clean() || reports[0].StoreSum != reports[0].LakeSum {
			b.Fatalf("got %+v", reports[0])
		}
		return reports[0].Store
	}
	ask(b, false) // everything lands and is committed
	if err := n.Do(b.Context(), "compact", struct{}{}, nil, node.Silent); err != nil {
		b.Fatal(err)
	}
	for name, changes := range map[string]bool{"state": false, "changes": true} {
		b.Run(name, func(b *testing.B) {
			began, records := cpu(b), int64(0)
			for range b.N {
				records += ask(b, changes)
			}
			b.ReportMetric(float64(records)/(cpu(b)-began).Seconds(), "records/core-s")
		})
	}
}
