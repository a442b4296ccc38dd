package enginetest

import (
	"fmt"
	"math"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// closeEnough is how far two engines' doubles may be apart, as a part of the greater: they add in different orders.
const closeEnough = 1e-9

// Agree asks two services each step-th question of everything, and reports where their answers differ and how many were
// equal and had rows.
func Agree(t *testing.T, reg *schemas.Registry, one, other *query.Service, step int) int {
	t.Helper()
	asked := Everything(reg, func(metric, dimension string) []string { return known(t, one, metric, dimension) })
	equal := make([]bool, len(asked))
	var g errgroup.Group
	g.SetLimit(4)
	for i := 0; i < len(asked); i += step {
		a := asked[i]
		g.Go(func() error {
			want, first := one.Metric(who(a.Regions...), a.Query)
			got, second := other.Metric(who(a.Regions...), a.Query)
			switch {
			case first != nil || second != nil:
				if fault.Of(first) != fault.Of(second) || first == nil || second == nil {
					t.Errorf("%s: one says %v, the other %v", a, first, second)
				}
				return nil
			}
			text := differs(want, got)
			if text != "" {
				t.Errorf("%s: %s\n%s", a, text, got.Meta.SQL)
			}
			equal[i] = text == "" && want.Result.Rows > 0
			return nil
		})
	}
	_ = g.Wait() // nothing fails: what differs was reported
	n := 0
	for _, yes := range equal {
		if yes {
			n++
		}
	}
	return n
}

// known returns a value that a dimension has.
func known(t *testing.T, svc *query.Service, metric, dimension string) []string {
	t.Helper()
	a, err := svc.Metric(who("*"), plan.Query{Metric: metric, Dimensions: []string{dimension}, Limit: 2})
	if err != nil {
		t.Fatalf("%s by %s: %v", metric, dimension, err)
	}
	for row := range a.Result.Rows {
		if c := &a.Result.Columns[0]; !c.IsNull(row) {
			return []string{c.Format(row, a.Zone)}
		}
	}
	return nil
}

// differs says where two answers are not the same.
func differs(want, got *query.Answer) string {
	if (want.Compare == nil) != (got.Compare == nil) {
		return "only one compares"
	}
	text := differ(want.Result, got.Result)
	if text == "" && want.Compare != nil {
		text = differ(want.Compare.Result, got.Compare.Result)
	}
	return text
}

func differ(want, got *query.Result) string {
	if len(want.Columns) != len(got.Columns) || want.Rows != got.Rows || want.Truncated != got.Truncated {
		return fmt.Sprintf("%d rows of %d columns, want %d of %d", got.Rows, len(got.Columns), want.Rows, len(want.Columns))
	}
	for i := range want.Columns {
		w, g := &want.Columns[i], &got.Columns[i]
		if w.Name != g.Name || w.Kind != g.Kind || w.Scale != g.Scale {
			return fmt.Sprintf("column %s %s %d, want %s %s %d", g.Name, g.Kind, g.Scale, w.Name, w.Kind, w.Scale)
		}
		for row := range want.Rows {
			if w.IsNull(row) != g.IsNull(row) || !w.IsNull(row) && !same(w, g, row) {
				return fmt.Sprintf("row %d, column %s: %s (null: %v), want %s (null: %v)", row, w.Name,
					g.Format(row, time.UTC), g.IsNull(row), w.Format(row, time.UTC), w.IsNull(row))
			}
		}
	}
	return ""
}

func same(w, g *query.Column, row int) bool {
	switch {
	case w.Kind == query.Float:
		a, b := w.Floats[row], g.Floats[row]
		return a == b || math.Abs(a-b) <= closeEnough*max(math.Abs(a), math.Abs(b))
	case w.Texts != nil:
		return w.Texts[row] == g.Texts[row]
	}
	return w.Ints[row] == g.Ints[row]
}
