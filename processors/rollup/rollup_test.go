package rollup_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

var all = viewer.Viewer{ID: "v", Regions: []string{viewer.All}}

// byKind counts orders; days of 18 November are Dhaka's.
var byKind = plan.Query{Metric: "orders", Measures: []string{"count", "revenue"}, Dimensions: []string{"kind"}}

func order(kind, day string, amount int64) image {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return image{"kind": kind, "placedAt": at.Add(6 * time.Hour), "amount": amount}
}

// insert, modify and remove are changes of the order with the number.
func (p *pond) insert(n int, im image) change {
	p.seqs++
	return change{op: "insert", shard: "L/s1", region: "north", seq: p.seqs, at: now, now: keyed(n, im)}
}

func (p *pond) modify(n int, was, im image) change {
	c := p.insert(n, im)
	c.op, c.was = "modify", keyed(n, was)
	return c
}

func (p *pond) remove(n int, was image) change {
	c := p.modify(n, was, was)
	c.op, c.now = "remove", keyed(n, image{})
	return c
}

func keyed(n int, im image) image {
	if im == nil {
		return nil
	}
	out := image{"id": fmt.Sprintf("o%d", n)}
	for k, v := range im {
		out[k] = v
	}
	return out
}

// same asks both services, and wants the answer to come from the rollup or not.
func (p *pond) same(q plan.Query, rolled bool) {
	p.Helper()
	w := world{pond: p}
	if got := w.equal(q, all); got != rolled {
		p.Errorf("%s: answered from a rollup: %v, want %v", q.Metric, got, rolled)
	}
}

func shop(t *testing.T) *pond {
	t.Helper()
	t.Parallel()
	return newPond(t, enginetest.ShopRegistry(t))
}

func TestARefreshWhoseAnswerIsLostCountsOnce(t *testing.T) {
	p := shop(t)
	a, b := order("A", "2026-11-18", 100), order("B", "2026-11-18", 250)
	p.commit("orders", nil, p.insert(1, a))
	p.refresh("orders")
	p.commit("orders", nil, p.insert(2, b), p.modify(1, a, b))
	for _, step := range []string{"publish", "answer"} {
		failed := false
		p.before = func(at, _ string) error {
			if at == step && !failed {
				failed = true
				return errors.New("the disk is gone")
			}
			return nil
		}
		_, err := p.rollups["orders"].Refresh(p.Context())
		t.Logf("a refresh that fails at %s: %v", step, err)
		if !failed {
			t.Fatalf("nothing failed at %s", step)
		}
		p.before = nil
		p.same(byKind, true)
		p.refresh("orders")
		p.same(byKind, true)
		p.commit("orders", nil, p.insert(10+len(step), a))
	}
}

func TestChangesThatCancelOutMoveTheRollupOn(t *testing.T) {
	p := shop(t)
	a := order("A", "2026-11-18", 100)
	p.commit("orders", nil, p.insert(1, a))
	p.refresh("orders")
	p.commit("orders", nil, p.insert(2, a), p.remove(2, a))
	p.refresh("orders")
	if got := p.daily("orders").Through; got != 2 {
		t.Errorf("the rollup is current to commit %d, want 2", got)
	}
	p.same(byKind, true)
	if p.refresh("orders") {
		t.Error("a refresh without a new commit found something to do")
	}
}

func TestAMeasureThatChangesMakesTheRollupAnew(t *testing.T) {
	p := shop(t)
	p.commit("orders", nil, p.insert(1, order("A", "2026-11-18", 100)), p.insert(2, order("B", "2026-11-19", 50)))
	p.refresh("orders")
	d, _ := p.reg.Dataset("orders")
	d.Metrics[0].Measures[2].Where = "kind = 'A'" // paid_revenue
	p.serve(schemas.NewRegistry(p.reg.Datasets(), p.reg.CodeLists(), p.reg.Dashboards()))
	q := plan.Query{Metric: "orders", Measures: []string{"paid_revenue"}}
	p.same(q, false)
	p.refresh("orders")
	p.same(q, true)
	p.commit("orders", nil, p.insert(3, order("A", "2026-11-18", 7)))
	p.same(q, true)
}

func TestHistoryThatIsRewrittenMakesTheRollupAnew(t *testing.T) {
	p := shop(t)
	p.commit("orders", nil, p.insert(1, order("A", "2026-11-18", 100)))
	p.refresh("orders")
	if err := p.rollups["orders"].Void(p.Context()); err != nil {
		t.Fatal(err)
	}
	p.same(byKind, false)
	p.refresh("orders")
	p.same(byKind, true)
}

