// Package warehouse is a lake on AWS as the functions open it: the objects of a bucket, the tables of a Glue database over
// them, and the datasets' own among these.
package warehouse

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/function"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/schemas"
)

// Warehouse is a lake on AWS. It is safe for concurrent use.
type Warehouse struct {
	Files    *s3.Bucket
	Catalog  *tables.Catalog
	registry *schemas.Registry
}

// Open opens the lake at a place whose tables are in a Glue database. It asks nobody.
func Open(ctx context.Context, base *function.Base, at config.Location, database string) (*Warehouse, error) {
	w := &Warehouse{Files: base.Bucket(at), registry: base.Registry}
	place := tables.Place{Database: database, Root: "s3://" + w.Files.Name() + "/" + w.Files.Prefix(), Objects: w.Files}
	opts := tables.Options{Observe: telemetry.Fan(base.Observe, telemetry.Logged(base.Log, slog.LevelWarn))} // of other engines' commits
	var err error
	w.Catalog, err = tables.OpenGlue(ctx, glue.NewFromConfig(base.AWS), place, opts)
	return w, err
}

// History returns a dataset's tables, made where they are missing.
func (w *Warehouse) History(ctx context.Context, d *schemas.Dataset) (compact.History, error) {
	h := compact.History{Dataset: d}
	var err error
	if h.Changes, err = w.Catalog.Table(ctx, tables.Changes(d)); err != nil {
		return h, fmt.Errorf("open %s: %w", d.ChangesTable(), err)
	}
	if d.Key.IsZero() {
		return h, nil
	}
	if h.Base, err = w.Catalog.Table(ctx, compact.BaseSpec(d)); err != nil {
		return h, fmt.Errorf("open %s: %w", d.BaseTable(), err)
	}
	return h, nil
}

// Dataset returns a dataset by name.
func (w *Warehouse) Dataset(name string) (*schemas.Dataset, error) {
	if d, ok := w.registry.Dataset(name); ok {
		return d, nil
	}
	return nil, fault.New(fault.NotFound, "there is no dataset %q", name)
}

// Told returns the tables whose commits the ledger tells of: the histories that are there, the quarantine and the heartbeats.
func (w *Warehouse) Told(ctx context.Context) ([]*tables.Table, error) {
	names := []string{schemas.QuarantineTable, schemas.HeartbeatTable}
	for _, d := range w.registry.Datasets() {
		names = append(names, d.ChangesTable())
	}
	var all []*tables.Table
	for _, name := range names {
		t, err := w.Catalog.Existing(ctx, name)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}
