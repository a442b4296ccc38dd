package query_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// progress says that a dataset is complete to the time of its lane's watermark.
type progress struct{}

func (progress) Complete(_ string, marks lake.Watermarks) time.Time { return marks["L/s1"].At }

// shelf is a catalog's folder that takes the files of an enginetest writer.
type shelf struct {
	t       *testing.T
	root    string
	catalog *tables.Catalog
	reg     *schemas.Registry
	writer  *enginetest.Writer
}

func (s *shelf) table(spec tables.Spec) *tables.Table {
	s.t.Helper()
	table, err := s.catalog.Table(s.t.Context(), spec)
	if err != nil {
		s.t.Fatal(err)
	}
	return table
}

// put moves a written file into the table's folder and commits it.
func (s *shelf) put(table *tables.Table, f query.File, commit, through int64, commitID int, at time.Time) {
	s.t.Helper()
	ctx := s.t.Context()
	url := lake.URL("tables/" + table.Name() + "/data/" + filepath.Base(f.Path))
	path, err := s.catalog.Path(url)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(f.Path, path); err != nil {
		s.t.Fatal(err)
	}
	bound := binary.LittleEndian.AppendUint64(nil, uint64(commit))
	file := tables.NewFile{URL: url, Rows: 1, Size: f.Bytes, Region: f.Region,
		Stats: tables.Stats{Lower: map[int][]byte{commitID: bound}, Upper: map[int][]byte{commitID: bound}}}
	if !f.Date.IsZero() {
		file.Dt = f.Date.Format(time.DateOnly)
	}
	base, err := table.Snapshot(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	u := tables.Update{Marker: filepath.Base(path) + table.Name(), Commit: commit, Through: through,
		Watermarks: lake.Watermarks{"L/s1": {Seq: lake.Seq("0000000000000000000000000000000000000009"), At: at}}}
	if _, err := table.Append(ctx, base, []tables.NewFile{file}, u); err != nil {
		s.t.Fatal(err)
	}
}

// onComplete is progress that calls a function first.
type onComplete struct{ before func() }

func (o onComplete) Complete(dataset string, marks lake.Watermarks) time.Time {
	o.before()
	return progress{}.Complete(dataset, marks)
}

// TestPinningAgainAfterRetention: retention takes changes out of a history that only a newer base has. Whoever pinned the
// base before it and the history after it pins both again; where the base stays behind, nothing is answered.
func TestPinningAgainAfterRetention(t *testing.T) {
	t.Parallel()
	reg, root := enginetest.ShopRegistry(t), t.TempDir()
	catalog, err := tables.OpenFolder(t.Context(), root, tables.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{t: t, root: root, catalog: catalog, reg: reg, writer: enginetest.NewWriter(t)}
	d, _ := reg.Dataset("orders")
	cols, state := d.ChangeColumns(), d.StateColumns()
	changes := s.table(tables.Spec{Name: "orders_changes", Columns: cols, Partition: tables.ByDateAndRegion()})
	base := s.table(tables.Spec{Name: "orders_base", Columns: state, Partition: tables.ByBucket("id", 1)})
	have := []string{"_op", "_shard", "_seq", "_commit", "_at", "dt", "region", "id"}
	row := func(n int) string {
		return fmt.Sprintf("SELECT 'insert' AS _op, 'L/s1' AS _shard, lpad('%d', 40, '0') AS _seq, %d AS _commit, TIMESTAMPTZ '2026-11-18 00:00:00+00' AS _at, DATE '2026-11-18' AS dt, 'north' AS region, 'r%d' AS id", n, n, n)
	}
	at := time.Date(2026, 11, 18, 0, 0, 1, 0, time.UTC)
	for n := 1; n <= 2; n++ {
		s.put(changes, s.writer.Part(cols, have, row(n), "2026-11-18", "north", int64(n)), int64(n), 0, columnID(cols, "_commit"), at)
	}
	s.put(base, s.writer.File(state, have, row(1)), 1, 1, columnID(state, "_commit"), at)
	drop := func() {
		snap, err := changes.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		files, err := snap.Files(t.Context(), tables.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = changes.Remove(t.Context(), snap, files, tables.Update{Marker: "retention", Properties: map[string]string{lake.PropHorizon: "2026-11-19", lake.PropDropped: "2"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	mergeBase := func() {
		s.put(base, s.writer.File(state, have, row(2)), 2, 2, columnID(state, "_commit"), at)
	}
	drop()
	pins := 0
	pin := func(before func()) (*query.Pinned, error) {
		pins = 0
		of := query.NewLake(catalog, reg, onComplete{func() { pins++; before() }})
		return of.Pin(t.Context(), []string{"orders_changes", "orders_base"})
	}
	if _, err := pin(func() {}); !fault.Is(err, fault.Transient) || pins < 2 {
		t.Errorf("the base is behind and is pinned %d times: %v", pins, err)
	}
	p, err := pin(func() {
		if pins == 1 { // the base of this round is pinned
			mergeBase()
		}
	})
	if err != nil || pins != 2 || p.Through["orders"] != 2 || len(p.Relations["orders_base"].Files) != 2 || len(p.Relations["orders_changes"].Files) != 0 {
		t.Errorf("pinned %d times: %+v, %v", pins, p, err)
	}
}

func columnID(cols []schemas.Column, name string) int {
	for _, c := range cols {
		if c.Name == name {
			return c.ID
		}
	}
	return 0
}

func TestLakeOfTables(t *testing.T) {
	t.Parallel()
	reg := enginetest.ShopRegistry(t)
	root := t.TempDir()
	catalog, err := tables.OpenFolder(t.Context(), root, tables.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{t: t, root: root, catalog: catalog, reg: reg, writer: enginetest.NewWriter(t)}
	engine, err := duckdb.Open(duckdb.Options{Dirs: []string{root}, Threads: 1, Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	svc := query.New(reg, query.NewLake(catalog, reg, progress{}), engine, query.Options{Now: func() time.Time { return enginetest.Now }})
	count := func() *query.Answer {
		t.Helper()
		a, err := svc.Metric(as("*"), plan.Query{Metric: "kinds"})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := count(); a.Result.Columns[0].Ints[0] != 0 || a.Meta.Snapshots["orders_changes"] != 0 || !a.Meta.CompleteTo.IsZero() {
		t.Errorf("without tables: %+v", a.Meta)
	}

	d, _ := reg.Dataset("orders")
	cols := d.ChangeColumns()
	changes := s.table(tables.Spec{Name: "orders_changes", Columns: cols, Partition: tables.ByDateAndRegion()})
	have := []string{"_op", "_shard", "_seq", "_commit", "_at", "dt", "region", "id"}
	row := func(seq, id string, commit int) string {
		return "SELECT 'insert' AS _op, 'L/s1' AS _shard, lpad('" + seq + "', 40, '0') AS _seq, " + string(rune('0'+commit)) + " AS _commit, TIMESTAMPTZ '2026-11-18 00:00:00+00' AS _at, DATE '2026-11-18' AS dt, 'north' AS region, '" + id + "' AS id"
	}
	at := time.Date(2026, 11, 18, 0, 0, 1, 0, time.UTC)
	s.put(changes, s.writer.Part(cols, have, row("1", "a", 1), "2026-11-18", "north", 1), 1, 0, columnID(cols, "_commit"), at)
	s.put(changes, s.writer.Part(cols, have, row("2", "b", 2), "2026-11-18", "north", 2), 2, 0, columnID(cols, "_commit"), at.Add(time.Second))
	a := count()
	if got := a.Result.Columns[0].Ints[0]; got != 2 || a.Meta.Commits["orders_changes"] != 2 || !a.Meta.CompleteTo.Equal(at.Add(time.Second)) {
		t.Errorf("two commits: %d, %+v", got, a.Meta)
	}

	state := d.StateColumns()
	base := s.table(tables.Spec{Name: "orders_base", Columns: state, Partition: tables.ByBucket("id", 1)})
	s.put(base, s.writer.File(state, have, row("1", "a", 1)+" UNION ALL "+row("2", "b", 2)), 2, 2, columnID(state, "_commit"), at)
	a = count()
	if got := a.Result.Columns[0].Ints[0]; got != 2 || a.Meta.Snapshots["orders_base"] == 0 || a.Meta.Cached {
		t.Errorf("with a base: %d, %+v", got, a.Meta)
	}
	s.put(changes, s.writer.Part(cols, have, row("3", "a", 3), "2026-11-18", "north", 3), 3, 0, columnID(cols, "_commit"), at.Add(2*time.Second))
	if a = count(); a.Result.Columns[0].Ints[0] != 2 || a.Meta.Commits["orders_changes"] != 3 {
		t.Errorf("a change above the base: %+v", a.Meta)
	}

	lakeOf := query.NewLake(catalog, reg, nil)
	p, err := lakeOf.Pin(context.Background(), []string{"orders_changes", "orders_base"})
	if err != nil {
		t.Fatal(err)
	}
	if p.Through["orders"] != 2 || len(p.Relations["orders_changes"].Files) != 3 || p.Relations["orders_changes"].Files[0].Region != "north" {
		t.Errorf("pinned: %+v", p)
	}
	if _, err := lakeOf.Pin(context.Background(), []string{"nothing"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown table gives %v", err)
	}
}
