package commit_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/commit"
)

func TestRowsOfAllLanesBecomeOneCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	moved := []rec{{"passes", "s/1", 3, "modify", "2026-11-20", "sylhet", "p3"}, {"passes", "s/1", 3, "leave", "2026-11-20", "dhaka", "p3"}}
	rows := append([]rec{pass("s/1", 1), pass("s/1", 2), {"passes", "s/1", 4, "remove", "2026-11-21", "dhaka", "p0"}}, moved...)
	w.land(t, "s/1", note{first: 1, last: 4, begin: true}, rows...)
	w.land(t, "s/2", note{first: 7, last: 8, begin: true}, pass("s/2", 7), applicant("s/2", 8))
	report := w.commit(t)

	check(t, w, append(rows, pass("s/2", 7), applicant("s/2", 8))...)
	want := []commit.Done{
		{Table: "applicants_changes", Commit: 1, Commits: 1, Rows: 1, Files: 1, CompleteTo: at(4)},
		{Table: "passes_changes", Commit: 1, Commits: 1, Rows: 6, Files: 3, CompleteTo: at(4)},
	}
	if diff := cmp.Diff(want, report.Tables); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if left := w.landing(t); len(left) != 0 || report.Objects != 2 {
		t.Errorf("left in the landing: %v, %d objects done", left, report.Objects)
	}
	snap := w.snapshot(t, "passes_changes")
	for key, want := range map[string]string{"tarn.records": "7", "tarn.rows": "6", "tarn.quarantined": "0", "tarn.through": "2026-11-20T12:00:08.000Z"} {
		if snap.Summary[key] != want {
			t.Errorf("summary %s = %q, want %q", key, snap.Summary[key], want)
		}
	}
	if again := w.commit(t); len(again.Tables) != 0 {
		t.Errorf("a second call did %+v", again)
	}
}

// Rule 3.2: rows at or below the watermark vanish, however they come again; rule 3.3: and no commit is made of nothing.
func TestWhatComesAgainChangesNothing(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		land func(w *world)
		want []rec
		more int64 // commits
	}{
		{"the same batch", func(w *world) { w.land(t, "s/1", note{first: 1, last: 10, begin: true}, passes("s/1", 1, 10)...) }, nil, 0},
		{"a half of it", func(w *world) { w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...) }, nil, 0},
		{"its other half", func(w *world) { w.land(t, "s/1", note{first: 6, last: 10, after: 5}, passes("s/1", 6, 10)...) }, nil, 0},
		{"enlarged", func(w *world) { w.land(t, "s/1", note{first: 1, last: 15, begin: true}, passes("s/1", 1, 15)...) }, passes("s/1", 11, 15), 1},
		{"overlapping", func(w *world) { w.land(t, "s/1", note{first: 8, last: 12, after: 7}, passes("s/1", 8, 12)...) }, passes("s/1", 11, 12), 1},
		{"all of these at once", func(w *world) {
			w.land(t, "s/1", note{first: 1, last: 10, begin: true}, passes("s/1", 1, 10)...)
			w.land(t, "s/1", note{first: 1, last: 15, begin: true}, passes("s/1", 1, 15)...)
			w.land(t, "s/1", note{first: 8, last: 12, after: 7}, passes("s/1", 8, 12)...)
			w.land(t, "s/1", note{first: 13, last: 17, after: 12}, passes("s/1", 13, 17)...)
		}, passes("s/1", 11, 17), 1},
		{"another lane's same numbers", func(w *world) { w.land(t, "s/2", note{first: 1, last: 10, begin: true}, passes("s/2", 1, 10)...) }, passes("s/2", 1, 10), 1},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, scratch(t))
			w.land(t, "s/1", note{first: 1, last: 10, begin: true}, passes("s/1", 1, 10)...)
			w.commit(t)
			row.land(w)
			w.start(t)
			report := w.commit(t)
			check(t, w, append(passes("s/1", 1, 10), row.want...)...)
			if got := w.snapshot(t, "passes_changes").Commit; got != 1+row.more {
				t.Errorf("at commit %d, want %d", got, 1+row.more)
			}
			if left := w.landing(t); len(left) != 0 || len(report.Holes) != 0 {
				t.Errorf("left: %v, holes: %v", left, report.Holes)
			}
		})
	}
}

