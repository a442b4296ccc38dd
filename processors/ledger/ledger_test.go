package ledger_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/ledger"
	"github.com/tarn-lake/tarn/schemas"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// desk is a lake in a folder with a ledger and the heartbeats' table, to which the test commits by hand.
type desk struct {
	tb    testing.TB
	root  string
	files *dir.Dir
	cat   *tables.Catalog
	book  *ledger.Book
	table *tables.Table
	step  func(step, key string) error // before each step of the disk; nil: all goes well
	made  int
}

func newDesk(tb testing.TB) *desk {
	tb.Helper()
	d := &desk{tb: tb, root: tb.TempDir()}
	d.open()
	return d
}

// open is the process starting.
func (d *desk) open() {
	d.tb.Helper()
	hook := func(step, key string) error {
		if d.step == nil {
			return nil
		}
		return d.step(step, key)
	}
	var err error
	if d.files, err = dir.Open(d.root); err != nil {
		d.tb.Fatal(err)
	}
	d.files.Before = hook
	if d.cat, err = tables.OpenFolder(d.tb.Context(), d.root, tables.Options{Before: hook}); err != nil {
		d.tb.Fatal(err)
	}
	if d.book, err = ledger.Open(d.tb.Context(), d.files, d.cat, ledger.Options{Now: func() time.Time { return noon }}); err != nil {
		d.tb.Fatal(err)
	}
	if d.table, err = d.cat.Table(d.tb.Context(), tables.Heartbeats()); err != nil {
		d.tb.Fatal(err)
	}
}

// commit appends a file with the entry in the snapshot's summary.
func (d *desk) commit(e lake.Entry) {
	d.tb.Helper()
	d.made++
	text, object, err := e.Summary("")
	if err != nil || object != nil {
		d.tb.Fatal("the entry has no place in a summary", err)
	}
	base := d.snapshot()
	d.append(base, tables.Update{Marker: fmt.Sprint("marker-", d.made), Commit: base.Commit + 1, Entry: text})
}

// foreign appends a file as another engine does: without anything that is ours in the summary.
func (d *desk) foreign() {
	d.tb.Helper()
	d.made++
	d.append(d.snapshot(), tables.Update{Marker: "not ours"})
	versions, err := filepath.Glob(filepath.Join(d.root, "tables", schemas.HeartbeatTable, "metadata", "v*.metadata.json"))
	if err != nil {
		d.tb.Fatal(err)
	}
	for _, path := range versions {
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, bytes.ReplaceAll(text, []byte(`"tarn.marker":"not ours"`), []byte(`"engine-name":"spark"`)), 0o600)
		}
		if err != nil {
			d.tb.Fatal(err)
		}
	}
	d.open()
}

func (d *desk) snapshot() *tables.Snapshot {
	d.tb.Helper()
	snap, err := d.table.Snapshot(d.tb.Context())
	if err != nil {
		d.tb.Fatal(err)
	}
	return snap
}

func (d *desk) append(base *tables.Snapshot, u tables.Update) {
	d.tb.Helper()
	key := lake.DataKey(schemas.HeartbeatTable, lake.DayPartition("2026-11-20", "all"), fmt.Sprint(d.made))
	body := []byte("rows") // nobody reads them
	if err := d.files.Put(d.tb.Context(), key, body); err != nil {
		d.tb.Fatal(err)
	}
	f := tables.NewFile{URL: lake.URL(key), Rows: 3, Size: int64(len(body)), Dt: "2026-11-20", Region: "all"}
	if _, err := d.table.Append(d.tb.Context(), base, []tables.NewFile{f}, u); err != nil {
		d.tb.Fatal(err)
	}
}

func (d *desk) copy() {
	d.tb.Helper()
	if err := d.book.Copy(d.tb.Context(), d.table); err != nil {
		d.tb.Fatal(err)
	}
}

// told is a row of the ledger as another library reads it.
type told struct {
	Kind    string  `parquet:"kind"`
	Table   *string `parquet:"table,optional"`
	Commit  *int64  `parquet:"commit,optional"`
	Lane    *string `parquet:"lane,optional"`
	Last    *string `parquet:"last,optional"`
	Records *int64  `parquet:"records,optional"`
	Rows    *int64  `parquet:"rows,optional"`
	Hole    *string `parquet:"hole,optional"`
	Detail  *string `parquet:"detail,optional"`
}

func (r told) String() string {
	return fmt.Sprint(r.Kind, " ", or(r.Commit), " ", or(r.Lane), " ", or(r.Last), " ", or(r.Records), "/", or(r.Rows))
}

func or[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}

func (d *desk) rows() (all []told) {
	d.tb.Helper()
	snap, err := d.book.Table().Snapshot(d.tb.Context())
	if err != nil {
		d.tb.Fatal(err)
	}
	files, err := snap.Files(d.tb.Context(), tables.Filter{})
	if err != nil {
		d.tb.Fatal(err)
	}
	for _, f := range files {
		rows, err := parquet.ReadFile[told](f.Path)
		if err != nil {
			d.tb.Fatal(err)
		}
		all = append(all, rows...)
	}
	slices.SortFunc(all, func(a, b told) int { return strings.Compare(a.String(), b.String()) })
	return all
}

func seq(n int) lake.Seq {
	s, err := lake.ParseSeq(fmt.Sprint(n))
	if err != nil {
		panic(err)
	}
	return s
}

func lanes(last int, names ...string) (e lake.Entry) {
	for _, name := range names {
		e.Lanes = append(e.Lanes, lake.LaneEntry{Lane: name, First: seq(1), Last: seq(last), To: noon, Records: 5, Rows: 4})
	}
	return e
}

