package warehouse

import (
	"context"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/ledger"
)

// Holes returns the open holes. It makes no table.
func (w *Warehouse) Holes(ctx context.Context) ([]lake.Hole, error) {
	book, err := ledger.Open(ctx, w.Files, existing{w.Catalog}, ledger.Options{})
	if fault.Is(err, fault.NotFound) { // nothing was ever committed
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	told, err := w.Told(ctx)
	if err != nil {
		return nil, err
	}
	return book.Holes(ctx, told...)
}

// existing opens tables that are there.
type existing struct{ catalog *tables.Catalog }

// Table implements ledger.Tables.
func (e existing) Table(ctx context.Context, spec tables.Spec) (*tables.Table, error) {
	return e.catalog.Existing(ctx, spec.Name)
}