// Rule 3.1: pages of a listing may show batch 2 and miss batch 1.
func TestATornListingLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	calls := 0
	w.files.ListFunc = func(ctx context.Context, prefix string) ([]fs.FileInfo, error) {
		calls++
		if calls == 1 { // the first page is read, then both land, then the second page is read
			w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
			w.land(t, "s/1", note{first: 6, last: 10, after: 5}, passes("s/1", 6, 10)...)
		}
		if calls == 2 {
			w.land(t, "s/1", note{first: 11, last: 15, after: 10}, passes("s/1", 11, 15)...)
		}
		found, err := w.files.Dir.List(ctx, prefix)
		return slices.DeleteFunc(found, func(f fs.FileInfo) bool {
			name, err := lake.ParseLandedName(f.Name())
			return err == nil && (calls == 1 && name.First == seq(1) || calls == 2 && name.First == seq(6))
		}), err
	}
	// The second listing shows 1 and 3 and misses 2, and takes none that the first did not reach: only batch 1.
	w.commit(t)
	check(t, w, passes("s/1", 1, 5)...)
	w.files.ListFunc = nil
	report := w.commit(t)
	check(t, w, passes("s/1", 1, 15)...)
	if len(report.Holes) != 0 {
		t.Errorf("holes: %v", report.Holes)
	}
}

// Rules 2.3 and 3.2: the chain of what each reader took before shows a hole, and the commit that passes it says so.
func TestAHoleIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
	w.commit(t)
	w.land(t, "s/1", note{first: 11, last: 12, after: 9}, passes("s/1", 11, 12)...)
	w.land(t, "s/1", note{first: 13, last: 14, after: 12}, passes("s/1", 13, 14)...)
	w.land(t, "s/2", note{first: 50, last: 51}, passes("s/2", 50, 51)...) // first of a window: unknown, so no hole
	report := w.commit(t)
	check(t, w, append(append(passes("s/1", 1, 5), passes("s/1", 11, 14)...), passes("s/2", 50, 51)...)...)
	want := []commit.Hole{lake.Hole{Stream: "moves", Lane: "s/1", After: seq(5), Last: seq(9), From: at(5), To: at(12), Reason: "its batches never landed"}.Named()}
	if diff := cmp.Diff(want, report.Holes); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
	recorded, err := lake.ParseEntry([]byte(w.snapshot(t, "passes_changes").Summary[lake.PropEntry]))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, recorded.Holes); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if got := w.snapshot(t, "passes_changes").Summary["tarn.holes"]; got != "1" {
		t.Errorf("the summary tells of %q holes, want 1", got)
	}
}

// Rule 2.4: an object that cannot be read is set aside, its range becomes a hole, and the others go on.
func TestAnUnreadableObjectIsAHole(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name  string
		spoil func(body []byte) []byte
	}{
		{"empty", func([]byte) []byte { return nil }},
		{"cut short", func(b []byte) []byte { return b[:len(b)/2] }},
		{"a flipped bit", func(b []byte) []byte { b[len(b)/3] ^= 4; return b }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, scratch(t))
			w.opts.Now = func() time.Time { return at(60) }
			w.start(t)
			w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
			key := w.land(t, "s/1", note{first: 6, last: 10, after: 5}, passes("s/1", 6, 10)...)
			w.land(t, "s/1", note{first: 11, last: 12, after: 10}, passes("s/1", 11, 12)...)
			w.land(t, "s/2", note{first: 1, last: 3, begin: true}, passes("s/2", 1, 3)...)
			body, err := w.files.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.files.Put(t.Context(), key, row.spoil(body)); err != nil {
				t.Fatal(err)
			}
			report := w.commit(t)
			check(t, w, slices.Concat(passes("s/1", 1, 5), passes("s/1", 11, 12), passes("s/2", 1, 3))...)
			aside := "landing-bad" + strings.TrimPrefix(key, "landing")
			want := []commit.Hole{lake.Hole{Stream: "moves", Lane: "s/1", After: seq(5), Last: seq(10), From: at(5), To: at(60),
				Reason: "its landed object could not be read and was set aside as " + aside}.Named()}
			if diff := cmp.Diff(want, report.Holes); diff != "" {
				t.Errorf("holes (-want +got):\n%s", diff)
			}
			if got := w.openHoles(t); len(got) != 1 || got[0].ID != want[0].ID {
				t.Errorf("open: %v", got)
			}
			if left := w.landing(t); !slices.Equal(left, []string{aside}) || !slices.Equal(report.Unreadable, []string{aside}) {
				t.Errorf("left: %v, reported %v, want %s", left, report.Unreadable, aside)
			}
		})
	}
}

