package ledger_test

import (
	"slices"
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
)

// TestAHoleIsOpenedOnce: who finds a hole again that was closed meanwhile, as a reader does at its next start, does not open
// it again; and all that was noted of a lane is known, of no other lane or stream.
func TestAHoleIsOpenedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	passed := lake.Hole{Stream: "moves", Lane: "s/1", After: seq(3), Last: seq(8), Reason: "its batches never landed"}.Named()
	e := lanes(9, "s/1")
	e.Holes = []lake.Hole{passed}
	d.commit(e)
	d.copy()
	vanished := lake.Hole{Stream: "moves", Lane: "s/1", After: seq(9), Reason: "its shard vanished"}.Named()
	elsewhere := lake.Hole{Stream: "others", Lane: "s/1", After: seq(9), Reason: "its shard vanished"}
	for range 2 {
		for _, h := range []lake.Hole{vanished, elsewhere} {
			if err := d.book.Open(t.Context(), h); err != nil {
				t.Fatal(err)
			}
		}
		for _, h := range []lake.Hole{passed, vanished} {
			if _, err := d.book.Close(t.Context(), h.ID, "repair/1", d.table); err != nil && d.made == 1 {
				t.Fatal(err)
			}
		}
		d.commit(lanes(10, "s/2"))
		d.copy()
	}
	open, err := d.book.Holes(t.Context(), d.table)
	if err != nil || len(open) != 1 || open[0].Stream != "others" {
		t.Errorf("open: %v, %v", open, err)
	}
	for _, c := range []struct {
		stream, lane string
		want         []string
	}{
		{"moves", "s/1", []string{passed.ID, vanished.ID}}, {"others", "s/1", []string{elsewhere.Named().ID}}, {"moves", "s/2", nil}, {"moves", "s", nil},
	} {
		got, err := d.book.Noted(t.Context(), c.stream, c.lane)
		ids := make([]string, len(got))
		for i := range got {
			ids[i] = got[i].ID
		}
		slices.Sort(ids)
		slices.Sort(c.want)
		if err != nil || !slices.Equal(ids, c.want) {
			t.Errorf("%s %s: got %v, %v, want %v", c.stream, c.lane, got, err, c.want)
		}
	}
}
