package compact_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/schemas"
)

// Whatever the samples are, each row is in the one range that its key belongs to, and row groups end where ranges do.
func TestEachRowIsInTheRangeOfItsKey(t *testing.T) {
	t.Parallel()
	cols := []schemas.Column{{ID: 1, Name: "id", Type: schemas.String, Required: true}}
	names := func(t *rapid.T, label string, most int) *columns.Batch {
		b := columns.New(cols)
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 40), 0, most).Draw(t, label) {
			b.Leaf("id").AppendString(strings.Repeat("k", n%3) + fmt.Sprint(n))
			b.EndRow()
		}
		return b
	}
	rapid.Check(t, func(t *rapid.T) {
		samples, keys, n := names(t, "samples", 50), names(t, "keys", 60), rapid.IntRange(1, 9).Draw(t, "ranges")
		rows := keys.SortOrder([]columns.SortKey{{Path: "id"}})
		fences, ends := compact.Fences(samples, "id", n, keys, rows)
		if len(ends) != len(fences)+1 || len(fences) > n-1 || !slices.IsSortedFunc(fences, bytes.Compare) {
			t.Fatalf("%d samples, %d ranges: %d fences, %d ends", samples.Rows(), n, len(fences), len(ends))
		}
		if samples.Rows() > 0 && len(fences) != n-1 {
			t.Fatalf("%d fences of %d ranges", len(fences), n)
		}
		for i, row := range rows {
			want := 0
			for want < len(fences) && bytes.Compare(keys.Leaf("id").BytesAt(int(row)), fences[want]) >= 0 {
				want++
			}
			got := 0
			for int64(i) >= ends[got] {
				got++
			}
			if got != want {
				t.Fatalf("key %s is in range %d of %q, want %d", keys.Leaf("id").BytesAt(int(row)), got, fences, want)
			}
		}
		last := 0
		for _, end := range compact.Groups(ends) {
			if end <= last || !slices.Contains(ends, int64(end)) {
				t.Fatalf("a row group ends at %d, behind %d; ranges end at %v", end, last, ends)
			}
			last = end
		}
		if last != len(rows) {
			t.Fatalf("row groups end at %d of %d rows", last, len(rows))
		}
	})
}

// A base that is merged range by range with more changes, again and again, is that of the newest change of every key.
func TestABaseIsMergedRangeByRange(t *testing.T) {
	t.Parallel()
	l := newReservoir(t, 6, 120_000)
	for range 3 {
		c := compact.New(l.files, compact.Options{MemoryBytes: 32 << 20, BaseRows: 1, Now: func() time.Time { return time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC) }})
		if did, err := c.MergeBase(t.Context(), l.h); err != nil || !did {
			t.Fatalf("MergeBase = %t, %v", did, err)
		}
		l.checkBase(t)
		l.add(t, 2)
	}
	snap, err := l.h.Base.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := snap.Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 2*compact.Buckets {
		t.Errorf("the base has %d files: no bucket went range by range", len(files))
	}
}

// A bucket whose file is in another order than the keys' cannot be cut into ranges: that is an error, and nothing changes.
func TestABaseInAnotherOrderIsRefused(t *testing.T) {
	t.Parallel()
	l := newReservoir(t, 4, 0)
	c := compact.New(l.files, compact.Options{MemoryBytes: 32 << 20, BaseRows: 1})
	cols := l.h.Dataset.StateColumns()
	b := columns.New(cols)
	p := newPasses(t, 9)
	all := columns.New(l.h.Dataset.ChangeColumns())
	p.add(all, 3000)
	if err := b.AppendFrom(all); err != nil {
		t.Fatal(err)
	}
	shuffled := columns.New(cols)
	if err := shuffled.Gather(b, b.SortOrder([]columns.SortKey{{Path: "id", Desc: true}})); err != nil {
		t.Fatal(err)
	}
	body, stats, err := columns.NewEncoder(cols, columns.EncoderOptions{}).Encode(nil, shuffled)
	if err != nil {
		t.Fatal(err)
	}
	key := lake.DataKey(l.h.Base.Name(), "bucket=3", "b-other")
	if err := l.files.Put(t.Context(), key, body); err != nil {
		t.Fatal(err)
	}
	f := p.newFile(stats, key)
	f.Dt, f.Region, f.Bucket = "", "", 3
	snap, err := l.h.Base.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.h.Base.Append(t.Context(), snap, []tables.NewFile{f}, tables.Update{Marker: "other"}); err != nil {
		t.Fatal(err)
	}
	if did, err := c.MergeBase(t.Context(), l.h); did || !fault.Is(err, fault.Invalid) {
		t.Errorf("MergeBase = %t, %v; want an invalid file", did, err)
	}
	if orphans, err := l.h.Base.Orphans(t.Context(), 0); err != nil || len(orphans) != 0 {
		t.Errorf("the merge left %v, %v", orphans, err)
	}
}
