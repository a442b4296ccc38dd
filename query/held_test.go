package query_test

import (
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/schemas"
)

// TestWhatIsHeldBackIsOfTheSameMoment: what leaves the quarantine for a history, or comes into it, while tables are being
// pinned must not be in neither of the two that are pinned.
func TestWhatIsHeldBackIsOfTheSameMoment(t *testing.T) {
	t.Parallel()
	reg := enginetest.ShopRegistry(t)
	for _, at := range []string{"orders_changes", schemas.QuarantineTable} {
		t.Run("while "+at+" is opened", func(t *testing.T) {
			t.Parallel()
			var between func()
			root := t.TempDir()
			here, err := tables.OpenFolder(t.Context(), root, tables.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := &shelf{t: t, catalog: here, reg: reg}
			d, _ := reg.Dataset("orders")
			changes, parked := s.table(tables.Changes(d)), s.table(tables.Quarantine())
			s.mark(changes, lake.Watermarks{})
			s.mark(parked, lake.Watermarks{})
			replay := func() { // the record lands and leaves the quarantine
				s.mark(changes, lake.Watermarks{})
				snap, err := parked.Snapshot(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				files, err := snap.Files(t.Context(), tables.Filter{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := parked.Remove(t.Context(), snap, files, tables.Update{Marker: "gone"}); err != nil {
					t.Fatal(err)
				}
			}
			elsewhere, err := tables.OpenFolder(t.Context(), root, tables.Options{Before: func(_, name string) error {
				if do := between; do != nil && strings.Contains(name, at) {
					between = nil
					do()
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			between = replay
			p, err := query.NewLake(elsewhere, reg, nil).Pin(t.Context(), []string{"orders_changes", schemas.QuarantineTable})
			if err != nil {
				t.Fatal(err)
			}
			if between != nil {
				t.Fatalf("%s was never opened", at)
			}
			there := len(p.Relations["orders_changes"].Files) + len(p.Relations[schemas.QuarantineTable].Files)
			if there != 2 {
				t.Errorf("%d of 2 records are pinned: %+v", there, p.Snapshots)
			}
		})
	}
}
