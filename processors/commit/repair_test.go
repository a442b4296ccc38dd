package commit_test

import (
	"cmp"
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
)

// Rule 1.2: a repair's rows keep their identities, so what the lake has already is left out, wherever it lies.
func TestARepairBringsOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	moved := []rec{{"passes", "s/1", 3, "modify", "2026-11-20", "sylhet", "p3"}, {"passes", "s/1", 3, "leave", "2026-11-20", "dhaka", "p3"}}
	elsewhere := pass("s/1", 2)
	elsewhere.dt, elsewhere.region = "2026-10-01", "khulna"
	rows := []struct {
		name string
		land func(w *world)
		want []rec
		more int64 // commits
	}{
		{"what was lost", func(w *world) { w.land(t, "repair/a", note{first: 0, last: 0}, moved...) }, moved, 1},
		{"among what is there", func(w *world) {
			w.land(t, "repair/a", note{first: 0, last: 4}, append(passes("s/1", 1, 2), append(moved, passes("s/1", 4, 5)...)...)...)
		}, moved, 1},
		{"behind a number of its own that is not there", func(w *world) { w.land(t, "repair/a", note{first: 8, last: 8, after: 7}, moved...) }, moved, 1},
		{"all is there", func(w *world) { w.land(t, "repair/a", note{first: 0, last: 1}, passes("s/1", 1, 2)...) }, nil, 0},
		{"it is there in another partition", func(w *world) { w.land(t, "repair/a", note{first: 0, last: 0}, elsewhere) }, nil, 0},
		{"twice in a batch", func(w *world) { w.land(t, "repair/a", note{first: 0, last: 3}, append(moved, moved...)...) }, moved, 1},
		{"again in the next batch", func(w *world) {
			w.land(t, "repair/a", note{first: 0, last: 0}, moved...)
			w.land(t, "repair/a", note{first: 1, last: 1}, moved...)
		}, moved, 1},
		{"by another repair", func(w *world) {
			w.land(t, "repair/a", note{first: 0, last: 0}, moved...)
			w.commit(t)
			w.land(t, "repair/b", note{first: 0, last: 0}, moved...)
		}, moved, 1},
		{"the same repair again", func(w *world) {
			w.land(t, "repair/a", note{first: 0, last: 0}, moved...)
			w.commit(t)
			w.land(t, "repair/a", note{first: 0, last: 0}, moved...)
		}, moved, 1},
		{"a zombie of the repair, whose number its lane has passed", func(w *world) {
			w.land(t, "repair/a", note{first: 0, last: 1}, moved...)
			w.commit(t)
			w.land(t, "repair/a", note{first: 1, last: 1}, pass("s/1", 6))
		}, moved, 1},
		{"half of a move", func(w *world) {
			w.land(t, "repair/a", note{first: 0, last: 0}, moved[0])
			w.commit(t)
			w.land(t, "repair/b", note{first: 0, last: 0}, moved...)
		}, moved, 2},
		{"after a compaction", func(w *world) {
			w.compact(t)
			w.land(t, "repair/a", note{first: 0, last: 4}, append(passes("s/1", 4, 5), moved...)...)
		}, moved, 1},
		{"of a shard that was never seen", func(w *world) {
			w.land(t, "repair/a", note{first: 0, last: 1}, passes("s/9", 1, 2)...)
			w.commit(t)
			w.land(t, "repair/b", note{first: 0, last: 2}, passes("s/9", 1, 3)...)
		}, passes("s/9", 1, 3), 2},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, scratch(t))
			have := append(passes("s/1", 1, 2), passes("s/1", 4, 5)...)
			w.land(t, "s/1", note{first: 1, last: 5, begin: true}, have...)
			w.commit(t)
			before := w.snapshot(t, "passes_changes")
			row.land(w)
			w.start(t)
			report := w.commit(t)
			check(t, w, append(have, row.want...)...)
			now := w.snapshot(t, "passes_changes")
			if now.Commit != 1+row.more {
				t.Errorf("at commit %d, want %d", now.Commit, 1+row.more)
			}
			if left := w.landing(t); len(left) != 0 || len(report.Holes) != 0 {
				t.Errorf("left: %v, holes: %v", left, report.Holes)
			}
			if now.Watermarks["s/1"] != before.Watermarks["s/1"] {
				t.Errorf("the shard is at %+v, want %+v", now.Watermarks["s/1"], before.Watermarks["s/1"])
			}
			if to, _ := now.Watermarks.CompleteTo(); !to.Equal(at(5)) {
				t.Errorf("complete to %v", to)
			}
			if row.more > 0 && now.Watermarks["repair/a"].At.IsZero() {
				t.Errorf("the repair's lane has no watermark: %v", now.Watermarks)
			}
		})
	}
}

