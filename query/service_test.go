package query_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/query/plan"
)

// engine is a fake whose runs wait for a word.
type engine struct {
	runs    atomic.Int64
	started chan struct{}
	release chan struct{}
	err     error
	last    atomic.Pointer[query.Request]
}

func (e *engine) Dialect() plan.Dialect { return plan.DuckDB() }

func (e *engine) Gate(context.Context, string, []string) ([]string, error) { return nil, nil }

func (e *engine) Run(ctx context.Context, r query.Request) (*query.Result, error) {
	e.runs.Add(1)
	e.last.Store(&r)
	if e.started != nil {
		e.started <- struct{}{}
		select {
		case <-e.release:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &query.Result{Columns: []query.Column{{Name: "count", Kind: query.Integer, Ints: []int64{7}}}, Rows: 1}, e.err
}

func newService(t *testing.T, e *engine, opts query.Options) (*query.Service, *enginetest.Lake) {
	t.Helper()
	reg := enginetest.ShopRegistry(t)
	lake := enginetest.NewLake(reg)
	if opts.Now == nil {
		opts.Now = func() time.Time { return enginetest.Now }
	}
	return query.New(reg, lake, e, opts), lake
}

func as(regions ...string) context.Context {
	return viewer.With(context.Background(), viewer.Viewer{ID: "v", Regions: regions})
}

var count = plan.Query{Metric: "orders", Measures: []string{"count"}}

func TestResultsAreKeptBySnapshotAndRegions(t *testing.T) {
	t.Parallel()
	e := &engine{}
	svc, lake := newService(t, e, query.Options{})
	for i, c := range []struct {
		name   string
		do     func()
		ctx    context.Context
		cached bool
	}{
		{"first", nil, as("north"), false},
		{"again", nil, as("north"), true},
		{"another viewer of the same regions", nil, viewer.With(context.Background(), viewer.Viewer{ID: "w", Regions: []string{"north"}}), true},
		{"other regions", nil, as("south"), false},
		{"a new snapshot", func() { lake.Set("orders_changes") }, as("north"), false},
		{"a new snapshot of another table", func() { lake.Set("visits_changes") }, as("north"), true},
	} {
		if c.do != nil {
			c.do()
		}
		a, err := svc.Metric(c.ctx, count)
		if err != nil {
			t.Fatal(i, c.name, err)
		}
		if a.Meta.Cached != c.cached {
			t.Errorf("%s: cached %v, want %v", c.name, a.Meta.Cached, c.cached)
		}
	}
}

func TestEqualQuestionsInFlightRunOnce(t *testing.T) {
	t.Parallel()
	e := &engine{started: make(chan struct{}), release: make(chan struct{})}
	svc, _ := newService(t, e, query.Options{})
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			if _, err := svc.Metric(as("*"), count); err != nil {
				t.Error(err)
			}
		})
	}
	<-e.started
	close(e.release)
	asking.Wait()
	if n := e.runs.Load(); n != 1 {
		t.Errorf("%d runs, want 1", n)
	}
}

// watched is a lake that tells when it has been pinned.
type watched struct {
	*enginetest.Lake
	pinned chan struct{}
}

func (w watched) Pin(ctx context.Context, relations []string) (*query.Pinned, error) {
	defer func() { w.pinned <- struct{}{} }()
	return w.Lake.Pin(ctx, relations)
}

func TestOneWhoLeavesDoesNotEndTheOthersQuestion(t *testing.T) {
	t.Parallel()
	e := &engine{started: make(chan struct{}, 2), release: make(chan struct{})}
	reg := enginetest.ShopRegistry(t)
	lake := watched{enginetest.NewLake(reg), make(chan struct{}, 2)}
	svc := query.New(reg, lake, e, query.Options{})
	first, leave := context.WithCancel(as("*"))
	left, stays := make(chan error, 1), make(chan error, 1)
	go func() { _, err := svc.Metric(first, count); left <- err }()
	<-e.started
	<-lake.pinned
	go func() { _, err := svc.Metric(as("*"), count); stays <- err }()
	<-lake.pinned
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	close(e.release)
	if err := <-stays; err != nil {
		t.Errorf("who stayed got %v", err)
	}
}

