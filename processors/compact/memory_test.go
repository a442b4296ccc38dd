package compact_test

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
)

// watched notes the heap whenever something is read or written.
type watched struct {
	*dir.Dir
	peak atomic.Int64
}

func (w *watched) look() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	for now := int64(m.HeapAlloc); ; {
		was := w.peak.Load()
		if now <= was || w.peak.CompareAndSwap(was, now) {
			return
		}
	}
}

func (w *watched) Put(ctx context.Context, key string, body []byte) error {
	w.look()
	return w.Dir.Put(ctx, key, body)
}

func (w *watched) PutScratch(ctx context.Context, key string, body []byte) error {
	w.look()
	return w.Dir.PutScratch(ctx, key, body)
}

// object is what Open gives.
type object = interface {
	io.ReaderAt
	io.Closer
}

func (w *watched) Open(ctx context.Context, key string) (object, int64, error) {
	r, size, err := w.Dir.Open(ctx, key)
	if err != nil {
		return nil, 0, err
	}
	return watchedFile{r, w}, size, nil
}

type watchedFile struct {
	object
	w *watched
}

func (f watchedFile) ReadAt(p []byte, at int64) (int, error) {
	f.w.look()
	return f.object.ReadAt(p, at)
}

// reservoir is a lake with many passes of one partition in it.
type reservoir struct {
	files  *watched
	h      compact.History
	rows   int
	passes *passes
}

// newReservoir commits passes in files of 20,000 rows; some rows come in two of them.
func newReservoir(t testing.TB, files, keys int) *reservoir {
	t.Helper()
	l := openReservoir(t, filepath.Join(t.TempDir(), "lake"))
	l.passes.keys = keys
	l.add(t, files)
	return l
}