// A section whose bytes are what was landed, but no Parquet file of its columns, takes its whole batch with it.
func TestABatchIsReadWhollyOrNotAtAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	l := w.landed(t, "s/1", note{first: 1, last: 4, begin: true}, applicant("s/1", 1), pass("s/1", 2))
	l.Sections[1].Body = []byte("PAR1 this is not PAR1")
	if err := w.files.Put(t.Context(), l.Key(), lake.AppendLanded(nil, l)); err != nil {
		t.Fatal(err)
	}
	w.land(t, "s/1", note{first: 5, last: 6, after: 4}, applicant("s/1", 5), pass("s/1", 6))
	report := w.commit(t)
	check(t, w, applicant("s/1", 5), pass("s/1", 6))
	if len(report.Holes) != 1 || report.Holes[0].Last != seq(4) {
		t.Errorf("holes: %v", report.Holes)
	}
}

// Rule 3.5: quarantined rows first, under their own watermark; the object goes when both have passed it.
func TestQuarantineComesFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 3, begin: true}, pass("s/1", 1), bad("s/1", 2), pass("s/1", 3))
	w.hook(func(step, key string) error {
		if step == "table publish" && strings.Contains(key, "passes_changes/metadata/v2") {
			return errDown
		}
		return nil
	})
	if _, err := w.committer.Commit(t.Context()); err == nil {
		t.Fatal("the second table's failure was not reported")
	}
	w.hook(nil)
	check(t, w, bad("s/1", 2))
	if left := w.landing(t); len(left) != 1 {
		t.Fatalf("left: %v, want the object that passes has not passed", left)
	}
	w.start(t)
	report := w.commit(t)
	check(t, w, pass("s/1", 1), bad("s/1", 2), pass("s/1", 3))
	if q := w.snapshot(t, "quarantine"); q.Commit != 1 || q.Watermarks["moves/s/1"].Seq != seq(3) {
		t.Errorf("quarantine is at commit %d, %v", q.Commit, q.Watermarks)
	}
	if left := w.landing(t); len(left) != 0 || len(report.Holes) != 0 {
		t.Errorf("left: %v, holes: %v", left, report.Holes)
	}
}

// Rule 3.3: a range without rows moves no watermark alone and waits for the next row, so that the chain stays whole.
func TestARangeWithoutRowsWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
	w.commit(t)
	w.land(t, "s/1", note{first: 6, last: 9, after: 5})
	if report := w.commit(t); len(report.Tables) != 0 || len(w.landing(t)) != 1 {
		t.Fatalf("did %+v, left %v; want nothing done and the object left", report, w.landing(t))
	}
	w.land(t, "s/1", note{first: 10, last: 10, after: 9}, pass("s/1", 10))
	report := w.commit(t)
	check(t, w, append(passes("s/1", 1, 5), pass("s/1", 10))...)
	if left := w.landing(t); len(left) != 0 || len(report.Holes) != 0 {
		t.Errorf("left: %v, holes: %v", left, report.Holes)
	}
}

// A table that gets rows seldom catches up with the lanes it had no rows of, closed ones too, when it does.
func TestASeldomTableCatchesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 2, begin: true}, applicant("s/1", 1), pass("s/1", 2))
	w.land(t, "s/2", note{first: 1, last: 1, begin: true}, pass("s/2", 1))
	w.commit(t)
	w.land(t, "s/1", note{first: 3, last: 9, after: 2, final: true}, pass("s/1", 9))
	w.land(t, "s/2", note{first: 20, last: 30, after: 1}, pass("s/2", 30))
	w.commit(t)
	w.land(t, "s/3", note{first: 40, last: 40, begin: true}, applicant("s/3", 40))
	w.commit(t)
	for table, want := range map[string]lake.Watermarks{
		"applicants_changes": {"s/1": {Seq: seq(9), At: at(9), Done: true}, "s/2": {Seq: seq(30), At: at(30)}, "s/3": {Seq: seq(40), At: at(40)}},
		"passes_changes":     {"s/1": {Seq: seq(9), At: at(9), Done: true}, "s/2": {Seq: seq(30), At: at(30)}},
	} {
		if diff := cmp.Diff(want, w.snapshot(t, table).Watermarks); diff != "" {
			t.Errorf("%s (-want +got):\n%s", table, diff)
		}
	}
}

