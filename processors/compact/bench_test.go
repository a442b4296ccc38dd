//go:build integration

package compact_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
)

const (
	benchFiles = 1000
	benchRows  = 1000
	benchEnv   = "TARN_COMPACT_BENCH" // who is to merge which folder, in a process of its own
)

// outcome is what one process of the benchmark measured of itself.
type outcome struct {
	Rows   int64
	Bytes  int64
	CPU    time.Duration
	Took   time.Duration
	PeakMB float64
}

// BenchmarkCompaction merges 1,000 files of 1,000 rows, of which 1 % have an identity that another row has, into files
// that are sorted and have each identity once: ours, DuckDB's and parquet-go's, each in a process of its own on one core,
// in turns. Ratios are of CPU time, medians of the rounds.
func BenchmarkCompaction(b *testing.B) {
	root := filepath.Join(b.TempDir(), "lake")
	benchLake(b, root)
	whos := []string{"ours", "duckdb", "parquet-go"}
	got := map[string][]outcome{}
	for b.Loop() {
		for _, who := range whos {
			got[who] = append(got[who], benchProcess(b, who, root))
		}
	}
	mid := map[string]outcome{}
	for _, who := range whos {
		all := got[who]
		slices.SortFunc(all, func(x, y outcome) int { return int(x.CPU - y.CPU) })
		mid[who] = all[len(all)/2]
		m := mid[who]
		if m.Rows != mid["ours"].Rows {
			b.Fatalf("%s has %d rows, ours %d", who, m.Rows, mid["ours"].Rows)
		}
		b.Logf("%-10s %8.0f ms CPU %8.0f ms %6.0f MB peak %9d rows %5.1f MB out", who, float64(m.CPU.Milliseconds()), float64(m.Took.Milliseconds()), m.PeakMB, m.Rows, float64(m.Bytes)/1e6)
		b.ReportMetric(float64(m.CPU.Milliseconds()), who+"-ms")
		b.ReportMetric(m.PeakMB, who+"-MB")
	}
	b.ReportMetric(float64(mid["duckdb"].CPU)/float64(mid["ours"].CPU), "x-duckdb")
	b.ReportMetric(float64(mid["parquet-go"].CPU)/float64(mid["ours"].CPU), "x-parquet-go")
}

