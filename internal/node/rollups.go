package node

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// openRollups opens the daily tables of the datasets that have metrics which can be kept up.
func (n *Node) openRollups(ctx context.Context) error {
	for _, d := range n.registry.Datasets() {
		kept := n.registry.Daily(d.Name)
		if kept == nil {
			continue
		}
		r, err := rollup.Open(ctx, n.catalog, kept, n.files, RollupSource(n.query), rollup.Options{Observe: n.observe})
		if err != nil {
			return fmt.Errorf("open %s: %w", d.DailyTable(), err)
		}
		n.rollups = append(n.rollups, r)
	}
	return nil
}

// whileSeedingRefresh is how many refreshes are left out for each one made while the history is written.
const whileSeedingRefresh = 3

// refresh makes the rollups current, one after the other.
func (n *Node) refresh(ctx context.Context) error {
	if n.refreshes++; n.seeding.Load() && n.refreshes%(whileSeedingRefresh+1) != 0 {
		return nil
	}
	return n.refreshRollups(ctx)
}

func (n *Node) refreshRollups(ctx context.Context) error {
	var failed error
	for _, r := range n.rollups {
		_, err := r.Refresh(ctx)
		if err == nil {
			_, err = r.Merge(ctx)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// voidRollup takes a dataset's rollup out of use until it has been made anew.
func (n *Node) voidRollup(ctx context.Context, dataset string) error {
	for _, r := range n.rollups {
		if r.Dataset().Name != dataset {
			continue
		}
		if err := r.Void(ctx); err != nil {
			return fmt.Errorf("void %s: %w", r.Table().Name(), err)
		}
	}
	return nil
}

// RollupSource reads what rollups lack through the engine that answers everybody's questions, so that a rollup counts by
// the very SQL that a question without it would.
func RollupSource(s *query.Service) rollup.Source { return rollupSource{s} }

type rollupSource struct{ query *query.Service }

func (r rollupSource) Lacking(ctx context.Context, q rollup.Question) (rollup.Answer, error) {
	a, err := r.query.Daily(ctx, query.DailyQuestion{Dataset: q.Dataset, Above: q.Above, Whole: q.Whole, Worth: q.Worth})
	if err != nil {
		return rollup.Answer{}, err
	}
	out := rollup.Answer{Through: a.Through, Worth: a.Worth, Marked: map[string]rollup.Days{}}
	for _, result := range a.Results {
		out.Rows = append(out.Rows, resultRows{result})
	}
	for clock, days := range a.Marked {
		if out.Marked[clock], err = daysOf(days); err != nil {
			return rollup.Answer{}, err
		}
	}
	return out, nil
}

func daysOf(d plan.Days) (rollup.Days, error) {
	out := rollup.Days{All: d.All, Null: d.Null, Nums: map[int32]bool{}}
	for _, text := range d.List {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return out, fault.Wrap(fault.Internal, err, "a marked day")
		}
		out.Nums[int32(day.Unix()/86400)] = true
	}
	return out, nil
}

// resultRows is an answer of the engine as rows of a lake table.
type resultRows struct{ *query.Result }

// Append adds the rows, column by column as they are named.
func (r resultRows) Append(to *columns.Batch) error {
	leaves := make([]*columns.Leaf, len(r.Columns))
	for i := range r.Columns {
		if leaves[i] = to.Leaf(r.Columns[i].Name); leaves[i] == nil {
			return fault.New(fault.Internal, "the table has no column %s", r.Columns[i].Name)
		}
	}
	for row := range r.Rows {
		for i, l := range leaves {
			if err := appendValue(l, &r.Columns[i], row); err != nil {
				return err
			}
		}
		to.EndRow()
	}
	return nil
}

func appendValue(l *columns.Leaf, c *query.Column, row int) error {
	switch {
	case c.IsNull(row):
		if l.MaxDef == 0 {
			return fault.New(fault.Internal, "column %s has a null where it is required", l.Path)
		}
		l.AppendNull()
	case l.Column.Type == schemas.Decimal && c.Kind == query.Decimal && c.Scale == l.Column.Scale:
		n, ok := new(big.Int).SetString(strings.ReplaceAll(c.Texts[row], ".", ""), 10)
		if !ok {
			return fault.New(fault.Internal, "column %s holds %q, which is no number", l.Path, c.Texts[row])
		}
		l.AppendDecimal(new(big.Int).Rsh(n, 64).Int64(), new(big.Int).And(n, lowBits).Uint64())
	case l.Kind == columns.Bytes && c.Kind == query.Text:
		l.AppendString(c.Texts[row])
	case l.Kind == columns.Bool && c.Kind == query.Bool:
		l.AppendBool(c.Ints[row] != 0)
	case l.Kind == columns.Int32 && (c.Kind == query.Integer || c.Kind == query.Day):
		l.AppendInt32(int32(c.Ints[row]))
	case l.Kind == columns.Int64 && c.Kind == query.Integer:
		l.AppendInt64(c.Ints[row])
	default:
		return fault.New(fault.Internal, "column %s is %s in the answer and %s in the table", l.Path, c.Kind, l.Column.Type)
	}
	return nil
}

// lowBits masks the lower half of a 128-bit number.
var lowBits = new(big.Int).SetUint64(1<<64 - 1)
