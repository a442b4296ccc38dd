package compact_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/compact"
)

// Workers that share the partitions keep every row; where one fails, the others stop and nothing of the merge stays.
func TestWorkersMergePartitions(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	for i := range 10 {
		var part []visit
		for region := range 9 {
			part = append(part, visit{fmt.Sprint("k", i%4), "modify", "2026-11-01", fmt.Sprint("region", region), 10 + i, int64(9 - i)})
		}
		p.commit(part...)
	}
	before, _ := p.rows(p.h.Changes)
	c := compact.New(p.files, compact.Options{MemoryBytes: 96 << 20, Workers: 3})
	broken := errors.New("no disk")
	var puts atomic.Int64
	p.files.Before = func(step, _ string) error {
		if step == "write" && puts.Add(1) > 4 {
			return broken
		}
		return nil
	}
	if did, err := c.Merge(t.Context(), p.h); did || !errors.Is(err, broken) {
		t.Fatalf("Merge = %t, %v", did, err)
	}
	p.files.Before = nil
	if orphans, err := p.h.Changes.Orphans(t.Context(), 0); err != nil || len(orphans) != 0 {
		t.Errorf("the merge left %v, %v", orphans, err)
	}
	if did, err := c.Merge(t.Context(), p.h); err != nil || !did {
		t.Fatalf("Merge = %t, %v", did, err)
	}
	after, n := p.rows(p.h.Changes)
	if n != 9 {
		t.Errorf("%d files after, want one a partition", n)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	snap, err := p.h.Changes.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := snap.Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Rows != 10 || !strings.Contains(f.URL, f.Region+"/d-") {
			t.Errorf("%s has %d rows of %s", f.URL, f.Rows, f.Region)
		}
	}
}