// benchLake makes the small files and a table of them.
func benchLake(b *testing.B, root string) {
	b.Helper()
	files, err := dir.Open(root)
	if err != nil {
		b.Fatal(err)
	}
	p := newPasses(b, 1)
	cat, err := tables.OpenFolder(b.Context(), root, tables.Options{})
	if err != nil {
		b.Fatal(err)
	}
	tab, err := cat.Table(b.Context(), tables.Changes(p.dataset))
	if err != nil {
		b.Fatal(err)
	}
	cols := p.dataset.ChangeColumns()
	enc := columns.NewEncoder(cols, columns.EncoderOptions{})
	before := columns.New(cols)
	var all []tables.NewFile
	for i := range benchFiles {
		batch := columns.New(cols)
		again := 0
		if i > 0 {
			again = benchRows / 100
			if err := batch.Gather(before, before.SortOrder(nil)[:again]); err != nil {
				b.Fatal(err)
			}
		}
		p.add(batch, benchRows-again)
		before = columns.New(cols)
		if err := before.Gather(batch, batch.SortOrder([]columns.SortKey{{Path: "_seq", Desc: true}})[:again+10]); err != nil {
			b.Fatal(err)
		}
		body, stats := p.file(b, batch, enc)
		key := lake.DataKey(p.dataset.ChangesTable(), lake.DayPartition(p.dt, p.region), fmt.Sprintf("s%04d", i))
		if err := files.Put(b.Context(), key, body); err != nil {
			b.Fatal(err)
		}
		all = append(all, p.newFile(stats, key))
	}
	snap, err := tab.Snapshot(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := tab.Append(b.Context(), snap, all, tables.Update{Marker: "m", Commit: 1}); err != nil {
		b.Fatal(err)
	}
}

func benchProcess(b *testing.B, who, root string) outcome {
	b.Helper()
	work := filepath.Join(b.TempDir(), who)
	if err := os.CopyFS(work, os.DirFS(root)); err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(work)
	cmd := exec.Command(os.Args[0], "-test.run", "^TestBenchProcess$", "-test.v")
	cmd.Env = append(os.Environ(), benchEnv+"="+who+":"+work, "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	var o outcome
	_, text, _ := bytes.Cut(out, []byte("outcome: "))
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&o); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return o
}

// TestBenchProcess is the other process of BenchmarkCompaction.
func TestBenchProcess(t *testing.T) {
	who, root, ok := strings.Cut(os.Getenv(benchEnv), ":")
	if !ok {
		t.Skip(benchEnv + " not set: only the benchmark runs this")
	}
	inputs, err := filepath.Glob(filepath.Join(root, "tables/*/data/*/*/*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range inputs { // into the page cache
		if _, err := os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	out := filepath.Join(root, "out.parquet")
	cpu, began := cpuTime(t), time.Now()
	var o outcome
	switch who {
	case "ours":
		o.Rows, o.Bytes = mergeOurs(t, root)
	case "duckdb":
		o.Rows = mergeDuckDB(t, inputs, out)
	case "parquet-go":
		o.Rows = mergeParquetGo(t, inputs, out)
	}
	o.CPU, o.Took = cpuTime(t)-cpu, time.Since(began)
	if info, err := os.Stat(out); err == nil {
		o.Bytes = info.Size()
	}
	o.PeakMB = peakMB(t)
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("outcome: %s\n", text)
}

func cpuTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func peakMB(t *testing.T) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc here")
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	var kb float64
	if _, err := fmt.Sscan(after, &kb); err != nil {
		t.Fatal(err)
	}
	return kb / 1024
}

func mergeOurs(t *testing.T, root string) (rows, size int64) {
	files, err := dir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	cat, err := tables.OpenFolder(t.Context(), root, tables.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := newPasses(t, 1).dataset
	tab, err := cat.Table(t.Context(), tables.Changes(d))
	if err != nil {
		t.Fatal(err)
	}
	c := compact.New(files, compact.Options{MemoryBytes: 1 << 30, Now: func() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) }})
	if did, err := c.Merge(t.Context(), compact.History{Dataset: d, Changes: tab}); err != nil || !did {
		t.Fatalf("Merge = %t, %v", did, err)
	}
	snap, err := tab.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now, err := snap.Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range now {
		rows, size = rows+f.Rows, size+f.Size
	}
	return rows, size
}

// mergeDuckDB drops rows that are equal in all columns, which here are those with equal identities, because that is the
// fastest way that it has: DISTINCT ON takes a third longer.
func mergeDuckDB(t *testing.T, inputs []string, out string) (rows int64) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, text := range []string{"SET threads = 1", "SET preserve_insertion_order = true",
		fmt.Sprintf(`COPY (SELECT DISTINCT * FROM read_parquet('%s') ORDER BY district, thana, _at, _seq)
			TO '%s' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)`, filepath.Dir(inputs[0])+"/*.parquet", out)} {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.QueryRow(fmt.Sprintf("SELECT count(*) FROM '%s'", out)).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// mergeParquetGo merges sorted row groups as the library does, and drops rows whose identity the last one had.
func mergeParquetGo(t *testing.T, inputs []string, out string) (n int64) {
	var groups []parquet.RowGroup
	for _, path := range inputs {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		pf, err := parquet.OpenFile(f, info.Size(), parquet.SkipBloomFilters(true))
		if err != nil {
			t.Fatal(err)
		}
		groups = append(groups, pf.RowGroups()...)
	}
	merged, err := parquet.MergeRowGroups(groups, parquet.SortingRowGroupConfig(parquet.SortingColumns(
		parquet.Ascending("district"), parquet.Ascending("thana"), parquet.Ascending("_at"), parquet.Ascending("_seq"))))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewWriter(f, merged.Schema(), parquet.Compression(&parquet.Zstd), parquet.DataPageVersion(1), parquet.MaxRowsPerRowGroup(100_000))
	identity := make([]int, 0, 3)
	for _, name := range []string{"_shard", "_seq", "_op"} {
		leaf, ok := merged.Schema().Lookup(name)
		if !ok {
			t.Fatal("no column " + name)
		}
		identity = append(identity, leaf.ColumnIndex)
	}
	rows := merged.Rows()
	defer rows.Close()
	buf, last, now := make([]parquet.Row, 1000), []byte{0}, []byte(nil)
	for {
		got, err := rows.ReadRows(buf)
		kept := buf[:0:0]
		for _, r := range buf[:got] {
			now = now[:0]
			for _, c := range identity {
				now = append(append(now, r[c].ByteArray()...), 0)
			}
			if !bytes.Equal(now, last) {
				kept, last = append(kept, r), append(last[:0], now...)
			}
		}
		if _, err := w.WriteRows(kept); err != nil {
			t.Fatal(err)
		}
		n += int64(len(kept))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}
