package commit_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
)

// spoiled lands an object that nobody can read.
func (w *world) spoiled(t tb, lane string, first, last int) string {
	t.Helper()
	key := lake.LandedName{Stream: "moves", Lane: lane, First: seq(first), Last: seq(last), Version: lake.LandedVersion}.Key()
	if err := w.files.Dir.Put(context.Background(), key, []byte("no landed object")); err != nil {
		t.Fatal(err)
	}
	return key
}

// openHoles returns the holes that are open, of those that any table tells of.
func (w *world) openHoles(t tb) []lake.Hole {
	t.Helper()
	open, err := w.book(t).Holes(context.Background(), w.table(t, "quarantine"), w.table(t, "passes_changes"), w.table(t, "applicants_changes"))
	if err != nil {
		t.Fatal(err)
	}
	return open
}

// spans is the ranges of holes.
func spans(holes []lake.Hole) string {
	var all []string
	for _, h := range holes {
		after := "0"
		if h.After != "" {
			after = h.After.Short()
		}
		all = append(all, after+"-"+h.Last.Short())
	}
	return strings.Join(all, " ")
}

// TestASetAsideObjectIsAHoleAtOnce: the hole of an object that cannot be read is known before anything comes behind it,
// also when nothing ever does, and after a restart. What then comes behind it finds no other hole, also once it is closed.
func TestASetAsideObjectIsAHoleAtOnce(t *testing.T) {
	t.Parallel()
	for _, closed := range []bool{false, true} {
		w := newWorld(t, scratch(t))
		w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
		w.commit(t)
		w.spoiled(t, "s/1", 6, 10)
		w.spoiled(t, "s/1", 11, 15)
		w.spoiled(t, "s/2", 1, 3)
		report := w.commit(t)
		if got := spans(report.Holes); got != "5-10 10-15 0-3" || len(report.Tables) != 0 || len(report.Unreadable) != 3 {
			t.Errorf("reported %s, %+v", got, report)
		}
		w.start(t)
		if got := spans(w.openHoles(t)); got != "5-10 10-15 0-3" {
			t.Errorf("open: %s", got)
		}
		want := "5-10 10-15 0-3 17-18"
		if closed {
			for _, h := range w.openHoles(t) {
				if _, err := w.book(t).Close(t.Context(), h.ID, "repair/a"); err != nil {
					t.Fatal(err)
				}
			}
			w.spoiled(t, "s/1", 6, 10) // once more, by a reader that was replaced
			want = "17-18"
		}
		w.land(t, "s/1", note{first: 16, last: 17, after: 15}, passes("s/1", 16, 17)...)
		w.land(t, "s/1", note{first: 19, last: 20, after: 18}, passes("s/1", 19, 20)...)
		w.land(t, "s/2", note{first: 4, last: 5, after: 3}, passes("s/2", 4, 5)...)
		if got := spans(w.commit(t).Holes); got != "17-18" {
			t.Errorf("behind them (closed: %v): %s", closed, got)
		}
		if got := spans(w.openHoles(t)); got != want {
			t.Errorf("open in the end (closed: %v): %s, want %s", closed, got, want)
		}
	}
}

// TestWhatLandsAgainAfterItWasSetAside: the batch itself may still come, whole or in part, before anything behind it or later.
func TestWhatLandsAgainAfterItWasSetAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
	w.spoiled(t, "s/1", 6, 10)
	w.commit(t)
	w.land(t, "s/1", note{first: 6, last: 8, after: 5}, passes("s/1", 6, 8)...)
	w.commit(t)
	check(t, w, passes("s/1", 1, 8)...)
	w.land(t, "s/1", note{first: 11, last: 12, after: 10}, passes("s/1", 11, 12)...)
	w.commit(t)
	w.land(t, "s/1", note{first: 7, last: 10, after: 6}, passes("s/1", 7, 10)...)
	w.commit(t)
	check(t, w, passes("s/1", 1, 12)...)
	if got := spans(w.openHoles(t)); got != "5-10" {
		t.Errorf("open: %s", got)
	}
}

// TestDyingWhileAnObjectIsSetAside: at whatever step the process dies, or a step fails, the object is set aside in the end
// and its hole is there once.
func TestDyingWhileAnObjectIsSetAside(t *testing.T) {
	t.Parallel()
	for _, dies := range []bool{true, false} {
		for n := 1; ; n++ {
			w := newWorld(t, scratch(t))
			w.commit(t)
			w.spoiled(t, "s/1", 6, 10)
			w.spoiled(t, "s/1", 11, 12)
			came := w.failAt(n, dies)
			_, _ = w.committer.Commit(t.Context())
			reached := came()
			w.start(t)
			w.commit(t)
			if got, left := spans(w.openHoles(t)), w.landing(t); got != "0-10 10-12" || len(left) != 2 || !strings.HasPrefix(left[0], "landing-bad/") {
				t.Fatalf("died at step %d (dies: %v): open %s, left %v", n, dies, got, left)
			}
			if !reached {
				break
			}
		}
	}
}

// TestCommittersThatSetTheSameAside: both find the object unreadable; its hole is there once.
func TestCommittersThatSetTheSameAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
	w.commit(t)
	w.spoiled(t, "s/1", 6, 10)
	w.land(t, "s/2", note{first: 1, last: 2, begin: true}, passes("s/2", 1, 2)...)
	other := newWorld(t, w.root)
	raced := 0
	w.hook(once("file rename", "ledger/data", func() { other.commit(t) }, &raced))
	w.commit(t)
	w.hook(nil)
	w.land(t, "s/1", note{first: 11, last: 12, after: 10}, passes("s/1", 11, 12)...)
	if r := other.commit(t); len(r.Holes) != 0 || raced < 1 {
		t.Errorf("%d raced; behind it: %v", raced, r.Holes)
	}
	check(t, w, append(append(passes("s/1", 1, 5), passes("s/1", 11, 12)...), passes("s/2", 1, 2)...)...)
	if got := spans(w.openHoles(t)); got != "5-10" {
		t.Errorf("open: %s", got)
	}
}

// TestABatchWithoutRowsBetweenPassesIsNoHole: what a pass ends with is known to the next one, also where no watermark has moved.
func TestABatchWithoutRowsBetweenPassesIsNoHole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts.MaxBytes = 1 // a pass for each batch
	w.start(t)
	w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
	w.land(t, "s/1", note{first: 6, last: 9, after: 5})
	w.land(t, "s/1", note{first: 10, last: 11, after: 9}, passes("s/1", 10, 11)...)
	w.land(t, "s/2", note{first: 1, last: 2, begin: true})
	w.land(t, "s/2", note{first: 5, last: 6, after: 4}, passes("s/2", 5, 6)...)
	if got := spans(w.commit(t).Holes); got != "2-4" {
		t.Errorf("holes: %s", got)
	}
	check(t, w, slices.Concat(passes("s/1", 1, 5), passes("s/1", 10, 11), passes("s/2", 5, 6))...)
	w.commit(t)
	if left := w.landing(t); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