func (d *desk) want(want ...string) {
	d.tb.Helper()
	got := make([]string, 0, len(want))
	for _, r := range d.rows() {
		got = append(got, r.String())
	}
	if !slices.Equal(got, want) {
		d.tb.Errorf("got %q\nwant %q", got, want)
	}
}

// TestOneRowForEachLaneOfEachCommit: and copying again adds none.
func TestOneRowForEachLaneOfEachCommit(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.commit(lanes(7, "s/1", "s/2"))
	d.commit(lanes(9, "s/2"))
	d.copy()
	want := []string{"commit 1 s/1 7 5/4", "commit 1 s/2 7 5/4", "commit 2 s/2 9 5/4"}
	d.want(want...)
	d.copy()
	d.want(want...)
	marks, err := d.book.Marks(t.Context(), schemas.HeartbeatTable, []string{"s/2", "s/3"})
	if err != nil || len(marks) != 1 || marks["s/2"].Seq != seq(9) || !marks["s/2"].At.Equal(noon) {
		t.Errorf("got %+v, %v", marks, err)
	}
	if marks, err := d.book.Marks(t.Context(), schemas.QuarantineTable, []string{"s/2"}); err != nil || len(marks) != 0 {
		t.Errorf("of another table: got %+v, %v", marks, err)
	}
}

// TestTheLedgerDiesAnywhere: wherever copying ends, copying again tells each commit once.
func TestTheLedgerDiesAnywhere(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		d := newDesk(t)
		d.commit(lanes(7, "s/1"))
		var steps atomic.Int64 // an undone commit removes its files at once
		d.step = func(string, string) error {
			if steps.Add(1) >= int64(n) {
				return fault.New(fault.Transient, "the disk is gone")
			}
			return nil
		}
		err := d.book.Copy(t.Context(), d.table)
		d.step = nil
		d.copy()
		d.want("commit 1 s/1 7 5/4")
		if t.Failed() {
			t.Fatalf("after step %d: %v", n, err)
		}
		if steps.Load() < int64(n) {
			return
		}
	}
}

// TestAForeignCommitIsTold: with what its own summary says, and it moves no lane.
func TestAForeignCommitIsTold(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.commit(lanes(7, "s/1"))
	d.foreign()
	d.commit(lanes(9, "s/1"))
	d.copy()
	d.want("commit 1 s/1 7 5/4", "commit 2 s/1 9 5/4", "foreign 0   0/3")
	for _, r := range d.rows() {
		if r.Kind == "foreign" && !strings.Contains(or(r.Detail), "spark") {
			t.Errorf("the detail is %q", or(r.Detail))
		}
	}
}

// TestHolesAreOpenedAndClosed: a hole has one row when it is found and one, with the receipt, when it is closed; it is open
// in between, before it is copied too.
func TestHolesAreOpenedAndClosed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	hole := lake.Hole{Stream: "moves", Lane: "s/1", After: seq(3), Last: seq(8), Reason: "the chain is broken"}.Named()
	e := lanes(9, "s/1")
	e.Holes = []lake.Hole{hole}
	d.commit(e)
	open := func(want ...string) {
		t.Helper()
		got, err := d.book.Holes(t.Context(), d.table)
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, h := range got {
			ids[h.ID] = true
		}
		slices.Sort(want)
		if len(got) != len(want) || !slices.Equal(slices.Sorted(maps.Keys(ids)), want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	open(hole.ID)
	vanished := lake.Hole{Stream: "moves", Lane: "s/2", After: seq(1), Reason: "the shard vanished"}
	for range 2 { // who finds it again changes nothing
		if err := d.book.Open(t.Context(), vanished); err != nil {
			t.Fatal(err)
		}
	}
	open(hole.ID, vanished.Named().ID)
	if _, err := d.book.Close(t.Context(), hole.ID, "", d.table); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a receipt: %v", err)
	}
	closed, err := d.book.Close(t.Context(), hole.ID, "repair/1", d.table)
	if err != nil || closed.Receipt != "repair/1" || !closed.Closed.Equal(noon) {
		t.Errorf("got %+v, %v", closed, err)
	}
	open(vanished.Named().ID)
	if _, err := d.book.Close(t.Context(), hole.ID, "repair/2", d.table); !fault.Is(err, fault.NotFound) {
		t.Errorf("closed twice: %v", err)
	}
	kinds := map[string]int{}
	for _, r := range d.rows() {
		kinds[r.Kind]++
		if r.Kind == "closed" && !strings.Contains(or(r.Detail), "repair/1") {
			t.Errorf("the receipt is not told: %q", or(r.Detail))
		}
	}
	if want := map[string]int{"commit": 1, "hole": 2, "closed": 1}; !maps.Equal(kinds, want) {
		t.Errorf("got %v, want %v", kinds, want)
	}
}

// TestWhatIsNotToldDoesNotExpire: a snapshot stays until its story is in the ledger.
func TestWhatIsNotToldDoesNotExpire(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for i := range 4 {
		d.commit(lanes(i+1, "s/1"))
	}
	expire := func() int {
		t.Helper()
		if _, err := d.table.Expire(t.Context(), 1, 0); err != nil {
			t.Fatal(err)
		}
		return d.snapshot().Kept()
	}
	if kept := expire(); kept != 4 {
		t.Errorf("%d snapshots are left of 4 that are not told", kept)
	}
	d.copy()
	if kept := expire(); kept != 1 {
		t.Errorf("%d snapshots are left of 4 that are told", kept)
	}
	d.want("commit 1 s/1 1 5/4", "commit 2 s/1 2 5/4", "commit 3 s/1 3 5/4", "commit 4 s/1 4 5/4")
}
