package tables_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/schemas"
)

// testLake is a lake of its own, with the table that was opened last.
type testLake struct {
	root    string // the folder that holds its files
	connect func(t testing.TB, opts tables.Options) *tables.Catalog
	cat     *tables.Catalog
	tab     *tables.Table
	before  func(step, key string) error
}

// opener makes an empty lake.
type opener func(t testing.TB) *testLake

// newLake is a lake in a folder.
func newLake(t testing.TB) *testLake {
	t.Helper()
	root := scratch(t)
	l := &testLake{root: root, connect: func(t testing.TB, opts tables.Options) *tables.Catalog {
		t.Helper()
		cat, err := tables.OpenFolder(t.Context(), root, opts)
		if err != nil {
			t.Fatal(err)
		}
		return cat
	}}
	l.open(t)
	return l
}

// scratch is a folder in memory where the system has one: these tests sync thousands of times. Benchmarks use the disk.
func scratch(t testing.TB) string {
	t.Helper()
	if _, ok := t.(*testing.B); ok {
		return t.TempDir()
	}
	root, err := os.MkdirTemp("/dev/shm", "tarn-tables-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	return root
}

func (l *testLake) open(t testing.TB) {
	t.Helper()
	l.cat = l.connect(t, tables.Options{Before: func(step, key string) error {
		if l.before == nil {
			return nil
		}
		return l.before(step, key)
	}})
}

// reopen is the next process on the same lake, with the same table open.
func (l *testLake) reopen(t testing.TB) *testLake {
	t.Helper()
	next := &testLake{root: l.root, connect: l.connect}
	next.open(t)
	if l.tab != nil {
		tab, err := next.cat.Existing(t.Context(), l.tab.Name())
		if err != nil {
			t.Fatal(err)
		}
		next.tab = tab
	}
	return next
}

func (l *testLake) table(t testing.TB, spec tables.Spec) *tables.Table {
	t.Helper()
	tab, err := l.cat.Table(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	l.tab = tab
	return tab
}

// now is the state of the table, as this process of the lake sees it.
func (l *testLake) now(t testing.TB, _ *tables.Table) *tables.Snapshot {
	t.Helper()
	snap, err := l.tab.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func (l *testLake) append(t testing.TB, tab *tables.Table, base *tables.Snapshot, commit int64, marks lake.Watermarks, days ...string) *tables.Snapshot {
	t.Helper()
	var files []tables.NewFile
	for _, day := range days {
		files = append(files, l.write(t, day, commit))
	}
	snap, err := tab.Append(t.Context(), base, files, tables.Update{
		Marker: uuid.NewString(), Commit: commit, Watermarks: marks, Summary: map[string]string{"rows": fmt.Sprint(10 * len(days))},
	})
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// write makes a file of ten rows that claim to come from the commit.
func (l *testLake) write(t testing.TB, day string, commit int64) tables.NewFile {
	t.Helper()
	key := lake.DataKey(l.tab.Name(), lake.DayPartition(day, "dhaka"), uuid.NewString())
	path := filepath.Join(l.root, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("PAR1"), 0o600); err != nil {
		t.Fatal(err)
	}
	stats := tables.Stats{Sizes: map[int]int64{}, Values: map[int]int64{}, Nulls: map[int]int64{}, Lower: map[int][]byte{4: le64(commit)}, Upper: map[int][]byte{4: le64(commit)}}
	for id := 1; id <= 45; id++ {
		stats.Sizes[id], stats.Values[id], stats.Nulls[id] = 100, 10, 0
		if id > 4 {
			stats.Lower[id], stats.Upper[id] = []byte("aaaaaaaaaaaaaaaa"), []byte("zzzzzzzzzzzzzzzz")
		}
	}
	return tables.NewFile{URL: lake.URL(key), Rows: 10, Size: 4, Dt: day, Region: "dhaka", Stats: stats}
}

func (l *testLake) files(t testing.TB, snap *tables.Snapshot, filter tables.Filter) []tables.File {
	t.Helper()
	found, err := snap.Files(t.Context(), filter)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (l *testLake) metadataFiles(t testing.TB) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(l.root, "tables/*/metadata/*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// passes is a history with the system columns, many declared ones and one of each nested type.
func passes() tables.Spec {
	cols := []schemas.Column{
		{Name: schemas.ColOp, ID: 1, Type: schemas.String, Required: true},
		{Name: schemas.ColShard, ID: 2, Type: schemas.String, Required: true},
		{Name: schemas.ColSeq, ID: 3, Type: schemas.String, Required: true},
		{Name: schemas.ColCommit, ID: 4, Type: schemas.Int64, Required: true},
		{Name: schemas.ColAt, ID: 5, Type: schemas.Timestamp, Required: true},
		{Name: schemas.ColDate, ID: 6, Type: schemas.Day, Required: true},
		{Name: schemas.ColRegion, ID: 7, Type: schemas.String, Required: true},
		{Name: "district", ID: 8, Type: schemas.String},
	}
	for id := 9; id <= 45; id++ {
		cols = append(cols, schemas.Column{Name: fmt.Sprintf("f%d", id), ID: id, Type: schemas.String})
	}
	cols = append(cols,
		schemas.Column{Name: "fee", ID: 46, Type: schemas.Decimal, Precision: 20, Scale: 2},
		schemas.Column{Name: "tags", ID: 47, Type: schemas.Map, Key: &schemas.Column{Name: "key", ID: 48, Type: schemas.String, Required: true}, Elem: &schemas.Column{Name: "value", ID: 49, Type: schemas.Binary}},
		schemas.Column{Name: "address", ID: 50, Type: schemas.Object, Fields: []schemas.Column{{Name: "state", ID: 51, Type: schemas.Boolean}}})
	return tables.Spec{Name: "passes_changes", Columns: cols, Partition: tables.ByDateAndRegion(), Sort: []string{"district", schemas.ColAt}}
}
