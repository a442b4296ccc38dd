package rollup_test

import (
	"testing"

	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/query/plan"
)

// many is a pond in which two changes are too many to be kept.
func many(t *testing.T) *pond {
	t.Helper()
	p := shop(t)
	p.kept = 1
	p.serve(p.reg)
	return p
}

// lacking is what the rollup of orders lacks above a commit.
func (p *pond) lacking(above int64) *query.DailyAnswer {
	p.Helper()
	a, err := p.with.Daily(p.Context(), query.DailyQuestion{Dataset: "orders", Above: above})
	if err != nil {
		p.Fatal(err)
	}
	return a
}

// A record without the field that records usually have looks as one without its old image would; it is none.
func TestOfManyChangesOnlyDoubtfulOnesMarkDays(t *testing.T) {
	p := many(t)
	a, nowhen := order("A", "2026-11-14", 1), image{"kind": "A", "amount": int64(3)}
	p.commit("orders", nil, p.insert(1, a), p.insert(2, nowhen))
	p.refresh("orders")
	p.commit("orders", nil, p.modify(2, nowhen, a), p.modify(1, a, nowhen))
	if marked := p.lacking(1).Marked; marked != nil {
		t.Errorf("days were looked up, and every old image is known: %v", marked)
	}
	p.refresh("orders")
	p.same(byKind, true)
	p.commit("orders", nil, p.modify(1, nil, a), p.insert(3, a))
	if marked := p.lacking(2).Marked; len(marked) == 0 {
		t.Error("a change without its old image marks no day")
	}
	p.refresh("orders")
	p.same(byKind, true)
	p.commit("orders", nil, p.remove(2, nil), p.insert(4, a))
	p.refresh("orders")
	p.same(byKind, true)
}

// What has left a region is taken out of that region, and of no other, by who sees both and who sees one of them.
func TestOfManyChangesThoseThatMoveLeaveTheirRegion(t *testing.T) {
	for name, kept := range map[string]int{"kept": 10, "read as needed": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPond(t, enginetest.ShopRegistry(t))
			p.kept = kept
			p.serve(p.reg)
			a, b := order("A", "2026-11-14", 1), order("B", "2026-11-15", 2)
			p.commit("orders", nil, p.insert(1, a), p.insert(2, a), p.insert(3, b))
			p.refresh("orders")
			c := p.modify(1, a, b)
			c.region, c.left = "south", "north"
			p.commit("orders", nil, c, p.modify(2, a, b))
			ask := func() {
				p.Helper()
				q := plan.Query{Metric: "orders", Measures: []string{"count", "revenue"}, Dimensions: []string{"kind"}, Grain: "day"}
				for _, regions := range [][]string{{viewer.All}, {"north"}, {"south"}} {
					w := world{pond: p, hole: 1} // none is open
					if !w.equal(q, viewer.Viewer{ID: "v", Regions: regions}) {
						p.Errorf("%v: not answered from the rollup", regions)
					}
				}
			}
			ask()
			p.refresh("orders")
			ask()
		})
	}
}