// Rules 3.2 and 3.6: of two committers that race, each row is committed once, whoever wins.
func TestCommittersRace(t *testing.T) {
	t.Parallel()
	for range 5 {
		w := newWorld(t, scratch(t))
		var want []rec
		for lane := range 3 {
			name, after := fmt.Sprintf("s/%d", lane), 0
			for b := range 6 {
				rows := append(passes(name, after+1, after+4), applicant(name, after+5), bad(name, after+6))
				w.land(t, name, note{first: after + 1, last: after + 6, after: after, begin: b == 0}, rows...)
				want, after = append(want, rows...), after+6
			}
		}
		var wg sync.WaitGroup
		for range 3 {
			racer := commit.New(w.files, w.cat, w.registry, commit.Options{MaxBytes: 20_000})
			wg.Go(func() {
				report, err := racer.Commit(context.Background())
				if err != nil && !fault.Is(err, fault.Transient) {
					t.Errorf("racer: %v", err)
				}
				if len(report.Holes) != 0 {
					t.Errorf("racer saw holes: %v", report.Holes)
				}
			})
		}
		wg.Wait()
		w.commit(t)
		check(t, w, want...)
		if left := w.landing(t); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	}
}

// Rule 3.6: where only a compaction has won, the same files are committed again; where the counter moved, they are thrown
// away and the pass begins from the trim.
func TestConflicts(t *testing.T) {
	t.Parallel()
	t.Run("a compaction won", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, scratch(t))
		w.land(t, "s/1", note{first: 1, last: 3, begin: true}, passes("s/1", 1, 3)...)
		w.commit(t)
		w.land(t, "s/1", note{first: 4, last: 6, after: 3}, passes("s/1", 4, 6)...)
		puts := 0
		w.hook(once("file rename", "passes_changes/data", func() { w.compact(t) }, &puts))
		w.commit(t)
		w.hook(nil)
		check(t, w, passes("s/1", 1, 6)...)
		if puts != 1 || w.snapshot(t, "passes_changes").Commit != 2 {
			t.Errorf("%d files were written at commit %d, want 1 at 2", puts, w.snapshot(t, "passes_changes").Commit)
		}
	})
	t.Run("another committer won", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, scratch(t))
		w.land(t, "s/1", note{first: 1, last: 3, begin: true}, passes("s/1", 1, 3)...)
		other := newWorld(t, w.root)
		puts := 0
		w.hook(once("file rename", "passes_changes/data", func() { other.commit(t) }, &puts))
		w.land(t, "s/2", note{first: 1, last: 3, begin: true}, passes("s/2", 1, 3)...)
		report := w.commit(t)
		w.hook(nil)
		check(t, w, append(passes("s/1", 1, 3), passes("s/2", 1, 3)...)...)
		if len(report.Tables) != 0 || w.dataFiles(t) != 1 {
			t.Errorf("did %+v, %d files; want nothing, and the thrown away file gone", report.Tables, w.dataFiles(t))
		}
	})
}

// compact replaces every file of passes by itself under another name, as a compaction of one file would.
func (w *world) compact(t *testing.T) {
	t.Helper()
	tab, err := w.cat.Existing(t.Context(), "passes_changes")
	if err != nil {
		t.Fatal(err)
	}
	base, err := tab.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old, err := base.Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var files []tables.NewFile
	for _, f := range old {
		url := strings.Replace(f.URL, ".parquet", "-c.parquet", 1)
		if err := os.Link(f.Path, strings.Replace(f.Path, ".parquet", "-c.parquet", 1)); err != nil {
			t.Fatal(err)
		}
		bound := map[int][]byte{4: {byte(f.LowerCommit), 0, 0, 0, 0, 0, 0, 0}}
		files = append(files, tables.NewFile{URL: url, Rows: f.Rows, Size: f.Size, Dt: f.Dt, Region: f.Region, Stats: tables.Stats{Lower: bound, Upper: bound}})
	}
	if _, err := tab.Replace(t.Context(), base, old, files, tables.Update{Marker: uuid.NewString()}); err != nil {
		t.Fatal(err)
	}
}

