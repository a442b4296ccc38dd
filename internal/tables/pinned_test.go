package tables_test

import (
	"testing"
	"time"
)

// TestWhatWasNewestLatelyStays: a snapshot that is old, but was the newest when the young ones began, may be read by somebody who
// pinned it then. Those before it are nobody's.
func TestWhatWasNewestLatelyStays(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	tab := l.table(t, passes())
	before := l.append(t, tab, l.append(t, tab, l.now(t, tab), 1, nil, "2026-11-20"), 2, nil, "2026-11-20")
	newest := l.append(t, tab, before, 3, nil, "2026-11-20")
	for commit := int64(4); newest.At.Sub(before.At) < 2*time.Millisecond; commit++ {
		before, newest = newest, l.append(t, tab, newest, commit, nil, "2026-11-20")
	}
	between := newest.At.Sub(before.At) / 2
	for range 1000 {
		olderThan := time.Since(newest.At) + between
		got, want := newest.Spare(1, olderThan), newest.Kept()-2
		if time.Since(newest.At)-olderThan >= 0 {
			continue // the clock has gone on too far: the newest is old too by now
		}
		if got != want {
			t.Errorf("%d of %d snapshots may go, want %d", got, newest.Kept(), want)
		}
		return
	}
	t.Error("the machine is too slow to ask in time")
}
