package query_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/enginetest"
)

// mark commits a row to a table, which moves lanes.
func (s *shelf) mark(table *tables.Table, marks lake.Watermarks) {
	s.t.Helper()
	base, err := table.Snapshot(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	name := "f" + string(rune('0'+base.Commit))
	file := tables.NewFile{URL: lake.URL("tables/" + table.Name() + "/data/" + name + ".parquet"), Rows: 1, Size: 100, Dt: "2026-11-18", Region: "north"}
	if _, err := table.Append(s.t.Context(), base, []tables.NewFile{file}, tables.Update{Marker: table.Name() + name, Commit: base.Commit + 1, Watermarks: marks}); err != nil {
		s.t.Fatal(err)
	}
}

// TestMarkedIsAsYoungAsItsHeartbeats: where no reader of the streams is in the process, a dataset to which nobody writes is
// complete to where the heartbeats of its own stream are, and these are read before its history is pinned: what is
// committed in between must not make the pinned history look younger than it is.
func TestMarkedIsAsYoungAsItsHeartbeats(t *testing.T) {
	t.Parallel()
	reg := enginetest.ShopRegistry(t)
	var between func()
	root := t.TempDir()
	catalog, err := tables.OpenFolder(t.Context(), root, tables.Options{Before: func(_, name string) error {
		if do := between; do != nil && strings.Contains(name, "orders_changes") {
			between = nil
			do()
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{t: t, catalog: catalog, reg: reg}
	d, _ := reg.Dataset("orders")
	seq := func(n string) lake.Seq { return lake.Seq(strings.Repeat("0", 40-len(n)) + n) }
	at := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	changes, beats := s.table(tables.Changes(d)), s.table(tables.Heartbeats())
	complete := func(progress query.Progress) time.Time {
		t.Helper()
		p, err := query.NewLake(catalog, reg, progress).Pin(t.Context(), []string{"orders_changes"})
		if err != nil {
			t.Fatal(err)
		}
		return p.Complete["orders"]
	}
	s.mark(changes, lake.Watermarks{"L/s1": {Seq: seq("9"), At: at}, "L/s2": {Seq: seq("8"), At: at.Add(time.Hour)}})
	if got := complete(query.Marked{}); !got.Equal(at) {
		t.Errorf("without heartbeats: complete to %v, want %v", got, at)
	}
	s.mark(beats, lake.Watermarks{"other/L/s1": {Seq: seq("50"), At: at.Add(9 * time.Hour)}, d.Stream + "/L/s1": {Seq: seq("20"), At: at.Add(2 * time.Hour)}})
	if got := complete(query.Marked{}); !got.Equal(at.Add(time.Hour)) {
		t.Errorf("with a heartbeat of one shard: complete to %v, want where the other is", got)
	}
	s.mark(beats, lake.Watermarks{d.Stream + "/L/s2": {Seq: seq("30"), At: at.Add(3 * time.Hour)}})
	if got := complete(query.Marked{}); !got.Equal(at.Add(2 * time.Hour)) {
		t.Errorf("with one of each: complete to %v", got)
	}
	if got := complete(progress{}); !got.Equal(at) {
		t.Errorf("a progress that knows better is asked about the history's own marks: got %v", got)
	}
	elsewhere, err := tables.OpenFolder(t.Context(), root, tables.Options{})
	if err != nil {
		t.Fatal(err)
	}
	between = func() {
		other := &shelf{t: t, catalog: elsewhere, reg: reg}
		later := lake.Watermark{Seq: seq("90"), At: at.Add(9 * time.Hour)}
		other.mark(other.table(tables.Heartbeats()), lake.Watermarks{d.Stream + "/L/s1": later, d.Stream + "/L/s2": later})
	}
	if got := complete(query.Marked{}); !got.Equal(at.Add(2*time.Hour)) || between != nil {
		t.Errorf("heartbeats that came while the history was pinned count: complete to %v", got)
	}
}