// A hole is never forgotten: the next change of any record may take back what the lake never had.
func TestAfterAHoleNoOldImageIsTrusted(t *testing.T) {
	p := shop(t)
	a, lost, c := order("A", "2026-11-16", 100), order("B", "2026-11-17", 1), order("A", "2026-11-18", 5)
	p.commit("orders", nil, p.insert(1, a), p.insert(2, a))
	p.refresh("orders")
	p.commit("orders", map[string]string{"holes": "1"}, p.insert(3, a)) // order 1 has become another one unseen
	p.same(byKind, false)
	p.refresh("orders")
	p.same(byKind, true)
	p.commit("orders", nil, p.insert(4, a))
	p.refresh("orders")
	p.commit("orders", nil, p.modify(1, lost, c))
	p.same(byKind, false)
	p.refresh("orders")
	p.same(byKind, true)
	if !lake.ParseRollup(p.daily("orders").Properties[lake.PropRollup]).Doubted {
		t.Error("the rollup has forgotten the hole")
	}
}

// Only the days that the record was ever in are recomputed: its own old ones, those of the change's images.
func TestOnlyTouchedDaysAreMarked(t *testing.T) {
	p := shop(t)
	p.commit("orders", nil, p.insert(1, order("A", "2026-11-14", 1)), p.insert(2, order("A", "2026-11-15", 1)), p.insert(3, order("B", "2026-11-16", 1)))
	c := p.modify(1, nil, order("A", "2026-11-17", 2))
	p.commit("orders", nil, c, p.insert(4, order("B", "2026-11-18", 1)))
	got, err := p.with.Daily(p.Context(), query.DailyQuestion{Dataset: "orders", Above: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := plan.Days{List: []string{"2026-11-14", "2026-11-17"}}
	if diff := cmp.Diff(want, got.Marked["placedAt"]); diff != "" {
		t.Errorf("marked (-want +got):\n%s", diff)
	}
}

func TestMergesKeepFewFilesAndDropWhatComesToNothing(t *testing.T) {
	p := shop(t)
	a, b := order("A", "2026-11-18", 100), order("B", "2026-11-18", 1)
	p.commit("orders", nil, p.insert(0, a))
	for n := range 20 {
		p.commit("orders", nil, p.insert(n+1, b), p.remove(n+1, b), p.modify(0, a, a), p.insert(100+n, a))
		p.refresh("orders")
		if _, err := p.rollups["orders"].Merge(p.Context()); err != nil {
			t.Fatal(err)
		}
	}
	files, err := p.daily("orders").Files(p.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	rows := int64(0)
	for _, f := range files {
		rows += f.Rows
	}
	once := newPond(t, p.reg)
	for n := range 20 {
		once.commit("orders", nil, once.insert(100+n, a))
	}
	once.refresh("orders")
	if least := once.daily("orders").Rows; len(files) > 4 || rows > 3*least {
		t.Errorf("%d files with %d rows are left, where one with %d would do", len(files), rows, least)
	}
	p.same(byKind, true)
}

// A table keeps its columns' ids while metrics come and go.
func TestColumnsKeepTheirIds(t *testing.T) {
	p := shop(t)
	p.commit("orders", nil, p.insert(1, order("A", "2026-11-18", 100)))
	p.refresh("orders")
	before := p.daily("orders").IDs()
	d, _ := p.reg.Dataset("orders")
	extra := schemas.Measure{Name: "aaa", Agg: "count", Where: "kind = 'A'"}
	d.Metrics[0].Measures = append([]schemas.Measure{extra}, d.Metrics[0].Measures...)
	p.serve(schemas.NewRegistry(p.reg.Datasets(), p.reg.CodeLists(), p.reg.Dashboards()))
	after := p.daily("orders").IDs()
	for name, id := range before {
		if after[name] != id {
			t.Errorf("column %s had id %d and has %d", name, id, after[name])
		}
	}
	if after["_n_aaa"] == 0 {
		t.Error("the new measure has no column")
	}
	p.refresh("orders")
	p.same(plan.Query{Metric: "orders", Measures: []string{"aaa", "count"}}, true)
}

func TestAChangeWithoutItsOldImageTakesNothingElseOut(t *testing.T) {
	p := shop(t)
	a := order("A", "2026-11-14", 1)
	nowhen := image{"kind": "A", "amount": int64(3)} // without a time
	p.commit("orders", nil, p.insert(1, a), p.insert(2, nowhen))
	p.refresh("orders")
	p.commit("orders", nil, p.modify(1, nil, order("B", "2026-11-17", 2)))
	p.refresh("orders")
	p.same(byKind, true)
	p.commit("orders", nil, p.remove(1, nil))
	p.refresh("orders")
	p.same(byKind, true)
}
