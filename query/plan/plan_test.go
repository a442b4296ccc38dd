package plan_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

func env(t *testing.T, d plan.Dialect, regions ...string) plan.Env {
	t.Helper()
	return plan.Env{Registry: enginetest.ShopRegistry(t), Dialect: d, Regions: regions, Through: map[string]int64{"orders": 3}, Now: enginetest.Now, MaxRows: 10_001}
}

func TestGoldenSQL(t *testing.T) {
	t.Parallel()
	week := plan.Range{From: "2026-11-14", To: "2026-11-21"}
	for name, q := range map[string]plan.Query{
		"count":          {Metric: "orders", Measures: []string{"count"}},
		"days":           {Metric: "orders", Measures: []string{"count", "mean"}, Dimensions: []string{"city"}, Range: week, Grain: "day", Limit: 3},
		"every-measure":  {Metric: "orders", Range: week},
		"filters":        {Metric: "orders", Measures: []string{"count"}, Filters: []schemas.Filter{{Dimension: "city", Values: []string{"1", "2"}}, {Dimension: "kind", Values: []string{"A", ""}, Not: true}}},
		"hour-of-day":    {Metric: "orders", Measures: []string{"count"}, Dimensions: []string{"hour"}, Range: week},
		"compare":        {Metric: "orders", Measures: []string{"count"}, Range: plan.Range{Name: "today"}, Compare: "previous"},
		"history":        {Metric: "order_changes", Range: week, Grain: "day", Dimensions: []string{"op"}},
		"open":           {Metric: "open_orders", Measures: []string{"open", "open_small"}, Dimensions: []string{"area"}, Range: plan.Range{Name: "next-2h"}, Grain: "hour"},
		"view":           {Metric: "by_city", Dimensions: []string{"name", "day"}, Range: week},
		"summer-time":    {Metric: "visits", Range: plan.Range{From: "2026-10-24", To: "2026-10-27"}, Grain: "day"},
		"long-ago-zones": {Metric: "visits", Grain: "day"},
		"order":          {Metric: "orders", Measures: []string{"count", "revenue"}, Dimensions: []string{"kind"}, Order: []plan.Order{{By: "revenue"}}, Limit: 2},
	} {
		for _, d := range []plan.Dialect{plan.DuckDB(), plan.Trino("lake")} {
			t.Run(name+"/"+d.Name, func(t *testing.T) {
				t.Parallel()
				p, err := plan.Metric(q, env(t, d, "north", "south"))
				if err != nil {
					t.Fatal(err)
				}
				got := show(p)
				if p.Compare != nil {
					got += "\n-- before\n" + show(p.Compare)
				}
				golden(t, filepath.Join("testdata", d.Name, name+".sql"), got)
			})
		}
	}
}

