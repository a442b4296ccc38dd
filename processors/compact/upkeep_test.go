package compact_test

import (
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/compact"
)

// readable opens every file of a snapshot and returns the first error.
func (p *pond) readable(s *tables.Snapshot) error {
	p.Helper()
	files, err := s.Files(p.Context(), tables.Filter{})
	if err != nil {
		return err
	}
	for _, f := range files {
		key, err := lake.ParseURL(f.URL)
		if err != nil {
			return err
		}
		r, _, err := p.files.Open(p.Context(), key)
		if err != nil {
			return err
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	return nil
}

// A reader that pinned a snapshot before the files were merged reads every file of it until the grace is over, although
// no other snapshot is to be kept.
func TestAPinnedReaderReadsUntilItsGraceIsOver(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	for i := range 9 {
		p.commit(visit{"a", "modify", "2026-11-20", "dhaka", 10 + i, 1})
	}
	pinned, err := p.h.Changes.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pinned.Files(t.Context(), tables.Filter{}); err != nil { // a reader plans first
		t.Fatal(err)
	}
	c := p.compactor(compact.Options{Keep: 1, Grace: time.Hour})
	if did, err := c.Merge(t.Context(), p.h); err != nil || !did {
		t.Fatalf("Merge = %t, %v", did, err)
	}
	upkeep := func(c *compact.Compactor) {
		t.Helper()
		if err := c.Upkeep(t.Context(), p.h.Changes); err != nil {
			t.Fatal(err)
		}
		if err := c.Sweep(t.Context(), p.h.Changes); err != nil {
			t.Fatal(err)
		}
	}
	upkeep(c)
	if err := p.readable(pinned); err != nil {
		t.Errorf("within the grace: %v", err)
	}
	upkeep(p.compactor(compact.Options{Keep: 1, Grace: time.Nanosecond}))
	if err := p.readable(pinned); !fault.Is(err, fault.NotFound) {
		t.Errorf("after the grace the replaced files are still there: %v", err)
	}
	now, err := p.h.Changes.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.readable(now); err != nil {
		t.Errorf("a live file is gone: %v", err)
	}
}
