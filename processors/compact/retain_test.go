package compact_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/schemas"
)

// Only what the base, and a rollup where there is one, have taken in goes; the rest waits. What comes late for a day that
// is gone is counted when it goes.
func TestRetainWaitsForTheBase(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	kept := *p.h.Dataset
	kept.Keep = 10 * 24 * time.Hour
	p.h.Dataset = &kept
	c := p.compactor(compact.Options{BaseRows: 1})
	retain := func(through int64, files int, late int64, waiting int) {
		t.Helper()
		r, err := c.Retain(t.Context(), p.h, through)
		if err != nil || r.Files != files || r.Late != late || r.Waiting != waiting {
			t.Errorf("got %+v, %v; want %d files, %d late rows, %d waiting", r, err, files, late, waiting)
		}
	}
	old, first := noon.AddDate(0, 0, -11).Format(time.DateOnly), noon.AddDate(0, 0, -10).Format(time.DateOnly)
	p.commit(visit{"a", "insert", old, "dhaka", 1, 1}, visit{"b", "insert", first, "dhaka", 2, 1})
	retain(0, 0, 0, 1)
	mustMerge(t, c, p.h)
	p.commit(visit{"c", "insert", old, "dhaka", 3, 1})
	state, _ := p.rows(p.h.Base)
	retain(0, 1, 0, 1) // a, which the base has; not c
	mustMerge(t, c, p.h)
	retain(1, 0, 0, 1) // the rollup lacks c
	retain(2, 1, 1, 0)
	retain(2, 0, 0, 0)
	if got, _ := p.rows(p.h.Changes); len(got) != 1 {
		t.Errorf("the history has %v", got)
	}
	got, _ := p.rows(p.h.Base)
	if diff := cmp.Diff(append(state, got[len(got)-1]), got); diff != "" || len(got) != 3 {
		t.Errorf("the base: %s", diff)
	}
	snap, err := p.h.Changes.Snapshot(t.Context())
	if err != nil || snap.Horizon != first || snap.Dropped != 2 || snap.Commit != 2 {
		t.Errorf("the history begins with %s, dropped commit %d of %d, %v", snap.Horizon, snap.Dropped, snap.Commit, err)
	}
	if err := p.readable(snap); err != nil {
		t.Error(err)
	}
}

func TestHorizon(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		days  int
		grain string
		want  string
	}{
		{0, "day", ""}, {7, "day", "2026-11-13"}, {7, "month", "2026-11-01"}, {30, "month", "2026-10-01"},
	} {
		d := &schemas.Dataset{Keep: time.Duration(c.days) * 24 * time.Hour, Date: schemas.Date{Grain: c.grain}}
		if got := compact.Horizon(d, at); got != c.want {
			t.Errorf("%d days by %s: got %q, want %q", c.days, c.grain, got, c.want)
		}
	}
}
