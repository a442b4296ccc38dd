package compact_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
)

// A closed day whose files are in the order of an older schema is brought into the order of the new one, though it does
// not fit the memory: nothing is lost or doubled, the files follow each other, and then there is nothing left to do.
func TestADayInAnotherOrderIsClosed(t *testing.T) {
	t.Parallel()
	l := newReservoir(t, 6, 0)
	kept := *l.h.Dataset
	kept.Sort = []string{"thana", "type"}
	l.h.Dataset = &kept
	c := compact.New(l.files, compact.Options{MemoryBytes: 28 << 20, Now: func() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) }})
	rounds := 0
	for more := true; more; rounds++ {
		var err error
		if more, err = c.Merge(t.Context(), l.h); err != nil {
			t.Fatal(err)
		}
		if rounds > 5 {
			t.Fatal("there is always something left to merge")
		}
	}
	keys := []columns.SortKey{{Path: "thana"}, {Path: "type"}, {Path: "_at"}, {Path: "_seq"}}
	all := l.batches(t, l.h.Changes, "thana", "type", "_at", "_seq")
	slices.SortFunc(all, func(a, b *columns.Batch) int { return columns.Compare(a, 0, b, 0, keys) })
	seen, rows := map[string]bool{}, 0
	for n, b := range all {
		rows += b.Rows()
		for i := range b.Rows() {
			seen[string(b.Leaf("_seq").BytesAt(i))] = true
			if i > 0 && columns.Compare(b, i-1, b, i, keys) > 0 || i == 0 && n > 0 && columns.Compare(all[n-1], all[n-1].Rows()-1, b, 0, keys) >= 0 {
				t.Fatalf("file %d, row %d is not in the order of the keys", n, i)
			}
		}
	}
	if rows != l.rows || len(seen) != l.rows || len(all) < 2 || rounds < 3 {
		t.Errorf("%d rows, %d identities in %d files after %d rounds; want %d rows, in several files", rows, len(seen), len(all), rounds, l.rows)
	}
}
