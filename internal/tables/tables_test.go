package tables_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/schemas"
)

func appendIsAtomicAndPinned(t *testing.T, open opener) {
	l := open(t)
	tab := l.table(t, passes())
	empty := l.now(t, tab)
	if empty.ID != 0 || empty.Commit != 0 || len(empty.Watermarks) != 0 {
		t.Fatalf("a new table is at %+v", empty)
	}
	marks := lake.Watermarks{"s/1": {Seq: seq(9), At: noon}}
	first := l.append(t, tab, empty, 1, marks, "2026-11-20", "2026-11-21")
	second := l.append(t, tab, first, 2, lake.Watermarks{"s/2": {Seq: seq(4), At: noon, Done: true}}, "2026-11-21")

	if got := l.files(t, first, tables.Filter{}); len(got) != 2 {
		t.Errorf("the pinned snapshot has %d files after a later commit, want 2", len(got))
	}
	got := l.files(t, second, tables.Filter{})
	if len(got) != 3 {
		t.Fatalf("%d files, want 3", len(got))
	}
	want := lake.Watermarks{"s/1": {Seq: seq(9), At: noon}, "s/2": {Seq: seq(4), At: noon, Done: true}}
	for _, snap := range []*tables.Snapshot{second, l.now(t, tab), l.reopen(t).now(t, tab)} {
		if snap.Commit != 2 || snap.ID != second.ID || snap.Rows != 30 {
			t.Errorf("at commit %d, snapshot %d, %d rows; want 2, %d, 30", snap.Commit, snap.ID, snap.Rows, second.ID)
		}
		if diff := cmp.Diff(want, snap.Watermarks); diff != "" {
			t.Errorf("watermarks (-want +got):\n%s", diff)
		}
	}
	if second.Summary["tarn.rows"] != "10" {
		t.Errorf("the summary says %v", second.Summary)
	}
}

