package commit_test

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// TestWhatComesLateIntoAHoleIsKept: a batch that lies in an open hole is not one that came again. Its rows are sought by
// identity, so each is there once however often it lands; outside a hole, what lies below the watermark is dropped.
func TestWhatComesLateIntoAHoleIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
	w.commit(t)
	w.land(t, "s/1", note{first: 11, last: 12, after: 10}, passes("s/1", 11, 12)...)
	if r := w.commit(t); len(r.Holes) != 1 {
		t.Fatalf("got holes %v", r.Holes)
	}
	for range 2 { // and once more, beside what is new
		w.land(t, "s/1", note{first: 4, last: 8, after: 3}, passes("s/1", 4, 8)...)
		w.land(t, "s/1", note{first: 7, last: 10, after: 6}, passes("s/1", 7, 10)...)
		w.commit(t)
		check(t, w, passes("s/1", 1, 12)...)
	}
	s := w.snapshot(t, "passes_changes")
	if m := s.Watermarks["s/1"]; m.Seq != seq(12) || s.Late != 3 || len(w.landing(t)) != 0 {
		t.Errorf("the shard is at %v, late %d, %v is left", m, s.Late, w.landing(t))
	}
	open, err := w.book(t).Holes(t.Context(), w.table(t, "passes_changes"))
	if err != nil || len(open) != 1 {
		t.Errorf("the hole has no receipt and is open: got %v, %v", open, err)
	}
}

// TestWhatIsLateOnceAnotherCommitterHasWon: what was in order when a pass began lies in a hole when a committer that did
// not see it has passed it meanwhile. It is kept like what landed late.
func TestWhatIsLateOnceAnotherCommitterHasWon(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
	w.commit(t)
	w.land(t, "s/1", note{first: 6, last: 10, after: 5}, passes("s/1", 6, 10)...)
	w.land(t, "s/1", note{first: 11, last: 12, after: 10}, passes("s/1", 11, 12)...)
	other := newWorld(t, w.root)
	other.files.ListFunc = func(ctx context.Context, prefix string) ([]fs.FileInfo, error) {
		found, err := other.files.Dir.List(ctx, prefix)
		return slices.DeleteFunc(found, func(f fs.FileInfo) bool { return strings.Contains(f.Name(), string(seq(6))) }), err
	}
	puts, holes := 0, 0
	w.hook(once("file rename", "passes_changes/data", func() { holes = len(other.commit(t).Holes) }, &puts))
	w.commit(t)
	w.hook(nil)
	if puts < 1 || holes != 1 {
		t.Errorf("%d raced, %d holes were found", puts, holes)
	}
	check(t, w, passes("s/1", 1, 12)...)
	if left := w.landing(t); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}
