package node

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// lakeView is the lake as verify reads it: through the engine that answers everybody's questions.
type lakeView struct{ n *Node }

// Await returns once the dataset is complete to t.
func (v lakeView) Await(ctx context.Context, d *schemas.Dataset, t time.Time) error {
	return v.n.await(ctx, d, t)
}

// State reads current state.
func (v lakeView) State(ctx context.Context, d *schemas.Dataset, keys []string, each func(string, []verify.Value)) error {
	fields := verify.Comparable(d)
	names := []string{d.Key.Partition}
	if d.Key.Sort != "" {
		names = append(names, d.Key.Sort)
	}
	parts := len(names)
	for _, f := range fields {
		names = append(names, f.Name)
	}
	for i := range names {
		names[i] = plan.Ident(names[i])
	}
	text := "SELECT " + strings.Join(names, ", ") + " FROM " + plan.Ident(d.Name)
	if keys != nil {
		text += " WHERE " + anyOf(d, keys)
	}
	r, err := v.n.query.Whole(ctx, text, d.Name)
	if err != nil {
		return err
	}
	values := make([]verify.Value, len(fields))
	for row := range r.Rows {
		for i := range fields {
			values[i] = canonical(&r.Columns[parts+i], row, &fields[i])
		}
		each(keyText(d, r, row), values)
	}
	return nil
}

func keyText(d *schemas.Dataset, r *query.Result, row int) string {
	text := r.Columns[0].Format(row, time.UTC)
	if d.Key.Sort != "" {
		text += "\x1f" + r.Columns[1].Format(row, time.UTC)
	}
	return text
}

// anyOf is a condition on the key columns that takes the keys and no others.
func anyOf(d *schemas.Dataset, keys []string) string {
	conds := make([]string, len(keys))
	for i, text := range keys {
		key := verify.ParseKeyText(d, text)
		conds[i] = plan.Ident(d.Key.Partition) + " = " + quote(key.Partition.Text)
		if d.Key.Sort != "" {
			conds[i] = "(" + conds[i] + " AND " + plan.Ident(d.Key.Sort) + " = " + quote(key.Sort.Text) + ")"
		}
	}
	return strings.Join(conds, " OR ")
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// canonical is a lake value in verify's text of the field's type.
func canonical(c *query.Column, row int, f *schemas.Field) verify.Value {
	if c.IsNull(row) {
		return verify.Value{}
	}
	switch c.Kind {
	case query.Instant, query.Integer:
		return verify.Value{Text: strconv.FormatInt(c.Ints[row], 10), Set: true}
	case query.Decimal:
		return verify.Value{Text: verify.Fixed(c.Texts[row], f.Scale), Set: true}
	default:
		return verify.Value{Text: c.Format(row, time.UTC), Set: true}
	}
}

// Identities counts the history's rows and their different identities.
func (v lakeView) Identities(ctx context.Context, d *schemas.Dataset) (rows, distinct int64, err error) {
	name := d.ChangesTable()
	text := "SELECT count(*), count(DISTINCT _shard || ':' || _seq) FROM " + plan.Ident(name)
	r, err := v.n.query.Whole(ctx, text, name)
	if err != nil {
		return 0, 0, err
	}
	if r.Rows != 1 || len(r.Columns) != 2 || len(r.Columns[0].Ints) != 1 || len(r.Columns[1].Ints) != 1 {
		return 0, 0, fault.New(fault.Internal, "the count of %s is not one row of two numbers", name)
	}
	return r.Columns[0].Ints[0], r.Columns[1].Ints[0], nil
}

// awaitEvery is how often await looks when no commit wakes it.
const awaitEvery = 50 * time.Millisecond

// await returns once the dataset's lake is complete to t.
func (n *Node) await(ctx context.Context, d *schemas.Dataset, t time.Time) error {
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		if p := n.progress[d.Stream]; p == nil || !p.Complete().Before(t) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fault.Wrap(fault.Transient, ctx.Err(), "the lake was not complete to %s in time", t.Format(time.RFC3339))
		case <-tick.C:
		}
	}
}
