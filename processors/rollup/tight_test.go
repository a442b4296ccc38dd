package rollup_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/query/rollups"
	"github.com/tarn-lake/tarn/schemas"
)

// tightness is how little a statement about a rollup may ask for at once.
type tightness int

const (
	roomy tightness = iota
	oneMetric
	oneSlice
	someRecords
	nothingAtAll
)

// refuses reports whether a statement asks for more.
func (t tightness) refuses(sql string) bool {
	metrics, slices := strings.Count(sql, `AS "_metric"`), strings.Count(sql, `("_day", region`)
	switch {
	case t == someRecords && strings.Contains(sql, `"_doubtful" q`): // which days are to be recomputed
		return !strings.Contains(sql, " % 4 = ")
	case metrics == 0 || t == roomy:
		return false
	case t == oneMetric:
		return metrics > 1
	case t == oneSlice:
		return metrics > 1 || slices > 1
	case t == someRecords:
		return metrics > 1 || slices > 1 || !strings.Contains(sql, " % 4 = ")
	}
	return true
}

// tightEngine refuses what is too much for its pond.
type tightEngine struct {
	query.Engine
	p *pond
}

func (e tightEngine) Run(ctx context.Context, r query.Request) (*query.Result, error) {
	if do := e.p.meanwhile; do != nil {
		e.p.meanwhile = nil
		do()
	}
	if e.p.tight.refuses(r.SQL) {
		return nil, fault.New(fault.Exceeded, "the question needs more memory than it may use")
	}
	return e.Engine.Run(ctx, r)
}

// TestARollupInPortionsIsTheSame: whatever is asked at once, the rollup says what the history says, made anew, from changes, and
// where days are recomputed.
func TestARollupInPortionsIsTheSame(t *testing.T) {
	for _, tight := range []tightness{roomy, oneMetric, oneSlice, someRecords} {
		t.Run(fmt.Sprint(tight), func(t *testing.T) {
			p := shop(t)
			p.tight = tight
			a, b, c := order("A", "2026-11-16", 100), order("B", "2026-11-17", 1), order("A", "2026-11-18", 5)
			p.commit("orders", nil, p.insert(1, a), p.insert(2, b), p.insert(3, c), p.insert(4, a))
			p.refresh("orders")
			p.same(byKind, true)
			p.commit("orders", nil, p.modify(1, a, b), p.remove(2, b))
			p.refresh("orders")
			p.same(byKind, true)
			p.commit("orders", nil, p.modify(3, nil, a), p.insert(5, c)) // nobody knows what the third was
			p.refresh("orders")
			p.same(byKind, true)
		})
	}
}

// TestWhatIsTooMuchInPortionsIsSaid: where the smallest portion is too large, the refresh fails and the rollup stays.
func TestWhatIsTooMuchInPortionsIsSaid(t *testing.T) {
	p := shop(t)
	p.commit("orders", nil, p.insert(1, order("A", "2026-11-16", 100)))
	p.tight = nothingAtAll
	if _, err := p.rollups["orders"].Refresh(t.Context()); !fault.Is(err, fault.Exceeded) {
		t.Errorf("got %v", err)
	}
	p.tight = roomy
	p.refresh("orders")
	p.same(byKind, true)
}

// TestTwoRefreshersCountOnce: a refresh that finds another one to have been quicker adds nothing, although it has read the same
// changes.
func TestTwoRefreshersCountOnce(t *testing.T) {
	p := shop(t)
	a, b := order("A", "2026-11-16", 100), order("B", "2026-11-17", 1)
	p.commit("orders", nil, p.insert(1, a))
	p.refresh("orders")
	p.commit("orders", nil, p.insert(2, b))
	slow := p.rollups["orders"]
	p.reopen(p.histories["orders"].Dataset)
	p.meanwhile = func() { p.refresh("orders") }
	if _, err := slow.Refresh(t.Context()); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	p.same(byKind, true)
}

// TestWhoNeedsItWholeDoesNotWaitForARest: after a recomputation a refresh rests; retention, which may only drop what the
// rollup has, does not.
func TestWhoNeedsItWholeDoesNotWaitForARest(t *testing.T) {
	p := shop(t)
	at, d := now, p.histories["orders"].Dataset
	step := func() time.Time { at = at.Add(time.Second); return at }
	r, err := rollup.Open(t.Context(), p.catalog, p.reg.Daily(d.Name), p.files, rollups.Source(p.feeds), rollup.Options{NewID: p.id, Now: step})
	if err != nil {
		t.Fatal(err)
	}
	p.commit("orders", nil, p.insert(1, order("A", "2026-11-16", 100)))
	p.refresh("orders")
	p.commit("orders", nil, p.modify(1, nil, order("B", "2026-11-17", 1)))
	try := func(why string, refresh func(context.Context) (bool, error), want bool) {
		t.Helper()
		if did, err := refresh(t.Context()); err != nil || did != want {
			t.Errorf("%s: did something: %v, %v; want %v", why, did, err, want)
		}
	}
	try("a recomputation", r.Refresh, true)
	p.commit("orders", nil, p.insert(2, order("A", "2026-11-16", 5)))
	try("a refresh right after it", r.Refresh, false)
	try("whoever needs it whole", r.Complete, true)
	p.same(byKind, true)
}

// TestARollupOfManyFilesFitsItsEngine: hundreds of small files are more than an engine can take in at once that has so little
// memory; in portions they are not.
func TestARollupOfManyFilesFitsItsEngine(t *testing.T) {
	t.Parallel()
	reg, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	p := &benchPond{pond: newPond(t, reg), rng: rand.New(rand.NewPCG(1, 1)), records: map[int]image{}}
	var changes []change
	for n := range 2_000 {
		c := p.insertPass()
		c.at = now.AddDate(0, 0, -n%40)
		changes = append(changes, c)
	}
	p.commit("passes", nil, changes...)
	engine, err := duckdb.Open(duckdb.Options{Dirs: []string{p.root}, MemoryMB: 32, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	counted := &countingEngine{Engine: engine}
	p.engine = counted
	p.serve(reg)
	p.refresh("passes")
	if counted.refused.Load() == 0 {
		t.Error("the whole fitted at once: this test shows nothing")
	}
	t.Logf("%d statements, %d refused", counted.run.Load(), counted.refused.Load())
	p.same(plan.Query{Metric: "applications", Measures: []string{"applications"}, Dimensions: []string{"district"}}, true)
}

// countingEngine counts statements, and those that were too much.
type countingEngine struct {
	query.Engine
	run, refused atomic.Int64
}

func (e *countingEngine) Run(ctx context.Context, r query.Request) (*query.Result, error) {
	result, err := e.Engine.Run(ctx, r)
	e.run.Add(1)
	if fault.Is(err, fault.Exceeded) {
		e.refused.Add(1)
	}
	return result, err
}
