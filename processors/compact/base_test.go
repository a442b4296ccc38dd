package compact_test

import (
	"testing"

	"github.com/tarn-lake/tarn/processors/compact"
)

// A bulk load lets the base fall behind by a multiple of its rows, and brings it up to the history at its end.
func TestABulkLoadCompletesItsBase(t *testing.T) {
	t.Parallel()
	l := newReservoir(t, 1, 0)
	c := compact.New(l.files, compact.Options{MemoryBytes: 64 << 20, BaseRows: 1, BaseTimes: 3, QuickBase: true})
	merges := func(want bool) {
		t.Helper()
		if did, err := c.MergeBase(t.Context(), l.h); err != nil || did != want {
			t.Fatalf("MergeBase = %t, %v; want %t", did, err, want)
		}
	}
	merges(true)
	l.add(t, 2)
	merges(false) // twice its rows
	l.add(t, 1)
	merges(true)
	l.checkBase(t)
	l.add(t, 2)
	merges(false)
	if did, err := c.CompleteBase(t.Context(), l.h); err != nil || !did {
		t.Fatalf("CompleteBase = %t, %v", did, err)
	}
	l.checkBase(t)
	if did, err := c.CompleteBase(t.Context(), l.h); err != nil || did {
		t.Errorf("a second CompleteBase = %t, %v", did, err)
	}
}
