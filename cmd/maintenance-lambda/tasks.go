package main

import (
	"context"
	"errors"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/warehouse"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/ledger"
	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/query/athena"
	"github.com/tarn-lake/tarn/schemas"
)

func (t *turn) compact(ctx context.Context) error {
	err := t.each(ctx, func(h compact.History) error {
		return t.untilDone(ctx, func() (bool, error) { return t.compactor.Merge(ctx, h) })
	})
	if !t.whole {
		return err
	}
	shared := map[string]func(context.Context, *tables.Table) (bool, error){
		schemas.QuarantineTable: t.compactor.MergeQuarantine, schemas.LedgerTable: t.compactor.MergeLedger, schemas.HeartbeatTable: t.compactor.MergeHeartbeats,
	}
	for name, merge := range shared {
		table, missing := t.lake.Catalog.Existing(ctx, name)
		if fault.Is(missing, fault.NotFound) {
			continue
		}
		if missing == nil {
			missing = t.untilDone(ctx, func() (bool, error) { return merge(ctx, table) })
		}
		err = errors.Join(err, missing)
	}
	return err
}

// untilDone does something as long as it finds work and there is time.
func (t *turn) untilDone(ctx context.Context, do func() (bool, error)) error {
	for t.time() {
		changed, err := do()
		if err := t.did(ctx, changed, err); err != nil || !changed {
			return err
		}
	}
	return nil
}

func (t *turn) bases(ctx context.Context) error {
	return t.each(ctx, func(h compact.History) error {
		if h.Base == nil {
			return t.show(ctx, h, none)
		}
		changed, err := t.compactor.MergeBase(ctx, h)
		if err := t.did(ctx, changed, err); err != nil {
			return err
		}
		snap, err := h.Base.Snapshot(ctx)
		if err != nil {
			return err
		}
		if snap.ID == 0 {
			return t.show(ctx, h, none)
		}
		return t.show(ctx, h, snap.Through)
	})
}

// none is the commit of a base that is not there.
const none = -1

// show lets everybody's questions at Athena see the dataset's records as the dashboard does: its base and what came since.
func (t *turn) show(ctx context.Context, h compact.History, through int64) error {
	view, err := athena.View(h.Dataset, t.base.Registry, athena.DefaultCatalog, t.settings.Database, through)
	if err != nil {
		return err
	}
	changed, err := athena.Show(ctx, t.glue, t.settings.Database, view)
	return t.did(ctx, changed, err)
}

// rollups makes the daily tables current to their histories.
func (t *turn) rollups(ctx context.Context) error {
	if t.source == nil {
		return fault.New(fault.Invalid, "TARN_WORKGROUP: rollups are counted in a workgroup of Athena, and none is named")
	}
	var failed error
	for _, d := range t.datasets {
		kept := t.base.Registry.Daily(d.Name)
		if kept == nil {
			continue
		}
		if !t.time() {
			break
		}
		failed = errors.Join(failed, t.rollup(ctx, kept))
	}
	return failed
}

func (t *turn) rollup(ctx context.Context, kept *schemas.Daily) error {
	r, err := rollup.Open(ctx, t.lake.Catalog, kept, t.lake.Files, t.source, rollup.Options{Observe: t.base.Observe})
	if err != nil {
		return err
	}
	changed, err := r.Refresh(ctx)
	if err := t.did(ctx, changed, err); err != nil {
		return err
	}
	changed, err = r.Merge(ctx)
	return t.did(ctx, changed, err)
}

// book opens the ledger.
func (t *turn) book(ctx context.Context) (*ledger.Book, []*tables.Table, error) {
	told, err := t.lake.Told(ctx)
	if err != nil {
		return nil, nil, err
	}
	book, err := ledger.Open(ctx, t.lake.Files, t.lake.Catalog, ledger.Options{})
	return book, told, err
}

func (t *turn) ledger(ctx context.Context) error {
	book, told, err := t.book(ctx)
	if err != nil {
		return err
	}
	return t.did(ctx, true, book.Copy(ctx, told...))
}

// upkeep lets snapshots go only after the ledger was told of their commits.
func (t *turn) upkeep(ctx context.Context) error {
	if err := t.ledger(ctx); err != nil {
		return err
	}
	return t.tables(ctx, t.compactor.Upkeep)
}

// sweep removes what crashes left, and heartbeats that tell nobody anything any more.
func (t *turn) sweep(ctx context.Context) error {
	if t.whole {
		if err := t.forget(ctx); err != nil {
			return err
		}
	}
	return t.tables(ctx, t.compactor.Sweep)
}

func (t *turn) forget(ctx context.Context) error {
	table, err := t.lake.Catalog.Existing(ctx, schemas.HeartbeatTable)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	rows, err := t.compactor.ForgetHeartbeats(ctx, table)
	return t.did(ctx, rows > 0, err)
}

// tables does something with every table that is there.
func (t *turn) tables(ctx context.Context, do func(context.Context, *tables.Table) error) error {
	var names []string
	for _, d := range t.datasets {
		names = append(names, d.ChangesTable(), d.BaseTable(), d.DailyTable())
	}
	if t.whole {
		names = append(names, schemas.QuarantineTable, schemas.LedgerTable, schemas.HeartbeatTable)
	}
	var failed error
	for _, name := range names {
		if !t.time() {
			break
		}
		table, err := t.lake.Catalog.Existing(ctx, name)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err == nil {
			err = t.did(ctx, true, do(ctx, table))
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// health measures what no commit does while nothing comes: how old the data is, and what people should look at.
func (t *turn) health(ctx context.Context) error {
	now := time.Now()
	complete, err := t.lake.Complete(ctx, t.datasets)
	if err != nil {
		return err
	}
	for name, at := range complete {
		t.base.Observe(warehouse.Age{Dataset: name, Age: now.Sub(at)})
	}
	return t.state(ctx)
}

func (t *turn) state(ctx context.Context) error {
	var s warehouse.State
	waiting, err := t.lake.Files.List(ctx, lake.LandingDir+"/")
	if err != nil {
		return err
	}
	s.Waiting = len(waiting)
	book, told, err := t.book(ctx)
	if err != nil {
		return err
	}
	holes, err := book.Holes(ctx, told...)
	if err != nil {
		return err
	}
	s.Holes = len(holes)
	for _, table := range told {
		if table.Name() == schemas.QuarantineTable {
			snap, err := table.Snapshot(ctx)
			if err != nil {
				return err
			}
			s.Quarantined = snap.Rows
		}
	}
	t.base.Observe(s)
	t.Pieces++
	return nil
}
