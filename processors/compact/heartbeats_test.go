package compact_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/compact"
)

// TestOldHeartbeatsGo: a week of them stays, and how far each lane is stays whatever goes.
func TestOldHeartbeatsGo(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	p.commit(visit{"a", "modify", "2026-11-12", "all", 1, 1}, visit{"a", "modify", "2026-11-13", "all", 2, 1}, visit{"a", "modify", "2026-11-20", "all", 3, 1})
	before, err := p.h.Changes.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := p.compactor(compact.Options{})
	for _, want := range []int64{1, 0} {
		if rows, err := c.ForgetHeartbeats(t.Context(), p.h.Changes); rows != want || err != nil {
			t.Errorf("%d rows went, %v, want %d", rows, err, want)
		}
	}
	after, err := p.h.Changes.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := after.Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var days []string
	for _, f := range files {
		days = append(days, f.Dt)
	}
	slices.Sort(days) // files come in no order
	if diff := cmp.Diff([]string{"2026-11-13", "2026-11-20"}, days); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before.Watermarks, after.Watermarks); diff != "" || after.Commit != before.Commit {
		t.Errorf("commit %d became %d, watermarks %s", before.Commit, after.Commit, diff)
	}
}