// once calls do at the first such step, and counts the steps.
func once(step, part string, do func(), count *int) func(step, key string) error {
	var mu sync.Mutex
	return func(s, key string) error {
		if s != step || !strings.Contains(key, part) {
			return nil
		}
		mu.Lock()
		*count++
		first := *count == 1
		mu.Unlock()
		if first {
			do()
		}
		return nil
	}
}

// Rule 3.7 and the ideas of the design: dying at any step, or losing any answer, and starting again changes nothing.
func TestDyingAnywhereChangesNothing(t *testing.T) {
	t.Parallel()
	for _, dies := range []bool{true, false} {
		for n := 1; ; n++ {
			w := newWorld(t, scratch(t))
			w.land(t, "s/1", note{first: 1, last: 3, begin: true}, pass("s/1", 1), applicant("s/1", 2), bad("s/1", 3))
			w.commit(t)
			want := []rec{pass("s/1", 1), applicant("s/1", 2), bad("s/1", 3), pass("s/1", 4), bad("s/1", 5), applicant("s/1", 6), pass("s/2", 1)}
			w.land(t, "s/1", note{first: 4, last: 6, after: 3}, want[3:6]...)
			w.land(t, "s/2", note{first: 1, last: 1, begin: true}, want[6])
			steps, where := 0, ""
			var mu sync.Mutex
			w.hook(func(step, key string) error {
				mu.Lock()
				defer mu.Unlock()
				steps++
				if steps == n {
					where = step + " " + key
				}
				if steps == n || dies && steps > n {
					return errDown
				}
				return nil
			})
			_, err := w.committer.Commit(t.Context())
			if where == "" {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			w.start(t)
			report := w.commit(t)
			check(t, w, want...)
			if left := w.landing(t); len(left) != 0 || len(report.Holes) != 0 {
				t.Errorf("died at %s: left %v, holes %v", where, left, report.Holes)
			}
			if t.Failed() {
				t.Fatalf("step %d: %s (dies: %v)", n, where, dies)
			}
		}
	}
}

// Rule 3.7: a commit that is there although its answer was lost is taken for done at once.
func TestALostAnswerIsNotAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 3, begin: true}, passes("s/1", 1, 3)...)
	w.commit(t)
	w.land(t, "s/1", note{first: 4, last: 6, after: 3}, passes("s/1", 4, 6)...)
	w.hook(func(step, _ string) error {
		if step == "table answer" {
			return errDown
		}
		return nil
	})
	report := w.commit(t)
	w.hook(nil)
	check(t, w, passes("s/1", 1, 6)...)
	if len(report.Tables) != 1 || report.Tables[0].Commit != 2 || len(w.landing(t)) != 0 {
		t.Errorf("did %+v, left %v", report.Tables, w.landing(t))
	}
}

func TestWhatItRefuses(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		land func(w *world) *lake.Landed
		want string
	}{
		{"a newer format", func(w *world) *lake.Landed {
			l := w.landed(t, "s/1", note{first: 1, last: 1, begin: true}, pass("s/1", 1))
			l.Version = lake.LandedVersion + 1
			return l
		}, "newer format"},
		{"a stream without a schema", func(w *world) *lake.Landed {
			l := w.landed(t, "s/1", note{first: 1, last: 1, begin: true}, pass("s/1", 1))
			l.Stream = "ghosts"
			return l
		}, `"ghosts", which no schema names`},
		{"a dataset without a schema", func(w *world) *lake.Landed {
			l := w.landed(t, "s/1", note{first: 1, last: 1, begin: true}, pass("s/1", 1))
			l.Sections[0].Dataset = "ghosts"
			return l
		}, `rows of "ghosts"`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, scratch(t))
			l := row.land(w)
			if err := w.files.Put(t.Context(), l.Key(), lake.AppendLanded(nil, l)); err != nil {
				t.Fatal(err)
			}
			_, err := w.committer.Commit(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %s", err, row.want)
			}
			if left := w.landing(t); !slices.Equal(left, []string{l.Key()}) {
				t.Errorf("left: %v, want the object untouched", left)
			}
		})
	}
}

func TestStrangeNamesAreSetAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	if err := w.files.Put(t.Context(), "landing/moves/notes.txt", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	w.land(t, "s/1", note{first: 1, last: 3, begin: true}, passes("s/1", 1, 3)...)
	w.commit(t)
	check(t, w, passes("s/1", 1, 3)...)
	if left := w.landing(t); !slices.Equal(left, []string{"landing-bad/moves/notes.txt"}) {
		t.Errorf("left: %v", left)
	}
}

