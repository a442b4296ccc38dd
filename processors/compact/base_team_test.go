package compact_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tarn-lake/tarn/processors/compact"
)

// A worker that fails stops the others, and nothing of the merge stays; when the disk is whole again, several workers make
// the base of the newest change of every key.
func TestWorkersMakeTheBase(t *testing.T) {
	t.Parallel()
	l := newReservoir(t, 8, 60_000)
	c := compact.New(l.files, compact.Options{MemoryBytes: 64 << 20, Workers: 2, BaseRows: 1})
	broken := errors.New("no disk")
	var fails atomic.Value
	var puts atomic.Int64
	l.files.Before = func(step, key string) error {
		if folder, _ := fails.Load().(string); step == "write" && folder != "" && strings.Contains(key, folder) && puts.Add(1) > 3 {
			return broken
		}
		return nil
	}
	for _, folder := range []string{"/spill/", "/bucket="} {
		fails.Store(folder)
		puts.Store(0)
		if _, err := c.MergeBase(t.Context(), l.h); !errors.Is(err, broken) {
			t.Fatalf("files in %s cannot be written: got %v", folder, err)
		}
		if orphans, err := l.h.Base.Orphans(t.Context(), 0); err != nil || len(orphans) != 0 {
			t.Errorf("files in %s cannot be written: the merge left %v, %v", folder, orphans, err)
		}
	}
	fails.Store("")
	if did, err := c.MergeBase(t.Context(), l.h); err != nil || !did {
		t.Fatalf("MergeBase = %t, %v", did, err)
	}
	l.checkBase(t)
}
