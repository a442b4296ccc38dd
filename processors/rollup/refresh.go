package rollup

import (
	"context"
	"fmt"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// tries bounds how often a refresh meets another commit, of which there are only those that tidy up.
const tries = 10

// Refresh makes the table current to the newest commit of the history, in one atomic commit that says so. It reports
// whether there was anything to do. After a recomputation it does nothing for as long as Options.Rest says, and while the
// table is held it does nothing either.
func (r *Rollup) Refresh(ctx context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held > 0 || r.opts.Now().Before(r.resting) {
		return false, nil
	}
	return r.refresh(ctx)
}

// Complete is Refresh for those who cannot do without it, such as retention: it never rests. Conflict while the table is held.
func (r *Rollup) Complete(ctx context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held > 0 {
		return false, r.errHeld()
	}
	return r.refresh(ctx)
}

func (r *Rollup) refresh(ctx context.Context) (bool, error) {
	began := r.opts.Now()
	base, err := r.table.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	q := Question{Dataset: r.kept.Dataset.Name, Above: base.Through, Worth: lake.ParseRollup(base.Properties[lake.PropRollup])}
	if q.Worth.Hash != r.kept.Hash { // the rows mean something else than the metrics do now
		q.Above, q.Whole, q.Worth = 0, true, lake.Rollup{Doubted: q.Worth.Doubted} // what is missing below is missing still
	}
	a, err := r.source.Lacking(ctx, q)
	if err != nil {
		return false, fmt.Errorf("read what %s lacks: %w", r.table.Name(), err)
	}
	if a.Through == 0 || a.Through == q.Above {
		return false, nil
	}
	file, err := r.added(ctx, base, a)
	if err != nil {
		return false, err
	}
	if err := r.commit(ctx, base, q, a, file); err != nil {
		r.discard(ctx, file)
		return false, err
	}
	recomputed := q.Whole || len(a.Marked) > 0
	took := r.opts.Now().Sub(began)
	if recomputed {
		r.resting = r.opts.Now().Add(min(took, maxRest) * timesOf(r.opts.Rest))
	}
	r.opts.Observe(Refreshed{Table: r.table.Name(), Through: a.Through, Rows: file.Rows, Recomputed: recomputed, Elapsed: took})
	return true, nil
}

// added writes the file of what is added to the table. A commit without a file would make no snapshot, so where
// everything cancels out it holds one row of nothing, which the next merge drops.
func (r *Rollup) added(ctx context.Context, base *tables.Snapshot, a Answer) (tables.NewFile, error) {
	all := columns.New(r.cols)
	for _, rows := range a.Rows {
		if err := rows.Append(all); err != nil {
			return tables.NewFile{}, err
		}
	}
	signs := ones(all.Rows(), 1)
	if len(a.Marked) > 0 {
		if err := r.takeOut(ctx, base, a.Marked, all); err != nil {
			return tables.NewFile{}, err
		}
		signs = append(signs, ones(all.Rows()-len(signs), -1)...)
	}
	sum := columns.New(r.cols)
	r.sum(sum, all, signs)
	if sum.Rows() == 0 {
		nothing(sum)
	}
	return r.write(ctx, sum, columns.Snappy, fmt.Sprintf("r-%d-%s", a.Through, r.opts.NewID()))
}

// takeOut appends the table's rows of marked days.
func (r *Rollup) takeOut(ctx context.Context, base *tables.Snapshot, marked map[string]Days, into *columns.Batch) error {
	files, err := base.Files(ctx, tables.Filter{})
	if err != nil {
		return err
	}
	held := columns.New(r.cols)
	for _, f := range files {
		held.Reset()
		if err := r.read(ctx, f, held); err != nil {
			return err
		}
		if err := into.Gather(held, r.rowsOf(held, marked)); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf returns the rows of metrics of records on their marked days.
func (r *Rollup) rowsOf(b *columns.Batch, marked map[string]Days) []int32 {
	metric, day := b.Leaf(schemas.ColMetric), b.Leaf(schemas.ColDay)
	var rows []int32
	for row := range b.Rows() {
		m := r.kept.Metric(string(metric.BytesAt(row)))
		if m == nil || m.Source != "current" {
			continue
		}
		days := marked[m.Time]
		null := day.IsNull(row)
		if days.All || null && days.Null || !null && days.Nums[int32(day.Int64At(row))] {
			rows = append(rows, int32(row))
		}
	}
	return rows
}

// commit adds the file, or puts it in the place of all that stands, with the commit that the table is then current to.
func (r *Rollup) commit(ctx context.Context, base *tables.Snapshot, q Question, a Answer, file tables.NewFile) error {
	u := tables.Update{Marker: r.opts.NewID(), Through: a.Through, Properties: map[string]string{lake.PropRollup: a.Worth.String()}}
	for range tries {
		old, err := base.Files(ctx, tables.Filter{})
		if err != nil {
			return err
		}
		if q.Whole && len(old) > 0 {
			_, err = r.table.Replace(ctx, base, old, []tables.NewFile{file}, u)
		} else {
			_, err = r.table.Append(ctx, base, []tables.NewFile{file}, u)
		}
		if !fault.Is(err, fault.Conflict) {
			return err
		}
		before := base
		if base, err = r.table.Snapshot(ctx); err != nil || base.Has(u.Marker) {
			return err
		}
		if base.Through != before.Through {
			return fault.New(fault.Conflict, "%s was refreshed by somebody else", r.table.Name())
		}
	}
	return fault.New(fault.Transient, "%s is rewritten all the time; try again", r.table.Name())
}