// A bad record that was parked before is not parked again, and one that is not there yet is.
func TestARepairOfTheQuarantine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "s/1", note{first: 1, last: 5, begin: true}, pass("s/1", 1), bad("s/1", 2), pass("s/1", 5))
	w.commit(t)
	w.land(t, "repair/a", note{first: 0, last: 2}, bad("s/1", 2), bad("s/1", 3), pass("s/1", 4))
	w.commit(t)
	w.land(t, "repair/b", note{first: 0, last: 2}, bad("s/1", 2), bad("s/1", 3), pass("s/1", 4))
	w.commit(t)
	check(t, w, pass("s/1", 1), bad("s/1", 2), bad("s/1", 3), pass("s/1", 4), pass("s/1", 5))
	if left := w.landing(t); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// A repair may bring rows before their own lane does: then the lane's are left out.
func TestARepairAheadOfItsLane(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		land func(w *world)
	}{
		{"and the table catches up with other tables meanwhile", func(w *world) {
			w.land(t, "repair/a", note{first: 0, last: 0}, pass("s/1", 10))
			w.commit(t)
			w.land(t, "s/1", note{first: 6, last: 6, after: 5}, applicant("s/1", 6))
			w.commit(t)
			w.land(t, "s/2", note{first: 1, last: 1, begin: true}, pass("s/2", 1))
			w.commit(t)
			w.land(t, "s/1", note{first: 7, last: 10, after: 6}, passes("s/1", 7, 10)...)
			w.commit(t)
		}},
		{"one after the other", func(w *world) {
			w.land(t, "repair/a", note{first: 0, last: 1}, pass("s/1", 7), pass("s/1", 9))
			w.commit(t)
			w.land(t, "s/1", note{first: 6, last: 8, after: 5}, passes("s/1", 6, 8)...)
			w.commit(t)
			w.land(t, "s/1", note{first: 9, last: 10, after: 8}, passes("s/1", 9, 10)...)
			w.commit(t)
		}},
		{"at once", func(w *world) {
			w.land(t, "repair/a", note{first: 0, last: 1}, pass("s/1", 7), pass("s/1", 9))
			w.land(t, "s/1", note{first: 6, last: 8, after: 5}, passes("s/1", 6, 8)...)
			w.commit(t)
			w.land(t, "s/1", note{first: 9, last: 10, after: 8}, passes("s/1", 9, 10)...)
			w.commit(t)
		}},
		{"and a second one", func(w *world) {
			w.land(t, "repair/a", note{first: 0, last: 0}, pass("s/1", 9))
			w.commit(t)
			w.land(t, "repair/b", note{first: 0, last: 1}, pass("s/1", 7), pass("s/1", 9))
			w.commit(t)
			w.land(t, "s/1", note{first: 6, last: 10, after: 5}, passes("s/1", 6, 10)...)
			w.commit(t)
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, scratch(t))
			w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
			w.commit(t)
			row.land(w)
			var got []string
			for _, r := range w.rows(t) {
				if strings.HasPrefix(r, "passes s/1/") || strings.HasPrefix(r, "applicants s/1/") {
					got = append(got, strings.TrimPrefix(strings.Fields(r)[1], "s/1/"))
				}
			}
			slices.SortFunc(got, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
			if want := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}; !slices.Equal(got, want) {
				t.Errorf("got %v, want each once", got)
			}
			if m := w.snapshot(t, "passes_changes").Watermarks["s/1"]; m != (lake.Watermark{Seq: seq(10), At: at(10)}) {
				t.Errorf("the shard is at %+v", m)
			}
			if left := w.landing(t); len(left) != 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// A lane that only a repair knows is no open shard: it would hold back the age of the data for ever.
func TestALaneThatOnlyARepairKnows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.land(t, "repair/a", note{first: 0, last: 0}, pass("s/1", 7))
	w.commit(t)
	marks := w.snapshot(t, "passes_changes").Watermarks
	if to, open := marks.CompleteTo(); open {
		t.Errorf("complete to %v by %v, want no open shard", to, marks)
	}
	w.start(t)
	w.land(t, "s/1", note{first: 1, last: 8, begin: true}, passes("s/1", 1, 8)...)
	report := w.commit(t)
	check(t, w, passes("s/1", 1, 8)...)
	if len(report.Holes) != 0 {
		t.Errorf("holes: %v", report.Holes)
	}
}

// Rule 1.2: the commit is pinned to the snapshot that was looked at: what another committer brings meanwhile is sought too.
func TestARepairThatRaces(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		wins func(t *testing.T, w *world)
	}{
		{"the lane itself", func(t *testing.T, w *world) {
			w.land(t, "s/1", note{first: 6, last: 8, after: 5}, passes("s/1", 6, 8)...)
		}},
		{"another repair", func(t *testing.T, w *world) {
			w.land(t, "repair/b", note{first: 0, last: 2}, passes("s/1", 6, 8)...)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, scratch(t))
			w.land(t, "s/1", note{first: 1, last: 5, begin: true}, passes("s/1", 1, 5)...)
			w.commit(t)
			w.land(t, "repair/a", note{first: 0, last: 2}, passes("s/1", 7, 9)...)
			other := newWorld(t, w.root)
			puts := 0
			other.files.ListFunc = func(ctx context.Context, prefix string) ([]fs.FileInfo, error) {
				found, err := other.files.Dir.List(ctx, prefix)
				return slices.DeleteFunc(found, func(f fs.FileInfo) bool { return strings.Contains(f.Name(), "repair/a") }), err
			}
			w.hook(once("file rename", "passes_changes/data", func() {
				row.wins(t, other)
				other.commit(t)
			}, &puts))
			w.commit(t)
			w.hook(nil)
			w.commit(t)
			check(t, w, passes("s/1", 1, 9)...)
			if puts < 1 {
				t.Error("nobody raced")
			}
		})
	}
}

// Files that cannot hold what is sought are not opened.
func TestARepairReadsOnlyFilesThatMayHoldIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	for n := range 20 {
		w.land(t, "s/1", note{first: 10*n + 1, last: 10*n + 10, after: 10 * n, begin: n == 0}, passes("s/1", 10*n+1, 10*n+10)...)
		w.land(t, "s/2", note{first: 10*n + 1, last: 10*n + 10, after: 10 * n, begin: n == 0}, passes("s/2", 10*n+1, 10*n+10)...)
		w.commit(t)
	}
	opened := 0
	w.hook(func(step, key string) error {
		if step == "file read" && strings.HasSuffix(key, ".parquet") {
			opened++
		}
		return nil
	})
	w.land(t, "repair/a", note{first: 0, last: 1}, pass("s/1", 55), pass("s/1", 500))
	w.commit(t)
	w.hook(nil)
	if opened != 1 {
		t.Errorf("%d files were opened, want the one of 51 to 60", opened)
	}
	check(t, w, append(append(passes("s/1", 1, 200), passes("s/2", 1, 200)...), pass("s/1", 500))...)
}
