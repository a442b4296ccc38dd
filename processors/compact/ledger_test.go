package compact_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/schemas"
)

// TestTheLedgerIsMerged: its rows have no identity, so none of them is dropped, not even equal ones.
func TestTheLedgerIsMerged(t *testing.T) {
	t.Parallel()
	const files = 12
	root := filepath.Join(t.TempDir(), "lake")
	store, err := dir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	cat, err := tables.OpenFolder(t.Context(), root, tables.Options{})
	if err != nil {
		t.Fatal(err)
	}
	table, err := cat.Table(t.Context(), tables.Ledger())
	if err != nil {
		t.Fatal(err)
	}
	enc, day := columns.NewEncoder(schemas.LedgerColumns(), columns.EncoderOptions{}), noon.Format(time.DateOnly)
	for i := range files {
		b := columns.New(schemas.LedgerColumns())
		b.Leaf(schemas.ColCommit).AppendInt64(int64(i + 1))
		b.Leaf(schemas.ColAt).AppendInt64(noon.UnixMicro())
		b.Leaf(schemas.ColDate).AppendInt32(int32(noon.Unix() / 86400))
		b.Leaf(schemas.ColRegion).AppendString("all")
		b.Leaf("kind").AppendString("commit")
		b.Leaf("table").AppendString("visits_changes")
		b.EndRow()
		body, stats, err := enc.Encode(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		key := lake.DataKey(schemas.LedgerTable, lake.DayPartition(day, "all"), fmt.Sprint("l", i))
		if err := store.Put(t.Context(), key, body); err != nil {
			t.Fatal(err)
		}
		base, err := table.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		one := tables.NewFile{URL: lake.URL(key), Rows: stats.Rows, Size: stats.Size, Dt: day, Region: "all", Bucket: -1}
		if _, err := table.Append(t.Context(), base, []tables.NewFile{one}, tables.Update{Marker: fmt.Sprint(i), Commit: int64(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	c := compact.New(store, compact.Options{Now: func() time.Time { return noon }})
	if merged, err := c.MergeLedger(t.Context(), table); err != nil || !merged {
		t.Fatalf("merged %v, %v", merged, err)
	}
	now, err := table.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left, err := now.Files(t.Context(), tables.Filter{})
	if err != nil || len(left) != 1 || now.Rows != files {
		t.Errorf("%d files with %d rows, %v; want 1 with %d", len(left), now.Rows, err, files)
	}
}