// Rule 2.5: where an archive is asked for, a landed object is kept, and committing it again changes nothing.
func TestTheArchiveKeepsWhatLanded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts.Archive = true
	w.start(t)
	key := w.land(t, "s/1", note{first: 1, last: 3, begin: true}, passes("s/1", 1, 3)...)
	w.commit(t)
	kept := "archive" + strings.TrimPrefix(key, "landing")
	if left := w.landing(t); !slices.Equal(left, []string{kept}) {
		t.Fatalf("left: %v, want %s", left, kept)
	}
	if err := w.files.Move(t.Context(), kept, key); err != nil {
		t.Fatal(err)
	}
	w.commit(t)
	check(t, w, passes("s/1", 1, 3)...)
}

func TestLoadsAreLanes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "load/abc", note{first: 1, last: 3, begin: true}, passes("load/abc", 1, 3)...)
	w.land(t, "load/abc", note{first: 4, last: 6, after: 3, final: true}, passes("load/abc", 4, 6)...)
	report := w.commit(t)
	check(t, w, passes("load/abc", 1, 6)...)
	if m := w.snapshot(t, "passes_changes").Watermarks["load/abc"]; !m.Done || m.Seq != seq(6) {
		t.Errorf("the lane is at %+v, want it done", m)
	}
	if !report.Tables[0].CompleteTo.IsZero() {
		t.Errorf("a load says that the stream is complete to %v", report.Tables[0].CompleteTo)
	}
}

func TestSmallPassesAndSmallFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts.MaxBytes, w.opts.MaxRows = 1, 2
	w.start(t)
	w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
	w.land(t, "s/1", note{first: 6, last: 8, after: 5}, passes("s/1", 6, 8)...)
	report := w.commit(t)
	check(t, w, passes("s/1", 1, 8)...)
	want := []commit.Done{{Table: "passes_changes", Commit: 2, Commits: 2, Rows: 8, Files: 5, CompleteTo: at(8)}}
	if diff := cmp.Diff(want, report.Tables); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n, err := w.committer.Pending(t.Context()); n != 0 || err != nil {
		t.Errorf("%d pending, %v", n, err)
	}
}

// A call does what it has time for: one pass at least, and says what waits.
// backlog is batches of one pass each that have landed long ago, by the lane and how many seconds after another they did.
func (w *world) backlog(t *testing.T, lane string, after ...int) (size int64) {
	t.Helper()
	began := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for i, seconds := range after {
		n := i + 1
		path := w.files.Path(w.land(t, lane, note{first: n, last: n, after: n - 1, begin: n == 1}, pass(lane, n)))
		when := began.Add(time.Duration(seconds) * time.Second)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		size = max(size, info.Size())
	}
	return size
}

// Where more waits than one commit takes, each commit moves every lane, also one that all of another has landed before, and
// with them how far the table is complete.
func TestEveryLaneMovesWithEveryCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	size := w.backlog(t, "s/1", 0, 1, 2, 3, 4)
	size = max(size, w.backlog(t, "s/2", 10, 11, 12, 13, 14))
	w.opts.MaxBytes, w.opts.Spare = 2*size, time.Hour
	w.start(t)
	late, cancel := context.WithTimeout(t.Context(), 50*time.Minute)
	defer cancel()
	for n := 1; n <= 5; n++ {
		report, err := w.committer.Commit(late)
		if err != nil || report.Waiting != 10-2*n {
			t.Fatalf("commit %d: %d wait, %v", n, report.Waiting, err)
		}
		now := w.snapshot(t, "passes_changes")
		for _, lane := range []string{"s/1", "s/2"} {
			if got := now.Watermarks[lane].Seq; got != seq(n) {
				t.Errorf("commit %d: lane %s is at %s", n, lane, got)
			}
		}
		if to, ok := now.Watermarks.CompleteTo(); !ok || !to.Equal(at(n)) {
			t.Errorf("commit %d: complete to %s, want %s", n, to, at(n))
		}
		check(t, w, append(passes("s/1", 1, n), passes("s/2", 1, n)...)...)
	}
}

