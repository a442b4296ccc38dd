//go:build integration

package compact_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
)

// closingEnv says how many rows the day has, how many of them a file, the memory in MB and how many workers share it.
const closingEnv = "TARN_CLOSING_ROWS"

// BenchmarkClosingADay closes a day that does not fit the memory, of files that earlier merges left, range by range and by
// way of spills, in turns. Ratios are of processor time, medians of the rounds.
func BenchmarkClosingADay(b *testing.B) {
	rows, size, memory, workers := 2_000_000, 300_000, int64(256), 1
	if text := os.Getenv(closingEnv); text != "" {
		if _, err := fmt.Sscanf(text, "%d/%d/%d/%d", &rows, &size, &memory, &workers); err != nil {
			b.Fatalf("%s=%s: want rows/rows of a file/megabytes/workers", closingEnv, text)
		}
	}
	d := benchDay(b, rows, size)
	ways := map[string]float64{"ranges": math.Inf(1), "spills": 0}
	used, took := map[string][]time.Duration{}, map[string][]time.Duration{}
	for b.Loop() {
		for _, way := range []string{"ranges", "spills"} {
			began, before := time.Now(), cpuTime(b)
			c := compact.New(d.files.Dir, compact.Options{MemoryBytes: memory << 20, Workers: workers, Now: func() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) }})
			if did, err := c.Spilling(ways[way], 2<<30).Merge(b.Context(), d.h); err != nil || !did {
				b.Fatalf("Merge = %t, %v", did, err)
			}
			used[way] = append(used[way], cpuTime(b)-before)
			took[way] = append(took[way], time.Since(began))
			b.Logf("%s: %.1f s of processor time, %.1f s", way, used[way][len(used[way])-1].Seconds(), took[way][len(took[way])-1].Seconds())
			d.putBack(b)
		}
	}
	for way, all := range used {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Nanoseconds())/float64(rows), way+"-ns/row")
	}
	b.ReportMetric(float64(used["ranges"][len(used["ranges"])/2])/float64(used["spills"][len(used["spills"])/2]), "x")
}

// benchmarkedDay can be closed again and again.
type benchmarkedDay struct {
	*reservoir
	made  []tables.NewFile
	round int
}

func benchDay(b *testing.B, rows, size int) *benchmarkedDay {
	b.Helper()
	d := &benchmarkedDay{reservoir: openReservoir(b, filepath.Join(b.TempDir(), "lake"))}
	p, cols := d.passes, d.h.Dataset.ChangeColumns()
	enc, batch := columns.NewEncoder(cols, columns.EncoderOptions{Codec: columns.Zstd}), columns.New(cols)
	for at := 0; at < rows; at += size {
		p.commit++
		batch.Reset()
		p.add(batch, min(size, rows-at))
		body, stats := p.file(b, batch, enc)
		key := lake.DataKey(p.dataset.ChangesTable(), lake.DayPartition(p.dt, p.region), "c-"+strconv.Itoa(at))
		if err := d.files.Dir.Put(b.Context(), key, body); err != nil {
			b.Fatal(err)
		}
		d.made = append(d.made, p.newFile(stats, key))
	}
	snap, err := d.h.Changes.Snapshot(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := d.h.Changes.Append(b.Context(), snap, d.made, tables.Update{Marker: "m", Commit: p.commit}); err != nil {
		b.Fatal(err)
	}
	return d
}

// putBack has the table as it was, and removes what was made.
func (d *benchmarkedDay) putBack(b *testing.B) {
	b.Helper()
	d.round++
	snap, err := d.h.Changes.Snapshot(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	closed, err := snap.Files(b.Context(), tables.Filter{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := d.h.Changes.Replace(b.Context(), snap, closed, d.made, tables.Update{Marker: fmt.Sprint("back", d.round)}); err != nil {
		b.Fatal(err)
	}
	for _, f := range closed {
		if err := os.Remove(f.Path); err != nil {
			b.Fatal(err)
		}
	}
}