func show(p *plan.Plan) string {
	day := func(t time.Time) string {
		if t.IsZero() {
			return "open"
		}
		return t.Format(time.DateOnly)
	}
	return fmt.Sprintf("%s\n-- arguments: %v\n-- reads: %s; dt from %s to %s\n", p.SQL, p.Args, strings.Join(p.Relations, ", "), day(p.Prune.From), day(p.Prune.To))
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (run with -update and read the difference):\n%s", path, got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		q    plan.Query
		want string
	}{
		{"metric", plan.Query{Metric: "order"}, "did you mean orders?"},
		{"far from any metric", plan.Query{Metric: "zzzzzzzzzzzz"}, "there are: by_city"},
		{"measure", plan.Query{Metric: "orders", Measures: []string{"revenu"}}, "did you mean revenue?"},
		{"dimension", plan.Query{Metric: "orders", Dimensions: []string{"cty"}}, "did you mean city?"},
		{"filter", plan.Query{Metric: "orders", Filters: []schemas.Filter{{Dimension: "aera"}}}, "did you mean area?"},
		{"filter's value", plan.Query{Metric: "orders", Filters: []schemas.Filter{{Dimension: "city", Values: []string{"1; DROP"}}}}, "is not a whole number"},
		{"grain", plan.Query{Metric: "orders", Grain: "days"}, "did you mean day?"},
		{"range's name", plan.Query{Metric: "orders", Range: plan.Range{Name: "todya"}}, "did you mean today?"},
		{"day", plan.Query{Metric: "orders", Range: plan.Range{From: "20.11.2026"}}, "neither a day"},
		{"backward", plan.Query{Metric: "orders", Range: plan.Range{From: "2026-11-20", To: "2026-11-19"}}, "is not before"},
		{"too many minutes", plan.Query{Metric: "orders", Grain: "minute", Range: plan.Range{From: "2026-01-01", To: "2026-11-19"}}, "coarser grain"},
		{"compare", plan.Query{Metric: "orders", Compare: "previos"}, "did you mean previous?"},
		{"compare without bounds", plan.Query{Metric: "orders", Compare: "previous"}, "beginning and an end"},
		{"order", plan.Query{Metric: "orders", Measures: []string{"count"}, Order: []plan.Order{{By: "cuont"}}}, "did you mean count?"},
		{"order by no time", plan.Query{Metric: "orders", Order: []plan.Order{{By: "time"}}}, "without a grain"},
		{"mixed", plan.Query{Metric: "open_orders", Measures: []string{"open", "total"}}, "cannot stand in one query"},
		{"twice", plan.Query{Metric: "orders", Measures: []string{"count", "count"}}, "named twice"},
		{"no time", plan.Query{Metric: "kinds", Grain: "day"}, "has no time"},
		{"limit", plan.Query{Metric: "orders", Limit: -1}, "limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := plan.Metric(c.q, env(t, plan.DuckDB(), viewer.All))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q in it", err, c.want)
			}
			if k := fault.Of(err); k != fault.Invalid && k != fault.Exceeded {
				t.Errorf("kind %v", k)
			}
		})
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, from, to string }{ // now is 08:00 on Friday the 20th in Dhaka
		{"today", "2026-11-20T00:00", "2026-11-21T00:00"},
		{"yesterday", "2026-11-19T00:00", "2026-11-20T00:00"},
		{"this-week", "2026-11-16T00:00", "2026-11-23T00:00"},
		{"this-month", "2026-11-01T00:00", "2026-12-01T00:00"},
		{"last-1h", "2026-11-20T07:01", "2026-11-20T08:01"},
		{"last-24h", "2026-11-19T08:01", "2026-11-20T08:01"},
		{"last-7d", "2026-11-14T00:00", "2026-11-21T00:00"},
		{"next-12h", "2026-11-20T08:00", "2026-11-20T20:00"},
		{"next-2d", "2026-11-20T08:00", "2026-11-22T08:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := plan.Metric(plan.Query{Metric: "orders", Range: plan.Range{Name: c.name}}, env(t, plan.DuckDB(), viewer.All))
			if err != nil {
				t.Fatal(err)
			}
			const layout = "2006-01-02T15:04"
			if got := p.From.In(p.Zone).Format(layout) + " " + p.To.In(p.Zone).Format(layout); got != c.from+" "+c.to {
				t.Errorf("got %s, want %s %s", got, c.from, c.to)
			}
		})
	}
}

// Nothing of a statement may read rows below the region predicate but the views at its head.
func TestEveryRelationStandsBelowTheRegions(t *testing.T) {
	t.Parallel()
	for _, d := range []plan.Dialect{plan.DuckDB(), plan.Trino("lake")} {
		e := env(t, d, "north")
		for _, ds := range e.Registry.Datasets() {
			for _, m := range ds.Metrics {
				p, err := plan.Metric(plan.Query{Metric: m.Name}, e)
				if err != nil {
					t.Fatal(err)
				}
				reads := strings.Count(p.SQL, `FROM "lake`)
				if bound := strings.Count(p.SQL, "region IN (?)"); reads == 0 || bound < reads {
					t.Errorf("%s in %s: %d reads, %d of them bound:\n%s", m.Name, d.Name, reads, bound, p.SQL)
				}
				if len(p.Args) < reads || p.Args[0] != "north" {
					t.Errorf("%s in %s: arguments %v", m.Name, d.Name, p.Args)
				}
			}
		}
	}
}

func TestIdent(t *testing.T) {
	t.Parallel()
	if got, want := plan.Ident(`total "amount"`), `"total ""amount"""`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Whatever a question names, the plan is an error or text in which the name does not stand.
func FuzzMetric(f *testing.F) {
	f.Add("orders", "count", "kind", "A", "2026-11-20", "day")
	f.Add(`x"; DROP`, "'", `"`, "' OR 1=1 --", "2026-11-20T00:00:00Z", "minute")
	reg := enginetest.ShopRegistry(f)
	f.Fuzz(func(t *testing.T, metric, measure, dim, value, from, grain string) {
		q := plan.Query{Metric: metric, Measures: []string{measure}, Dimensions: []string{dim}, Grain: grain,
			Filters: []schemas.Filter{{Dimension: "kind", Values: []string{"zq" + value}}}, Range: plan.Range{From: from}}
		p, err := plan.Metric(q, plan.Env{Registry: reg, Dialect: plan.DuckDB(), Regions: []string{"*"}, Now: enginetest.Now})
		if err != nil {
			if fault.Of(err) == fault.Internal {
				t.Errorf("internal: %v", err)
			}
			return
		}
		if strings.Contains(p.SQL, "zq"+value) {
			t.Errorf("the value stands in the text: %s", p.SQL)
		}
	})
}