func filesAreFiltered(t *testing.T, open opener) {
	l := open(t)
	tab := l.table(t, passes())
	snap := l.append(t, tab, l.now(t, tab), 1, nil, "2026-11-19", "2026-11-20")
	snap = l.append(t, tab, snap, 2, nil, "2026-11-20", "2026-11-21")
	rows := []struct {
		name   string
		filter tables.Filter
		want   []string // dt@commit
	}{
		{"all", tables.Filter{}, []string{"2026-11-20@2", "2026-11-21@2", "2026-11-19@1", "2026-11-20@1"}},
		{"from a day", tables.Filter{DtFrom: "2026-11-20"}, []string{"2026-11-20@2", "2026-11-21@2", "2026-11-20@1"}},
		{"up to a day", tables.Filter{DtTo: "2026-11-20"}, []string{"2026-11-19@1"}},
		{"after a commit", tables.Filter{CommitAbove: 1}, []string{"2026-11-20@2", "2026-11-21@2"}},
		{"another region", tables.Filter{Regions: []string{"sylhet"}}, nil},
		{"no region at all", tables.Filter{Regions: []string{}}, nil},
		{"one region", tables.Filter{Regions: []string{"dhaka"}, DtFrom: "2026-11-21"}, []string{"2026-11-21@2"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, f := range l.files(t, snap, row.filter) {
				got = append(got, fmt.Sprintf("%s@%d", f.Dt, f.UpperCommit))
				if f.Region != "dhaka" || f.Rows != 10 || f.LowerCommit != f.UpperCommit || f.Bucket != -1 {
					t.Errorf("file %+v", f)
				}
				if want := filepath.Join(l.root, strings.TrimPrefix(f.URL, "s3://lake/")); f.Path != want {
					t.Errorf("path %s, want %s", f.Path, want)
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// lake.md 3.2: only on top of the snapshot that was looked at; 3.3: never without a file; watermarks never back.
func appendRefuses(t *testing.T, open opener) {
	l := open(t)
	tab := l.table(t, passes())
	empty := l.now(t, tab)
	base := l.append(t, tab, empty, 5, lake.Watermarks{"s/1": {Seq: seq(9), At: noon}}, "2026-11-20")
	file := []tables.NewFile{l.write(t, "2026-11-20", 6)}
	rows := []struct {
		name  string
		base  *tables.Snapshot
		files []tables.NewFile
		u     tables.Update
		want  fault.Kind
	}{
		{"an old base", empty, file, tables.Update{Marker: "a", Commit: 6}, fault.Conflict},
		{"no file", base, nil, tables.Update{Marker: "a", Commit: 6}, fault.Invalid},
		{"no marker", base, file, tables.Update{Commit: 6}, fault.Invalid},
		{"a counter that stands still", base, file, tables.Update{Marker: "a", Commit: 5}, fault.Conflict},
		{"a watermark that goes back", base, file, tables.Update{Marker: "a", Commit: 6, Watermarks: lake.Watermarks{"s/1": {Seq: seq(8)}}}, fault.Conflict},
		{"a file without its day", base, []tables.NewFile{{URL: lake.URL("x"), Region: "dhaka"}}, tables.Update{Marker: "a", Commit: 6}, fault.Invalid},
		{"a file without its region", base, []tables.NewFile{{URL: lake.URL("x"), Dt: "2026-11-20"}}, tables.Update{Marker: "a", Commit: 6}, fault.Invalid},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if _, err := tab.Append(t.Context(), row.base, row.files, row.u); !fault.Is(err, row.want) {
				t.Errorf("got %v, want kind %s", err, row.want)
			}
		})
	}
	if now := l.now(t, tab); now.ID != base.ID {
		t.Error("a refused commit left a snapshot")
	}
}

// lake.md 3.6: a compaction that wins leaves the counter as it is.
func replaceKeepsCounterAndConflicts(t *testing.T, open opener) {
	l := open(t)
	tab := l.table(t, passes())
	snap := l.append(t, tab, l.now(t, tab), 1, nil, "2026-11-20")
	base := l.append(t, tab, snap, 2, lake.Watermarks{"s/1": {Seq: seq(9), At: noon}}, "2026-11-20", "2026-11-21")
	old := l.files(t, base, tables.Filter{DtTo: "2026-11-21"})
	merged := l.write(t, "2026-11-20", 1)
	after, err := tab.Replace(t.Context(), base, old, []tables.NewFile{merged}, tables.Update{Marker: "compaction"})
	if err != nil {
		t.Fatal(err)
	}
	if after.Commit != 2 || len(after.Watermarks) != 1 {
		t.Errorf("after compaction: commit %d, watermarks %v", after.Commit, after.Watermarks)
	}
	if got := l.files(t, after, tables.Filter{}); len(got) != 2 {
		t.Errorf("%d files, want 2", len(got))
	}
	if _, err := tab.Append(t.Context(), base, []tables.NewFile{l.write(t, "2026-11-22", 3)}, tables.Update{Marker: "x", Commit: 3}); !fault.Is(err, fault.Conflict) {
		t.Errorf("append on the old base: %v, want a conflict", err)
	}
	if _, err := tab.Replace(t.Context(), after, old, []tables.NewFile{l.write(t, "2026-11-20", 1)}, tables.Update{Marker: "again"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("replacing replaced files: %v, want a conflict", err)
	}
}

// lake.md 3.7: a lost answer, or a crash of any step, leaves a readable table; a commit that is there is never reported
// as failed, and one that is not is never reported as done.
func everyStepMayFail(t *testing.T, open opener) {
	operations := map[string]func(l *testLake, tab *tables.Table, base *tables.Snapshot) error{
		"append": func(l *testLake, tab *tables.Table, base *tables.Snapshot) error {
			_, err := tab.Append(t.Context(), base, []tables.NewFile{l.write(t, "2026-11-20", 4)}, tables.Update{Marker: "m", Commit: 4})
			return err
		},
		"rewrite": func(l *testLake, tab *tables.Table, base *tables.Snapshot) error {
			old, err := base.Files(t.Context(), tables.Filter{})
			if err != nil {
				return err
			}
			_, err = tab.Replace(t.Context(), base, old[:2], []tables.NewFile{l.write(t, "2026-11-20", 1)}, tables.Update{Marker: "m"})
			return err
		},
		"manifest rewrite": func(_ *testLake, tab *tables.Table, _ *tables.Snapshot) error {
			_, err := tab.RewriteManifests(t.Context(), "m")
			return err
		},
		"expiry": func(_ *testLake, tab *tables.Table, _ *tables.Snapshot) error {
			_, err := tab.Expire(t.Context(), 1, 0)
			return err
		},
	}
	for name, run := range operations {
		for _, lost := range []error{errors.New("connection reset"), errConflict} {
			for at := int64(1); ; at++ {
				if !failAt(t, open, name, run, at, lost) {
					break
				}
			}
		}
	}
}

// failAt runs the operation with its at-th step failing and reports whether there was such a step.
func failAt(t *testing.T, open opener, name string, run func(*testLake, *tables.Table, *tables.Snapshot) error, at int64, lost error) bool {
	t.Helper()
	l := open(t)
	tab := l.table(t, passes())
	base := l.now(t, tab)
	for commit := int64(1); commit <= 3; commit++ {
		base = l.append(t, tab, base, commit, nil, "2026-11-20")
	}
	var step atomic.Int64
	var where string
	l.before = func(s, key string) error {
		// What a remote catalog answers comes at the end only.
		remote := s == "publish" || s == "answer" || s == "sync folder"
		if strings.HasSuffix(key, ".parquet") || errors.Is(lost, errConflict) && !remote || step.Add(1) != at {
			return nil
		}
		where = s + " " + filepath.Base(key)
		return lost
	}
	err := run(l, tab, base)
	l.before = nil
	again := l.reopen(t)
	now := again.now(t, tab)
	there := now.Has("m")
	if name == "expiry" {
		there = now.Kept() == 1
	}
	if err == nil && !there {
		t.Errorf("%s, failing at %s: reported as done, but it is not there", name, where)
	}
	if err != nil && there && fault.Is(err, fault.Conflict) && name != "expiry" {
		t.Errorf("%s, failing at %s: it is there, but reported as a conflict: %v", name, where, err)
	}
	if got := again.files(t, now, tables.Filter{}); len(got) < 2 {
		t.Errorf("%s, failing at %s: %d files can be planned", name, where, len(got))
	}
	if _, err := again.tab.Append(t.Context(), now, []tables.NewFile{l.write(t, "2026-11-23", 9)}, tables.Update{Marker: "next", Commit: 9}); err != nil {
		t.Errorf("%s, failing at %s: the next commit fails: %v", name, where, err)
	}
	return where != ""
}

func expireRemovesWhatOnlyOldSnapshotsHad(t *testing.T, open opener) {
	l := open(t)
	tab := l.table(t, passes())
	snap := l.now(t, tab)
	for commit := int64(1); commit <= 50; commit++ {
		snap = l.append(t, tab, snap, commit, nil, "2026-11-20")
	}
	old := l.files(t, snap, tables.Filter{})
	snap, err := tab.Replace(t.Context(), snap, old, []tables.NewFile{l.write(t, "2026-11-20", 50)}, tables.Update{Marker: "c"})
	if err != nil {
		t.Fatal(err)
	}
	for commit := int64(51); commit <= 55; commit++ {
		snap = l.append(t, tab, snap, commit, nil, "2026-11-20")
	}
	n, err := tab.Expire(t.Context(), 3, 0)
	if err != nil || n != 53 {
		t.Fatalf("expired %d, %v; want 53", n, err)
	}
	now := l.now(t, tab)
	if now.Kept() != 3 || now.Commit != 55 {
		t.Errorf("kept %d, commit %d", now.Kept(), now.Commit)
	}
	live := l.files(t, now, tables.Filter{})
	if len(live) != 6 {
		t.Errorf("%d files, want 6", len(live))
	}
	for _, f := range live {
		if _, err := os.Stat(f.Path); err != nil {
			t.Errorf("a live file is gone: %v", err)
		}
	}
	for _, f := range old {
		if _, err := os.Stat(f.Path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", f.URL)
		}
	}
	if orphans, err := tab.Orphans(t.Context(), 0); err != nil || len(orphans) != 0 {
		t.Errorf("expiry left orphans: %v, %v", orphans, err)
	}
	if n := l.metadataFiles(t); n > 60 {
		t.Errorf("%d metadata files after 56 commits and expiry", n)
	}
}

func orphansAreFoundAndSwept(t *testing.T, open opener) {
	l := open(t)
	tab := l.table(t, passes())
	l.append(t, tab, l.now(t, tab), 1, nil, "2026-11-20")
	lost := l.write(t, "2026-11-20", 2)
	if orphans, err := tab.Orphans(t.Context(), time.Hour); err != nil || len(orphans) != 0 {
		t.Errorf("young files are called orphans: %v, %v", orphans, err)
	}
	orphans, err := tab.Orphans(t.Context(), 0)
	if diff := cmp.Diff([]string{lost.URL}, orphans); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if n, err := tab.Sweep(t.Context(), 0); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if orphans, err := tab.Orphans(t.Context(), 0); err != nil || len(orphans) != 0 {
		t.Errorf("still %v, %v", orphans, err)
	}
}

// lake.md 3.8: field ids are the lock's, at creation and ever after.
func fieldIDs(t *testing.T, open opener) {
	with := func(change func(*tables.Spec)) tables.Spec {
		s := passes()
		s.Columns = append([]schemas.Column(nil), s.Columns...)
		change(&s)
		return s
	}
	rows := []struct {
		name    string
		spec    tables.Spec
		refused string
	}{
		{"the same", passes(), ""},
		{"a new optional column", with(func(s *tables.Spec) {
			s.Columns = append(s.Columns, schemas.Column{Name: "speed", ID: 60, Type: schemas.Int32})
		}), ""},
		{"a new list", with(func(s *tables.Spec) {
			s.Columns = append(s.Columns, schemas.Column{Name: "stops", ID: 60, Type: schemas.List, Elem: &schemas.Column{Name: "element", ID: 61, Type: schemas.String, Required: true}})
		}), ""},
		{"a column the schema dropped", with(func(s *tables.Spec) { s.Columns = s.Columns[:len(s.Columns)-1] }), ""},
		{"a member of an object", with(func(s *tables.Spec) {
			o := &s.Columns[len(s.Columns)-1]
			o.Fields = append([]schemas.Column{{Name: "area", ID: 62, Type: schemas.String}}, o.Fields...)
		}), ""},
		{"a required column", with(func(s *tables.Spec) {
			s.Columns = append(s.Columns, schemas.Column{Name: "speed", ID: 60, Type: schemas.Int32, Required: true})
		}), `new column "speed" is required`},
		{"another type", with(func(s *tables.Spec) { s.Columns[7].Type = schemas.Int64 }), `column "district" is string there and long in the schema`},
		{"another name", with(func(s *tables.Spec) { s.Columns[7].Name = "zilla" }), `field 8 is optional "district" there`},
		{"another id", with(func(s *tables.Spec) { s.Columns[7].ID = 60 }), `column "district" has field id 8 there and 60`},
		{"an id given before", with(func(s *tables.Spec) {
			s.Columns = append(s.Columns, schemas.Column{Name: "speed", ID: 49, Type: schemas.Int32})
		}), `field id 49, which the table has given before (its last is 51)`},
		{"another division", with(func(s *tables.Spec) { s.Partition = tables.ByBucket("district", 8) }), "is divided by"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			tab := l.table(t, passes())
			snap := l.append(t, tab, l.now(t, tab), 1, nil, "2026-11-20")
			again := l.reopen(t)
			_, err := again.cat.Table(t.Context(), row.spec)
			if row.refused != "" {
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), row.refused) {
					t.Fatalf("got %v, want it refused: %s", err, row.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := again.cat.Table(t.Context(), row.spec); err != nil {
				t.Errorf("opened again: %v", err)
			}
			now := again.now(t, tab)
			if now.ID != snap.ID || now.Commit != 1 {
				t.Errorf("the change of schema lost the snapshot: %+v", now)
			}
		})
	}
}

// lake.md 3.10: what a kill between claim and publish leaves goes at start.
func TestLeftoversOfAKillAreCleaned(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.table(t, passes())
	meta := filepath.Join(l.root, "tables/passes_changes/metadata")
	for _, name := range []string{"v2.metadata.json.claim", "0f0f.tmp"} {
		if err := os.WriteFile(filepath.Join(meta, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l = l.reopen(t)
	for _, name := range []string{"v2.metadata.json.claim", "0f0f.tmp"} {
		if _, err := os.Stat(filepath.Join(meta, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	l.append(t, l.tab, l.now(t, l.tab), 1, nil, "2026-11-20")
}

func twoCatalogsOneFolder(t *testing.T, open opener) {
	a := open(t)
	tab := a.table(t, passes())
	b := a.reopen(t)
	base, other := a.now(t, tab), b.now(t, b.tab)
	first := a.append(t, tab, base, 1, nil, "2026-11-20")
	_, err := b.tab.Append(t.Context(), other, []tables.NewFile{b.write(t, "2026-11-20", 1)}, tables.Update{Marker: "b", Commit: 1})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if now := b.now(t, b.tab); now.ID != first.ID {
		t.Error("the second catalog does not see the first one's commit")
	}
}

func bucketsAndNames(t *testing.T, open opener) {
	l := open(t)
	spec := passes()
	spec.Name, spec.Partition = "passes", tables.ByBucket("district", 16)
	tab := l.table(t, spec)
	part := tables.Bucket("Dhaka", 16)
	f := l.write(t, "2026-11-20", 1)
	f.Bucket = part
	snap, err := tab.Append(t.Context(), l.now(t, tab), []tables.NewFile{f}, tables.Update{Marker: "m", Through: 7})
	if err != nil {
		t.Fatal(err)
	}
	got := l.files(t, snap, tables.Filter{Regions: []string{"sylhet"}})
	if len(got) != 1 || got[0].Bucket != part || snap.Through != 7 || snap.Commit != 0 {
		t.Errorf("files %+v, through %d, commit %d", got, snap.Through, snap.Commit)
	}
	// The hash of Iceberg's specification: bucket N of murmur3("iceberg") = 1210000089.
	if got, want := tables.Bucket("iceberg", 1000), 1210000089%1000; got != want {
		t.Errorf("bucket %d, want %d", got, want)
	}
	names, err := l.cat.Names(t.Context())
	if diff := cmp.Diff([]string{"passes"}, names); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := l.cat.Existing(t.Context(), "nothing"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

var (
	noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	// What a remote catalog's own retries make of a lost answer: the commit is there, and it is called a conflict.
	errConflict = fmt.Errorf("%w: version mismatch", table.ErrCommitFailed)
)

func seq(n int) lake.Seq { return lake.Seq(fmt.Sprintf("%040d", n)) }

func le64(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
