// Package rollups reads what rollups lack through the service that answers everybody's questions.
package rollups

import (
	"context"
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

// Source reads what rollups lack through the engine that answers everybody's questions, so that a rollup counts by
// the very SQL that a question without it would.
func Source(s *query.Service) rollup.Source { return source{s} }

type source struct{ query *query.Service }

// Lacking implements rollup.Source.
func (r source) Lacking(ctx context.Context, q rollup.Question) (rollup.Answer, error) {
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
