package compact_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/processors/compact"
)

// Several workers make the base that one makes, and leave nothing else behind.
func TestWorkersMakeTheSameBase(t *testing.T) {
	t.Parallel()
	var want []string
	for _, workers := range []int{1, 3} {
		l := newReservoir(t, 3, 30_000)
		got := l.mergeBase(t, workers)
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d workers make a base of %d rows, which are not the %d of one", workers, len(got), len(want))
		}
		if orphans, err := l.h.Base.Orphans(t.Context(), 0); err != nil || len(orphans) != 0 {
			t.Errorf("%d workers left %v, %v", workers, orphans, err)
		}
	}
}

// mergeBase merges the base by so many workers and returns its rows' keys and identities.
func (l *reservoir) mergeBase(t *testing.T, workers int) (rows []string) {
	t.Helper()
	c := compact.New(l.files, compact.Options{
		MemoryBytes: int64(workers) * 32 << 20, Workers: workers, BaseRows: 1,
		Now: func() time.Time { return time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC) },
	})
	if did, err := c.MergeBase(t.Context(), l.h); err != nil || !did {
		t.Fatalf("MergeBase = %t, %v", did, err)
	}
	for _, b := range l.batches(t, l.h.Base, "id", "_seq") {
		for i := range b.Rows() {
			rows = append(rows, string(b.Leaf("id").BytesAt(i))+" "+string(b.Leaf("_seq").BytesAt(i)))
		}
	}
	slices.Sort(rows)
	return rows
}

// A worker that fails stops the others, and nothing of the merge stays.
func TestAFailedWorkerLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"spill/", "bucket="} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			l := newReservoir(t, 3, 30_000)
			broken := errors.New("no disk")
			var puts atomic.Int64
			l.files.Before = func(step, key string) error {
				if step == "write" && strings.Contains(key, folder) && puts.Add(1) > 3 {
					return broken
				}
				return nil
			}
			c := compact.New(l.files, compact.Options{MemoryBytes: 64 << 20, Workers: 2, BaseRows: 1})
			if _, err := c.MergeBase(t.Context(), l.h); !errors.Is(err, broken) {
				t.Errorf("got %v, want the disk's error", err)
			}
			if orphans, err := l.h.Base.Orphans(t.Context(), 0); err != nil || len(orphans) != 0 {
				t.Errorf("the merge left %v, %v", orphans, err)
			}
			if snap, err := l.h.Base.Snapshot(t.Context()); err != nil || snap.ID != 0 {
				t.Errorf("the base is at %d, %v", snap.ID, err)
			}
		})
	}
}