func TestNobodyIsNotAnswered(t *testing.T) {
	t.Parallel()
	svc, _ := newService(t, &engine{}, query.Options{})
	if _, err := svc.Metric(context.Background(), count); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("got %v, want Unauthorized", err)
	}
	if _, err := svc.SQL(context.Background(), "SELECT 1", 0); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("got %v, want Unauthorized", err)
	}
}

func TestFailuresAreNotKept(t *testing.T) {
	t.Parallel()
	e := &engine{err: fault.New(fault.Transient, "a file could not be read")}
	svc, _ := newService(t, e, query.Options{})
	for range 2 {
		if _, err := svc.Metric(as("*"), count); !fault.Is(err, fault.Transient) {
			t.Fatal(err)
		}
	}
	if n := e.runs.Load(); n != 2 {
		t.Errorf("%d runs, want 2", n)
	}
}

func TestFilesOfOtherRegionsAndDaysAreNotTouched(t *testing.T) {
	t.Parallel()
	e := &engine{}
	svc, lake := newService(t, e, query.Options{})
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	lake.Set("orders_changes", query.File{Path: "a", Date: day(10), Region: "north", Upper: 3}, query.File{Path: "b", Date: day(19), Region: "north", Upper: 4},
		query.File{Path: "c", Date: day(20), Region: "south", Upper: 5}, query.File{Path: "d", Date: day(20), Region: "north", Upper: 9})
	lake.SetBase("orders", 4, query.File{Path: "base"})
	for _, c := range []struct {
		name string
		q    plan.Query
		want map[string]string
	}{
		{"history of a day", plan.Query{Metric: "order_changes", Measures: []string{"changes"}, Range: plan.Range{From: "2026-11-20", To: "2026-11-21"}}, map[string]string{"orders_changes": "bd"}},
		{"current state", count, map[string]string{"orders_base": "base", "orders_delta": "d"}},
	} {
		if _, err := svc.Metric(as("north"), c.q); err != nil {
			t.Fatal(err)
		}
		for _, r := range e.last.Load().Relations {
			got := ""
			for _, f := range r.Files {
				got += f.Path
			}
			if got != c.want[r.Name] {
				t.Errorf("%s: %s has the files %q, want %q", c.name, r.Name, got, c.want[r.Name])
			}
		}
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	e := &engine{}
	svc, _ := newService(t, e, query.Options{CacheBytes: 2_000})
	ask := func(limit int) bool {
		q := count
		q.Limit = limit
		a, err := svc.Metric(as("*"), q)
		if err != nil {
			t.Fatal(err)
		}
		return a.Meta.Cached
	}
	for i := range 20 {
		ask(i + 1)
	}
	if ask(1) {
		t.Error("the oldest result is still there")
	}
	if !ask(20) {
		t.Error("the newest result is gone")
	}
}

// Questions that people write go to an engine of their own, with limits of its own.
func TestAdHocQuestionsHaveAnEngineOfTheirOwn(t *testing.T) {
	t.Parallel()
	tiles, typed := &engine{}, &engine{}
	svc, _ := newService(t, tiles, query.Options{AdHoc: typed})
	if _, err := svc.Metric(as("*"), count); err != nil {
		t.Fatal(err)
	}
	metric := tiles.runs.Load()
	if _, err := svc.SQL(as("*"), "SELECT 1", 10); err != nil {
		t.Fatal(err)
	}
	if tiles.runs.Load() < metric || typed.runs.Load() != 1 {
		t.Errorf("dashboards' engine ran %d statements, the other %d", tiles.runs.Load(), typed.runs.Load())
	}
}

// Where no answer can stay open, listeners are told when to come again.
func TestListenersComeAgainWhereAnswersEnd(t *testing.T) {
	t.Parallel()
	svc, _ := newService(t, &engine{}, query.Options{Again: 30 * time.Second})
	w := httptest.NewRecorder()
	query.Handler(svc).ServeHTTP(w, httptest.NewRequest("GET", "/api/live", nil).WithContext(as("*")))
	if got := w.Body.String(); w.Code != 200 || !strings.HasPrefix(got, "event: again\ndata: 30000\n\n") {
		t.Errorf("%d %s", w.Code, got)
	}
}