// Beyond the first of every lane, and where a commit holds fewer than there are lanes, what landed first is committed first,
// whatever its lane is called; what landed again keeps its place in its lane.
func TestWhatLandedFirstIsCommittedFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		fit  int64
		want []string
	}{
		{"one at a time", 1, []string{"s/3 1", "s/2 1", "s/1 1", "s/2 2", "s/2 3", "s/1 2"}},
		{"four at a time", 4, []string{"s/3 1", "s/2 1", "s/1 1", "s/2 2", "s/2 3", "s/1 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, scratch(t))
			size := w.backlog(t, "s/1", 2, 9)
			size = max(size, w.backlog(t, "s/2", 1, 5, 4), w.backlog(t, "s/3", 0))
			w.opts.MaxBytes, w.opts.Spare = c.fit*size, time.Hour
			w.start(t)
			late, cancel := context.WithTimeout(t.Context(), 50*time.Minute)
			defer cancel()
			for n := int64(0); n < int64(len(c.want)); {
				if _, err := w.committer.Commit(late); err != nil {
					t.Fatal(err)
				}
				n = min(n+c.fit, int64(len(c.want)))
				var want []rec
				for _, text := range c.want[:n] {
					lane, number, _ := strings.Cut(text, " ")
					of, err := strconv.Atoi(number)
					if err != nil {
						t.Fatal(err)
					}
					want = append(want, pass(lane, of))
				}
				check(t, w, want...)
			}
		})
	}
}

// A round of many passes takes the memory of one: what a pass has read is let go of before the next one writes.
func TestAPassLetsGoOfWhatItRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts.MaxBytes = 1 // a batch each
	w.committer = commit.New(w.files, w.cat, w.registry, w.opts)
	for n := range 4 {
		w.land(t, "s/1", note{first: 10*n + 1, last: 10*n + 10, after: 10 * n, begin: n == 0}, passes("s/1", 10*n+1, 10*n+10)...)
	}
	var read []weak.Pointer[byte]
	w.files.GetFunc = func(ctx context.Context, key string) ([]byte, error) {
		body, err := w.files.Dir.Get(ctx, key)
		if err == nil && strings.HasPrefix(key, lake.LandingDir) {
			runtime.GC()
			for i, p := range read {
				if p.Value() != nil {
					t.Errorf("pass %d still holds what pass %d has read", len(read)+1, i+1)
				}
			}
			read = append(read, weak.Make(&body[0]))
		}
		return body, err
	}
	if report := w.commit(t); report.Rows() != 40 || len(read) != 4 {
		t.Fatalf("%d rows of %d objects were committed, want 40 of 4", report.Rows(), len(read))
	}
}

func TestPassesAreBegunWhileThereIsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts.MaxBytes, w.opts.Spare = 1, time.Hour
	w.start(t)
	w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
	w.land(t, "s/1", note{first: 6, last: 7, after: 5}, passes("s/1", 6, 7)...)
	w.land(t, "s/1", note{first: 8, last: 9, after: 7}, passes("s/1", 8, 9)...)
	late, cancel := context.WithTimeout(t.Context(), 50*time.Minute)
	defer cancel()
	for waits, want := range []int{2, 1, 0} {
		report, err := w.committer.Commit(late)
		if err != nil || report.Waiting != want || report.Objects != 1 {
			t.Errorf("call %d: %d wait, %d are done, %v; want %d and 1", waits, report.Waiting, report.Objects, err, want)
		}
	}
	check(t, w, passes("s/1", 1, 9)...)

	w.land(t, "s/1", note{first: 10, last: 11, after: 9}, passes("s/1", 10, 11)...)
	w.land(t, "s/1", note{first: 12, last: 13, after: 11}, passes("s/1", 12, 13)...)
	early, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
	defer cancel()
	if report, err := w.committer.Commit(early); err != nil || report.Waiting != 0 || report.Objects != 2 {
		t.Errorf("%d wait, %d are done, %v; want 0 and 2", report.Waiting, report.Objects, err)
	}
}

func TestACancelledCommitStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
	ctx, cancel := context.WithCancel(t.Context())
	w.hook(func(step, key string) error {
		if step == "file write" && strings.Contains(key, ".parquet") {
			cancel()
		}
		return nil
	})
	if _, err := w.committer.Commit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it cancelled", err)
	}
	w.hook(nil)
	w.commit(t)
	check(t, w, passes("s/1", 1, 5)...)
}

func check(t tb, w *world, want ...rec) {
	t.Helper()
	if diff := cmp.Diff(texts(want...), w.rows(t)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