// openReservoir opens what is in a folder.
func openReservoir(t testing.TB, root string) *reservoir {
	t.Helper()
	d, err := dir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	cat, err := tables.OpenFolder(t.Context(), root, tables.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := newPasses(t, 3)
	p.commit = 0
	l := &reservoir{files: &watched{Dir: d}, h: compact.History{Dataset: p.dataset}, passes: p}
	if l.h.Changes, err = cat.Table(t.Context(), tables.Changes(p.dataset)); err != nil {
		t.Fatal(err)
	}
	if l.h.Base, err = cat.Table(t.Context(), compact.BaseSpec(p.dataset)); err != nil {
		t.Fatal(err)
	}
	return l
}

// add commits so many more files. It keeps no batch: tests look at the heap.
func (l *reservoir) add(t testing.TB, files int) {
	t.Helper()
	const size = 20_000
	p, cols := l.passes, l.passes.dataset.ChangeColumns()
	enc := columns.NewEncoder(cols, columns.EncoderOptions{})
	batch, twice := columns.New(cols), columns.New(cols)
	for range files {
		p.commit++
		batch.Reset()
		if err := batch.AppendFrom(twice); err != nil {
			t.Fatal(err)
		}
		fresh := size - batch.Rows()
		p.add(batch, fresh)
		l.rows += fresh
		twice.Reset()
		if err := twice.Gather(batch, []int32{int32(size - 1), int32(size - 900)}); err != nil {
			t.Fatal(err)
		}
		body, stats := p.file(t, batch, enc)
		key := lake.DataKey(p.dataset.ChangesTable(), lake.DayPartition(p.dt, p.region), fmt.Sprintf("s%04d", p.commit))
		if err := l.files.Dir.Put(t.Context(), key, body); err != nil {
			t.Fatal(err)
		}
		snap, err := l.h.Changes.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.h.Changes.Append(t.Context(), snap, []tables.NewFile{p.newFile(stats, key)}, tables.Update{Marker: fmt.Sprint("m", p.commit), Commit: p.commit}); err != nil {
			t.Fatal(err)
		}
	}
}

// batches reads a table's files one after the other, in the order of their first keys.
func (l *reservoir) batches(t *testing.T, table *tables.Table, paths ...string) []*columns.Batch {
	t.Helper()
	snap, err := table.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := snap.Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var all []*columns.Batch
	for _, f := range files {
		key, err := lake.ParseURL(f.URL)
		if err != nil {
			t.Fatal(err)
		}
		r, size, err := l.files.Dir.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		b := columns.New(l.h.Dataset.ChangeColumns())
		if err := columns.Read(r, size, b, paths...); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// heap runs do and returns how far above its beginning the heap went, garbage included.
func (l *reservoir) heap(do func()) int64 {
	runtime.GC()
	l.files.peak.Store(0)
	l.files.look()
	before := l.files.peak.Load()
	do()
	return l.files.peak.Load() - before
}

// However large a partition is, merging it takes the memory it is given, and what it becomes is in the order of the keys
// from file to file, each identity once. Not parallel: it looks at the heap.
func TestAMergeKeepsItsMemory(t *testing.T) {
	const budget = 32 << 20
	l := newReservoir(t, 14, 0)
	c := compact.New(l.files, compact.Options{MemoryBytes: budget, Now: func() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) }})
	peak := l.heap(func() {
		if did, err := c.Merge(t.Context(), l.h); err != nil || !did {
			t.Fatalf("Merge = %t, %v", did, err)
		}
	})
	all := l.batches(t, l.h.Changes, "district", "thana", "_at", "_seq", "_commit")
	var decoded, rows int
	keys := []columns.SortKey{{Path: "district"}, {Path: "thana"}, {Path: "_at"}, {Path: "_seq"}}
	slices.SortFunc(all, func(a, b *columns.Batch) int { return columns.Compare(a, 0, b, 0, keys) })
	var last *columns.Batch
	seen := map[string]bool{}
	for _, b := range all {
		decoded += b.Size()
		rows += b.Rows()
		for i := range b.Rows() {
			if i > 0 && columns.Compare(b, i-1, b, i, keys) > 0 || i == 0 && last != nil && columns.Compare(last, last.Rows()-1, b, 0, keys) >= 0 {
				t.Fatal("rows are not in the order of the keys")
			}
			seen[string(b.Leaf("_seq").BytesAt(i))] = true
		}
		last = b
	}
	if rows != l.rows || len(seen) != l.rows || len(all) < 3 {
		t.Errorf("%d rows, %d identities in %d files; want %d, and several files", rows, len(seen), len(all), l.rows)
	}
	if int64(decoded) < 2*budget/3 {
		t.Errorf("the keys alone have %d bytes: the partition is too small to show anything", decoded)
	}
	t.Logf("the heap grew by %.1f MB", float64(peak)/1e6)
	if peak > budget {
		t.Errorf("the heap grew by %d bytes, the budget is %d", peak, budget)
	}
	if did, err := c.Merge(t.Context(), l.h); err != nil || did {
		t.Errorf("a second Merge = %t, %v", did, err)
	}
}

// A base that does not fit the memory comes out as one that does. Not parallel: it looks at the heap.
func TestABaseMergeKeepsItsMemory(t *testing.T) {
	const budget = 32 << 20
	l := newReservoir(t, 12, 150_000)
	merge := func(memory int64) {
		t.Helper()
		c := compact.New(l.files, compact.Options{MemoryBytes: memory, BaseRows: 1, Now: func() time.Time { return time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC) }})
		if did, err := c.MergeBase(t.Context(), l.h); err != nil || !did {
			t.Fatalf("MergeBase = %t, %v", did, err)
		}
	}
	peak := l.heap(func() { merge(budget) })
	t.Logf("the heap grew by %.1f MB", float64(peak)/1e6)
	if peak > budget {
		t.Errorf("the heap grew by %d bytes, the budget is %d", peak, budget)
	}
	l.checkBase(t)
}

// checkBase holds the base against the newest change of every key, and looks for files that nobody has.
func (l *reservoir) checkBase(t *testing.T) {
	t.Helper()
	want := map[string]string{}
	for _, b := range l.batches(t, l.h.Changes, "id", "_seq") {
		for i := range b.Rows() {
			id := string(b.Leaf("id").BytesAt(i))
			want[id] = max(want[id], string(b.Leaf("_seq").BytesAt(i)))
		}
	}
	n := 0
	for _, b := range l.batches(t, l.h.Base, "id", "_seq") {
		for i := range b.Rows() {
			n++
			if id := string(b.Leaf("id").BytesAt(i)); want[id] != string(b.Leaf("_seq").BytesAt(i)) {
				t.Fatalf("the base has %s of %s, want %s", b.Leaf("_seq").BytesAt(i), id, want[id])
			}
		}
	}
	if n != len(want) {
		t.Errorf("the base has %d rows, want %d", n, len(want))
	}
	if orphans, err := l.h.Base.Orphans(t.Context(), 0); err != nil || len(orphans) != 0 {
		t.Errorf("the merge left %v, %v", orphans, err)
	}
}
