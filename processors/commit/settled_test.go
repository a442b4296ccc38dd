package commit_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/commit"
)

// without refuses to commit to a table.
func without(table string) func(step, key string) error {
	return func(step, key string) error {
		if step == "table publish" && strings.Contains(key, table) {
			return errors.New("the disk is gone")
		}
		return nil
	}
}

// A shard that has nothing landed has nothing that a table still needs, so a table may move up to where the furthest one is. That
// is asked before the landing is listed: a batch that lands after the listing, and is committed by another to one table of two,
// is not passed by the other.
func TestATableMovesUpToWhatWasThereBeforeTheListing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 2, begin: true}, applicant("s/1", 1), pass("s/1", 2))
	w.commit(t)
	w.land(t, "s/2", note{first: 1, last: 1, begin: true}, pass("s/2", 1))
	other, calls := newWorld(t, w.root), 0
	w.files.ListFunc = func(ctx context.Context, prefix string) ([]fs.FileInfo, error) {
		found, err := w.files.Dir.List(ctx, prefix)
		if calls++; calls == 2 {
			w.land(t, "s/1", note{first: 3, last: 4, after: 2}, applicant("s/1", 3), pass("s/1", 4))
			other.hook(without("passes_changes"))
			if _, err := other.committer.Commit(ctx); err == nil {
				t.Error("the other committer did not fail")
			}
		}
		return found, err
	}
	w.commit(t)
	if got := w.snapshot(t, "applicants_changes").Watermarks["s/1"].Seq; calls < 2 || got != seq(4) {
		t.Fatalf("after %d listings the first table is at %s", calls, got)
	}
	w.files.ListFunc = nil
	w.commit(t)
	check(t, w, applicant("s/1", 1), pass("s/1", 2), applicant("s/1", 3), pass("s/1", 4), pass("s/2", 1))
}

// Nor does a table move up by a lane that has batches in a later pass of the same round, although another table has them.
func TestATableDoesNotMoveUpPastALaterPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts = commit.Options{MaxBytes: 1}
	w.start(t)
	w.land(t, "s/3", note{first: 1, last: 1, begin: true}, pass("s/3", 1))
	w.commit(t)
	w.land(t, "s/2", note{first: 1, last: 2, begin: true}, applicant("s/2", 1), pass("s/2", 2))
	w.hook(without("passes_changes"))
	if _, err := w.committer.Commit(t.Context()); err == nil {
		t.Fatal("nothing failed")
	}
	w.hook(nil)
	w.land(t, "s/1", note{first: 1, last: 1, begin: true}, pass("s/1", 1))
	w.commit(t)
	check(t, w, applicant("s/2", 1), pass("s/2", 2), pass("s/1", 1), pass("s/3", 1))
}

// Heartbeats are committed last: where their table is with a lane, every other one has all that it will get, so a commit that
// fails in between must not call the others complete.
func TestHeartbeatsAreNotAheadOfWhatStandsBesideThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 2, begin: true}, pass("s/1", 1), beat("s/1", 2))
	w.commit(t)
	w.land(t, "s/1", note{first: 3, last: 4, after: 2}, pass("s/1", 3), beat("s/1", 4))
	w.hook(without("passes_changes"))
	if _, err := w.committer.Commit(t.Context()); err == nil {
		t.Fatal("nothing failed")
	}
	w.hook(nil)
	if to, _ := w.snapshot(t, "heartbeats").Watermarks.CompleteTo(); !to.Equal(at(2)) {
		t.Errorf("a pass is missing, and the heartbeats say that all is complete to %v", to)
	}
	w.commit(t)
	if history, beats := w.snapshot(t, "passes_changes"), w.snapshot(t, "heartbeats"); history.Rows != 2 || beats.Rows != 2 {
		t.Errorf("%d passes and %d heartbeats, want 2 of each", history.Rows, beats.Rows)
	}
}

// A hole is told by the commit that passes it, and by no other of the same table: not by a committer that saw it too, and then
// had to begin again behind one that was first.
func TestAHoleIsToldByOneOfTwoCommitters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 2, begin: true}, passes("s/1", 1, 2)...)
	w.commit(t)
	w.land(t, "s/1", note{first: 6, last: 7, after: 5}, passes("s/1", 6, 7)...)
	other := newWorld(t, w.root)
	w.land(t, "s/1", note{first: 8, last: 9, after: 7}, passes("s/1", 8, 9)...)
	other.files.ListFunc = func(ctx context.Context, prefix string) ([]fs.FileInfo, error) { // begun before that landed
		found, err := other.files.Dir.List(ctx, prefix)
		return slices.DeleteFunc(found, func(f fs.FileInfo) bool {
			name, err := lake.ParseLandedName(f.Name())
			return err == nil && name.First == seq(8)
		}), err
	}
	told, puts := 0, 0
	w.hook(once("file rename", "passes_changes/data", func() { told += len(other.commit(t).Holes) }, &puts))
	told += len(w.commit(t).Holes)
	w.hook(nil)
	if told != 1 || puts != 2 {
		t.Errorf("the hole was told %d times, and files were written %d times", told, puts)
	}
	check(t, w, append(passes("s/1", 1, 2), passes("s/1", 6, 9)...)...)
}
