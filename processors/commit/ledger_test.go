package commit_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/ledger"
)

// told is a row of the ledger as another library reads it.
type told struct {
	Kind        string  `parquet:"kind"`
	Dataset     *string `parquet:"dataset,optional"`
	Table       *string `parquet:"table,optional"`
	Commit      *int64  `parquet:"commit,optional"`
	Lane        *string `parquet:"lane,optional"`
	First       *string `parquet:"first,optional"`
	Last        *string `parquet:"last,optional"`
	Records     *int64  `parquet:"records,optional"`
	Rows        *int64  `parquet:"rows,optional"`
	Quarantined *int64  `parquet:"quarantined,optional"`
	Retries     *int64  `parquet:"retries,optional"`
	CompleteTo  *int64  `parquet:"complete_to,optional"`
	Code        *string `parquet:"code,optional"`
	Schema      *string `parquet:"schema,optional"`
	Hole        *string `parquet:"hole,optional"`
	Detail      *string `parquet:"detail,optional"`
}

func or[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}

func (w *world) book(t tb) *ledger.Book {
	t.Helper()
	b, err := w.committer.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// copy copies the story of the tables into the ledger.
func (w *world) copy(t tb, names ...string) {
	t.Helper()
	var all []*tables.Table
	for _, name := range names {
		all = append(all, w.table(t, name))
	}
	if err := w.book(t).Copy(context.Background(), all...); err != nil {
		t.Fatal(err)
	}
}

func (w *world) table(t tb, name string) *tables.Table {
	t.Helper()
	tab, err := w.cat.Existing(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func (w *world) ledger(t tb) []told {
	t.Helper()
	snap := w.snapshot(t, "ledger")
	files, err := snap.Files(context.Background(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var all []told
	for _, f := range files {
		body, err := w.files.Dir.Get(context.Background(), strings.TrimPrefix(f.URL, "s3://lake/"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := parquet.Read[told](bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
	}
	return all
}

// story is the ledger's rows in one line each, sorted.
func (w *world) story(t tb) []string {
	t.Helper()
	var all []string
	for _, r := range w.ledger(t) {
		all = append(all, fmt.Sprintf("%s %s@%d %s %s-%s records %d rows %d bad %d", r.Kind, or(r.Table), or(r.Commit), or(r.Lane), or(r.First), or(r.Last), or(r.Records), or(r.Rows), or(r.Quarantined)))
	}
	slices.Sort(all)
	return all
}

// tellable lands and commits what the story test tells of.
func tellable(t tb, w *world) {
	w.land(t, "s/1", note{first: 1, last: 4, begin: true}, pass("s/1", 1), bad("s/1", 2), pass("s/1", 3), applicant("s/1", 4))
	w.land(t, "s/2", note{first: 1, last: 2, begin: true}, passes("s/2", 1, 2)...)
	w.commit(t)
	w.land(t, "s/1", note{first: 9, last: 9, after: 6}, pass("s/1", 9))
	w.commit(t)
}

var tale = []string{
	"commit applicants_changes@1 s/1 1-4 records 4 rows 1 bad 1",
	"commit applicants_changes@1 s/2 1-2 records 2 rows 0 bad 0",
	"commit passes_changes@1 s/1 1-4 records 4 rows 2 bad 1",
	"commit passes_changes@1 s/2 1-2 records 2 rows 2 bad 0",
	"commit passes_changes@2 s/1 9-9 records 1 rows 1 bad 0",
	"commit quarantine@1 moves/s/1 1-4 records 4 rows 1 bad 1",
	"commit quarantine@1 moves/s/2 1-2 records 2 rows 0 bad 0",
	"hole passes_changes@2 s/1 4-6 records 0 rows 0 bad 0",
}

// The ledger has a row for each lane of each commit, and copying again adds none.
func TestTheLedgerTellsEveryCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts.Version = "test"
	w.start(t)
	tellable(t, w)
	for range 2 {
		w.copy(t, "applicants_changes", "passes_changes", "quarantine")
		if diff := cmp.Diff(tale, w.story(t)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
	for _, r := range w.ledger(t) {
		if r.Kind == "commit" && (or(r.Code) != "test" || len(or(r.Schema)) != 12 || or(r.Dataset) == "" || or(r.Retries) != 0) {
			t.Errorf("code, schema, dataset, retries: %s %s %s %d", or(r.Code), or(r.Schema), or(r.Dataset), or(r.Retries))
		}
		if or(r.Table) == "passes_changes" && or(r.Commit) == 2 && r.Kind == "commit" && or(r.CompleteTo) != at(2).UnixMicro() {
			t.Errorf("complete to %v, want that of the other shard", time.UnixMicro(or(r.CompleteTo)).UTC())
		}
	}
}

// Copying is idempotent: dying at any step of it, and losing any answer, doubles nothing and leaves nothing out.
func TestDyingWhileCopyingDoublesNothing(t *testing.T) {
	t.Parallel()
	for _, dies := range []bool{true, false} {
		for n := 1; ; n++ {
			w := newWorld(t, scratch(t))
			tellable(t, w)
			came := w.failAt(n, dies)
			_ = w.book(t).Copy(t.Context(), w.table(t, "applicants_changes"), w.table(t, "passes_changes"), w.table(t, "quarantine"))
			reached := came()
			w.start(t)
			w.copy(t, "applicants_changes", "passes_changes", "quarantine")
			if diff := cmp.Diff(tale, w.story(t)); diff != "" {
				t.Fatalf("died at step %d (dies: %v) (-want +got):\n%s", n, dies, diff)
			}
			if !reached {
				break
			}
		}
	}
}

// Rule 3.12: a summary holds no more than totals and a name; the rest is an object until the ledger has it.
func TestAnEntryWithoutRoomIsAnObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	var want []string
	for n := range 40 {
		name := fmt.Sprintf("label/shard-%020d", n)
		w.land(t, name, note{first: 1, last: 2, begin: true}, passes(name, 1, 2)...)
		want = append(want, fmt.Sprintf("commit passes_changes@1 %s 1-2 records 2 rows 2 bad 0", name))
	}
	w.commit(t)
	if text := w.snapshot(t, "passes_changes").Summary[lake.PropEntry]; len(text) > 1024 || !strings.Contains(text, `"object"`) {
		t.Errorf("the summary says %d bytes: %.200s", len(text), text)
	}
	w.copy(t, "passes_changes")
	if diff := cmp.Diff(want, w.story(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if left := w.landing(t); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// A snapshot whose story is not in the ledger never expires.
func TestExpiryWaitsForTheLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	for n := range 6 {
		w.land(t, "s/1", note{first: n + 1, last: n + 1, after: n, begin: n == 0}, pass("s/1", n+1))
		w.commit(t)
	}
	tab := w.table(t, "passes_changes")
	expire := func() int {
		t.Helper()
		n, err := tab.Expire(t.Context(), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := expire(); n != 0 {
		t.Fatalf("%d snapshots expired before the ledger had their story", n)
	}
	w.copy(t, "passes_changes")
	w.land(t, "s/1", note{first: 7, last: 7, after: 6}, pass("s/1", 7))
	w.commit(t)
	if n := expire(); n != 6 {
		t.Errorf("%d snapshots expired, want the 6 that are told", n)
	}
	w.copy(t, "passes_changes")
	if got := w.story(t); len(got) != 7 {
		t.Errorf("the ledger tells %d commits, want 7: %v", len(got), got)
	}
}

// Rule 3.4: lanes that are closed or long idle leave the watermarks, which stay small, once the ledger has them; one that
// comes back is looked up there before it counts as new.
func TestClosedLanesAreLookedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	now := at(0)
	w.opts.Now, w.opts.Keep, w.opts.KeepFor = func() time.Time { return now }, 1, time.Nanosecond
	w.start(t)
	var want []rec
	const rotations, shards = 40, 4
	most := 0
	for day := range rotations {
		now = at(1000).Add(time.Duration(day) * 24 * time.Hour)
		for s := range shards {
			name := fmt.Sprintf("label/shard-%d-%d", day, s)
			rows := passes(name, 1, 3)
			w.land(t, name, note{first: 1, last: 3, begin: true, through: now}, rows...)
			want = append(want, rows...)
		}
		w.commit(t)
		w.commit(t)
		most = max(most, len(w.snapshot(t, "passes_changes").Watermarks))
	}
	snap := w.snapshot(t, "passes_changes")
	if snap.Closed == 0 || most > 60 {
		t.Fatalf("%d lanes have left, %d were in the watermarks at most", snap.Closed, most)
	}
	for range 2 { // at once, and in a new process
		for _, gone := range []string{"label/shard-0-0", "label/shard-20-0"} { // the second was asked for once, when it was new and others had left
			if _, there := w.snapshot(t, "passes_changes").Watermarks[gone]; there {
				t.Fatalf("%s has not left the watermarks", gone)
			}
			w.land(t, gone, note{first: 1, last: 3, begin: true, through: at(3)}, passes(gone, 1, 3)...) // a zombie
			report := w.commit(t)
			check(t, w, want...)
			if left := w.landing(t); len(left) != 0 || len(report.Holes) != 0 {
				t.Errorf("left %v, holes %v", left, report.Holes)
			}
		}
		w.start(t)
	}
	w.land(t, "label/shard-0-1", note{first: 1, last: 5, begin: true, through: now}, passes("label/shard-0-1", 1, 5)...)
	w.land(t, "repair/a", note{first: 0, last: 1}, passes("label/shard-0-2", 3, 4)...)
	w.commit(t)
	check(t, w, append(append(want, passes("label/shard-0-1", 4, 5)...), pass("label/shard-0-2", 4))...)
}

// While every snapshot is too young to be forgotten, no commit copies its story: that would be a commit of the ledger for each.
func TestYoungSnapshotsAreNotTended(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		keepFor time.Duration
		copies  int
	}{{"young", time.Hour, 0}, {"old", time.Nanosecond, 1}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, scratch(t))
			w.opts.Keep, w.opts.KeepFor = 1, c.keepFor
			w.start(t)
			const commits = 75 // a few more than the slack
			for i := range commits {
				w.land(t, "s/1", note{first: i + 1, last: i + 1, after: i, begin: i == 0}, pass("s/1", i+1))
				w.commit(t)
			}
			if got := w.snapshot(t, "ledger").Kept(); got != c.copies {
				t.Errorf("the ledger was written %d times", got)
			}
		})
	}
}

// Another program's commit into our table is kept and noted, never overwritten, and does not move our counter.
func TestAForeignCommitIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 2, begin: true}, passes("s/1", 1, 2)...)
	w.commit(t)
	w.land(t, "s/1", note{first: 3, last: 4, after: 2}, passes("s/1", 3, 4)...)
	w.land(t, "repair/a", note{first: 0, last: 0}, pass("s/8", 8))
	puts := 0
	w.hook(once("file rename", "passes_changes/data", func() { w.foreign(t, pass("s/8", 8)) }, &puts))
	w.commit(t)
	w.hook(nil)
	check(t, w, append(passes("s/1", 1, 4), pass("s/8", 8))...)
	if c := w.snapshot(t, "passes_changes").Commit; c != 2 {
		t.Errorf("at commit %d, want 2", c)
	}
	if n, err := w.table(t, "passes_changes").Expire(t.Context(), 1, 0); n != 0 || err != nil {
		t.Errorf("%d snapshots expired before they were told, %v", n, err)
	}
	w.copy(t, "passes_changes")
	w.copy(t, "passes_changes")
	var foreign []told
	for _, r := range w.ledger(t) {
		if r.Kind == "foreign" {
			foreign = append(foreign, r)
		}
	}
	if len(foreign) != 1 || or(foreign[0].Rows) != 1 || !strings.Contains(or(foreign[0].Detail), "spark") {
		t.Errorf("the ledger has %+v", foreign)
	}
}

// foreign appends a row to passes as another program would, with the table library alone.
func (w *world) foreign(t *testing.T, r rec) {
	t.Helper()
	donor := newWorld(t, scratch(t)) // writes the file
	donor.land(t, "s/8", note{first: r.seq, last: r.seq, begin: true}, r)
	donor.commit(t)
	files, err := donor.snapshot(t, "passes_changes").Files(t.Context(), tables.Filter{})
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	body, err := os.ReadFile(files[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(w.root, strings.TrimPrefix(files[0].URL, "s3://lake/"))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, body, 0o600); err != nil {
		t.Fatal(err)
	}
	tab := newWorld(t, w.root).table(t, "passes_changes")
	base, err := tab.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := tables.NewFile{URL: files[0].URL, Rows: 1, Size: files[0].Size, Dt: r.dt, Region: r.region, Stats: tables.Stats{Lower: map[int][]byte{4: {1, 0, 0, 0, 0, 0, 0, 0}}, Upper: map[int][]byte{4: {1, 0, 0, 0, 0, 0, 0, 0}}}}
	if _, err := tab.Append(t.Context(), base, []tables.NewFile{f}, tables.Update{Marker: "not ours"}); err != nil {
		t.Fatal(err)
	}
	// What makes a commit ours are its properties.
	versions, err := filepath.Glob(filepath.Join(w.root, "tables/passes_changes/metadata/v*.metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range versions {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte(`"tarn.marker":"not ours"`), []byte(`"engine-name":"spark"`))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Holes are objects: found by a commit, kept beyond its snapshot, closed by a receipt.
func TestHolesAreKeptUntilTheyAreClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	tellable(t, w)
	tab := w.table(t, "passes_changes")
	open := func() []lake.Hole {
		t.Helper()
		found, err := w.book(t).Holes(t.Context(), w.table(t, "quarantine"), tab, w.table(t, "applicants_changes"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range found {
			found[i].Found = time.Time{}
		}
		return found
	}
	want := lake.Hole{Stream: "moves", Lane: "s/1", After: seq(4), Last: seq(6), From: at(4), To: at(9), Reason: "its batches never landed", Table: "passes_changes", Commit: 2}.Named()
	if diff := cmp.Diff([]lake.Hole{want}, open()); diff != "" {
		t.Fatalf("before it is copied (-want +got):\n%s", diff)
	}
	w.copy(t, "passes_changes")
	if _, err := tab.Expire(t.Context(), 1, 0); err != nil {
		t.Fatal(err)
	}
	w.start(t)
	tab = w.table(t, "passes_changes")
	if diff := cmp.Diff([]lake.Hole{want}, open()); diff != "" {
		t.Fatalf("after its snapshot expired (-want +got):\n%s", diff)
	}
	vanished := lake.Hole{Stream: "moves", Lane: "s/7", Reason: "the shard vanished unread", From: at(1)}
	for range 2 {
		if err := w.book(t).Open(t.Context(), vanished); err != nil {
			t.Fatal(err)
		}
	}
	if got := open(); len(got) != 2 || got[1].Lane != "s/7" {
		t.Fatalf("open: %v", got)
	}
	if _, err := w.book(t).Close(t.Context(), want.ID, "", tab); !fault.Is(err, fault.Invalid) {
		t.Errorf("closed without a receipt: %v", err)
	}
	closed, err := w.book(t).Close(t.Context(), want.ID, "repair/a", tab)
	if err != nil || closed.Receipt != "repair/a" || closed.Closed.IsZero() {
		t.Fatalf("closed: %+v, %v", closed, err)
	}
	if _, err := w.book(t).Close(t.Context(), want.ID, "repair/a", tab); !fault.Is(err, fault.NotFound) {
		t.Errorf("closed again: %v", err)
	}
	if got := open(); len(got) != 1 || got[0].Lane != "s/7" {
		t.Errorf("open: %v", got)
	}
	kinds := map[string]int{}
	for _, r := range w.ledger(t) {
		if r.Hole != nil {
			kinds[r.Kind]++
		}
	}
	if kinds["hole"] != 2 || kinds["closed"] != 1 {
		t.Errorf("the ledger has %v", kinds)
	}
}

// Clocks are not trusted: a record from the future does not say that everything before it is here, one from the past takes
// nothing back.
func TestClocksThatJump(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts.Now = func() time.Time { return at(100) }
	w.start(t)
	for i, through := range []time.Time{at(10), at(10).AddDate(80, 0, 0), at(10).AddDate(-80, 0, 0)} {
		w.land(t, "s/1", note{first: i + 1, last: i + 1, after: i, begin: i == 0, through: through}, pass("s/1", i+1))
		w.commit(t)
		want := []time.Time{at(10), at(100), at(100)}[i]
		if to, _ := w.snapshot(t, "passes_changes").Watermarks.CompleteTo(); !to.Equal(want) {
			t.Errorf("after %v: complete to %v, want %v", through, to, want)
		}
	}
}

// Rule 3.4: a lane leaves the watermarks only when the ledger has it: one from before there was a ledger is told first.
func TestALaneThatTheLedgerDoesNotHaveStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts.Now = func() time.Time { return at(0).AddDate(1, 0, 0) }
	w.start(t)
	w.land(t, "s/1", note{first: 1, last: 1, begin: true, through: w.opts.Now()}, pass("s/1", 1))
	w.commit(t)
	old := lake.Watermarks{}
	for n := range 50 {
		old[fmt.Sprintf("s/old-%d", n)] = lake.Watermark{Seq: seq(7), At: at(7), Done: true}
	}
	tab := w.table(t, "passes_changes")
	base, err := tab.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := base.Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	w.compact(t) // so that the file may come again
	if base, err = tab.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := tables.NewFile{URL: files[0].URL, Rows: 1, Size: files[0].Size, Dt: "2026-11-20", Region: "dhaka"}
	if _, err := tab.Append(t.Context(), base, []tables.NewFile{f}, tables.Update{Marker: "old", Commit: 2, Watermarks: old}); err != nil {
		t.Fatal(err)
	}
	for n := 2; n < 6; n++ {
		w.land(t, "s/1", note{first: n, last: n, after: n - 1, through: w.opts.Now()}, pass("s/1", n))
		w.commit(t)
		marks := w.snapshot(t, "passes_changes").Watermarks
		for lane, was := range old {
			if _, there := marks[lane]; there {
				continue
			}
			told, err := w.book(t).Marks(t.Context(), "passes_changes", []string{lane})
			if err != nil || told[lane] != was {
				t.Fatalf("%s has left and the ledger has %v, %v", lane, told, err)
			}
		}
	}
	if marks := w.snapshot(t, "passes_changes").Watermarks; len(marks) != 1 {
		t.Errorf("%d lanes stayed, want only the open one", len(marks))
	}
}

// A shard that its reader has read to the end is done with the next commit, in every table that has all of it, and no
// longer holds back how far the data is complete.
func TestAnEndedShardIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 2, begin: true}, pass("s/1", 1), applicant("s/1", 2))
	w.commit(t)
	w.committer.End("moves", "s/1", seq(4))
	w.land(t, "s/1", note{first: 3, last: 3, after: 2}, pass("s/1", 3))
	w.land(t, "s/2", note{first: 9, last: 9, begin: true}, applicant("s/2", 9))
	w.commit(t)
	if m := w.snapshot(t, "passes_changes").Watermarks["s/1"]; m.Done {
		t.Errorf("the shard is done at %+v, before its end at 4", m)
	}
	w.land(t, "s/1", note{first: 4, last: 4, after: 3}, pass("s/1", 4))
	w.commit(t)
	w.land(t, "s/2", note{first: 10, last: 10, after: 9}, applicant("s/2", 10))
	w.commit(t)
	for _, table := range []string{"passes_changes", "applicants_changes"} {
		if m := w.snapshot(t, table).Watermarks["s/1"]; !m.Done || m.Seq != seq(4) {
			t.Errorf("%s: the shard is at %+v, want it done at 4", table, m)
		}
	}
	if to, _ := w.snapshot(t, "applicants_changes").Watermarks.CompleteTo(); !to.Equal(at(10)) {
		t.Errorf("complete to %v, want that of the open shard", to)
	}
}
