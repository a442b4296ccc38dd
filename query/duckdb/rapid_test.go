package duckdb_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// Any query that names what the catalog has is planned, parsed and run; at most it is refused for what it combines.
func TestAnyValidQueryRuns(t *testing.T) {
	t.Parallel()
	shop := enginetest.ShopRegistry(t)
	passes, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	w := enginetest.NewWriter(t)
	engine := open(t, w.Dir)
	lakes := map[*schemas.Registry]*enginetest.Lake{shop: enginetest.Shop(t, w, shop, true), passes: enginetest.NewLake(passes)}
	now := func() time.Time { return enginetest.Now }
	rapid.Check(t, func(t *rapid.T) {
		reg := rapid.SampledFrom([]*schemas.Registry{shop, passes}).Draw(t, "registry")
		svc := query.New(reg, lakes[reg], engine, query.Options{Now: now})
		q := drawQuery(t, reg)
		who := viewer.Viewer{ID: "v", Regions: rapid.SampledFrom([][]string{{"*"}, {"north"}, {"dhaka", "sylhet"}, nil}).Draw(t, "regions")}
		ctx := viewer.With(context.Background(), who)
		a, err := svc.Metric(ctx, q)
		if m, _, ok := reg.Metric(q.Metric); ok && m.Whole && !who.SeesAll() {
			if !fault.Is(err, fault.Denied) {
				t.Fatalf("%+v by a viewer of %v: %v, want Denied", q, who.Regions, err)
			}
			return
		}
		if err != nil {
			if sensible(reg, q) || !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Exceeded) {
				t.Fatalf("%+v: %v", q, err)
			}
			return
		}
		if len(a.Columns) != len(a.Result.Columns) {
			t.Fatalf("%+v: %d columns described, %d there", q, len(a.Columns), len(a.Result.Columns))
		}
		for i, c := range a.Columns {
			if c.Name != a.Result.Columns[i].Name {
				t.Fatalf("column %d is %s, described as %s", i, a.Result.Columns[i].Name, c.Name)
			}
		}
		if again, err := svc.Metric(ctx, q); err != nil || !again.Meta.Cached {
			t.Fatalf("%+v: asked again: %v", q, err)
		}
	})
}

func drawQuery(t *rapid.T, reg *schemas.Registry) plan.Query {
	var metrics []*schemas.Metric
	for _, d := range reg.Datasets() {
		for i := range d.Metrics {
			metrics = append(metrics, &d.Metrics[i])
		}
	}
	m := rapid.SampledFrom(metrics).Draw(t, "metric")
	q := plan.Query{Metric: m.Name, Limit: rapid.IntRange(0, 5).Draw(t, "limit")}
	for _, x := range m.Measures {
		if rapid.Bool().Draw(t, x.Name) {
			q.Measures = append(q.Measures, x.Name)
		}
	}
	for _, d := range m.Dimensions {
		if len(q.Dimensions) < 3 && rapid.Bool().Draw(t, d.Name) {
			q.Dimensions = append(q.Dimensions, d.Name)
		}
		if rapid.IntRange(0, 3).Draw(t, "filter") == 0 {
			q.Filters = append(q.Filters, schemas.Filter{Dimension: d.Name, Not: rapid.Bool().Draw(t, "not"),
				Values: rapid.SliceOfN(rapid.SampledFrom([]string{"", "1", "2", "7"}), 0, 3).Draw(t, "values")})
		}
	}
	if !timed(m) {
		return q
	}
	q.Grain = rapid.SampledFrom([]string{"", "hour", "day", "week", "month"}).Draw(t, "grain")
	q.Range.Name = rapid.SampledFrom([]string{"today", "last-7d", "this-month", "next-12h", "last-24h"}).Draw(t, "range")
	q.Compare = rapid.SampledFrom([]string{"", "previous"}).Draw(t, "compare")
	if len(q.Measures) > 0 && rapid.Bool().Draw(t, "ordered") {
		q.Order = []plan.Order{{By: rapid.SampledFrom(append(q.Measures, q.Dimensions...)).Draw(t, "by"), Desc: rapid.Bool().Draw(t, "desc")}}
	}
	return q
}

func timed(m *schemas.Metric) bool { return m.Time != "" }

// sensible reports whether the query combines nothing that cannot stand together.
func sensible(reg *schemas.Registry, q plan.Query) bool {
	m, _, _ := reg.Metric(q.Metric)
	active := 0
	for _, x := range m.Measures {
		for _, name := range q.Measures {
			if x.Name == name && x.Agg == "active" {
				active++
			}
		}
	}
	return active == 0 || active == len(q.Measures)
}
