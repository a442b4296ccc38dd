package enginetest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// Now is the suite's clock: 08:00 in Dhaka on 20 November.
var Now = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)

func text(n int64) string { return strconv.FormatInt(n, 10) }

// Home is an engine and where it finds its tables.
type Home struct {
	// Open returns an engine. It may read the files below dir.
	Open func(t *testing.T, dir string) query.Engine
	// Publish makes tables of the lake's files where the engine looks for tables, and says so to the lake. Nil: the engine
	// reads files.
	Publish func(t *testing.T, l *Lake)
	// Endless is a question that keeps the engine busy until it is told to stop. Empty: DuckDB's.
	Endless string
}

// Run asks an engine that reads files every question, once with a base of current state and once without. The engine may
// read the files below dir.
func Run(t *testing.T, open func(t *testing.T, dir string) query.Engine) { Home{Open: open}.Run(t) }

// Run asks every question, once with a base of current state and once without.
func (h Home) Run(t *testing.T) {
	reg := ShopRegistry(t)
	for name, base := range map[string]bool{"base and delta": true, "no base": false} {
		t.Run(name, func(t *testing.T) {
			w := NewWriter(t)
			lake := Shop(t, w, reg, base)
			h.publish(t, lake)
			engine := h.Open(t, w.Dir)
			svc := query.New(reg, lake, engine, query.Options{Now: func() time.Time { return Now }})
			runMetrics(t, svc)
			runSQL(t, svc, engine.Dialect().Name)
			runRefusals(t, svc)
			t.Run("rows held back are counted", func(t *testing.T) { heldBack(t, svc) })
		})
	}
	t.Run("an empty lake answers with nothing", func(t *testing.T) {
		w := NewWriter(t)
		svc := query.New(reg, NewLake(reg), h.Open(t, w.Dir), query.Options{Now: func() time.Time { return Now }})
		for _, m := range metricCases {
			if _, err := ask(svc, m); err != nil {
				t.Errorf("%s: %v", m.name, err)
			}
		}
		got, err := svc.Metric(who("*"), plan.Query{Metric: "orders", Measures: []string{"count", "revenue", "mean"}})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, rowsOf(t, got), `[[0,0.00,null]]`)
	})
	t.Run("a question that is cancelled ends", func(t *testing.T) { h.cancelled(t, reg) })
}

func (h Home) publish(t *testing.T, l *Lake) {
	t.Helper()
	if h.Publish != nil {
		h.Publish(t, l)
	}
}

func who(regions ...string) context.Context {
	return viewer.With(context.Background(), viewer.Viewer{ID: "v", Regions: regions})
}

func ask(svc *query.Service, m metricCase) (*query.Answer, error) {
	regions := m.regions
	if regions == nil {
		regions = []string{viewer.All}
	}
	return svc.Metric(who(regions...), m.q)
}

func runMetrics(t *testing.T, svc *query.Service) {
	for _, m := range metricCases {
		t.Run(m.name, func(t *testing.T) {
			got, err := ask(svc, m)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, rowsOf(t, got), m.want)
			if m.before == "" {
				return
			}
			if got.Compare == nil {
				t.Fatal("there is no comparison")
			}
			equal(t, rowsOf(t, &query.Answer{Columns: got.Columns, Result: got.Compare.Result, Zone: got.Zone}), m.before)
		})
	}
}

func runSQL(t *testing.T, svc *query.Service, dialect string) {
	for _, s := range sqlCases {
		if s.dialect != "" && s.dialect != dialect {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			regions := s.regions
			if regions == nil {
				regions = []string{viewer.All}
			}
			got, err := svc.SQL(who(regions...), s.sql, s.limit)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, rowsOf(t, got), s.want)
		})
	}
}

func runRefusals(t *testing.T, svc *query.Service) {
	const ledger = "SELECT count(*) FROM ledger" // it speaks of every region
	if _, err := svc.SQL(who(viewer.All), ledger, 0); err != nil {
		t.Errorf("the ledger for one who sees all regions: %v", err)
	}
	if _, err := svc.SQL(who("north"), ledger, 0); !fault.Is(err, fault.Invalid) {
		t.Errorf("the ledger for one who sees some regions: %v", err)
	}
	for _, text := range refused {
		t.Run("refuses "+text, func(t *testing.T) {
			got, err := svc.SQL(who(viewer.All), text, 0)
			if err == nil {
				t.Fatalf("answered: %s", rowsOf(t, got))
			}
			if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Denied) {
				t.Errorf("the refusal is %v: %v", fault.Of(err), err)
			}
		})
	}
}

func heldBack(t *testing.T, svc *query.Service) {
	got, err := svc.Metric(who("north"), plan.Query{Metric: "kinds"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Meta.HeldBack != 2 {
		t.Errorf("held back: got %d, want 2", got.Meta.HeldBack)
	}
	day := plan.Range{From: "2026-11-18", To: "2026-11-19"}
	for _, c := range []struct {
		name        string
		q           plan.Query
		now, before int64
	}{
		{"from the period itself", plan.Query{Metric: "order_changes", Range: day, Compare: "previous"}, 2, 0},
		{"from the period before", plan.Query{Metric: "order_changes", Range: plan.Range{From: "2026-11-19", To: "2026-11-20"}, Compare: "previous"}, 0, 2},
		{"from current state, whenever", plan.Query{Metric: "orders", Range: day, Compare: "previous"}, 2, 2},
	} {
		got, err := svc.Metric(who(viewer.All), c.q)
		if err != nil {
			t.Errorf("held back %s: %v", c.name, err)
		} else if got.Meta.HeldBack != c.now || got.Compare.HeldBack != c.before {
			t.Errorf("held back %s: got %d and %d before, want %d and %d", c.name, got.Meta.HeldBack, got.Compare.HeldBack, c.now, c.before)
		}
	}
}

// Refused returns questions that no engine may answer.
func Refused() []string { return refused }

// endless keeps any engine busy until it is told to stop.
const endless = "SELECT count(*) FROM generate_series(1, 3000000) a(x), generate_series(1, 3000000) b(y) WHERE (x * y) % 7 = 3"

func (h Home) cancelled(t *testing.T, reg *schemas.Registry) {
	w := NewWriter(t)
	question := cmp.Or(h.Endless, endless)
	svc := query.New(reg, NewLake(reg), h.Open(t, w.Dir), query.Options{Timeout: 100 * time.Millisecond})
	if _, err := svc.SQL(who(viewer.All), question, 0); !fault.Is(err, fault.Exceeded) {
		t.Errorf("the limit of time gives %v, want Exceeded", err)
	}
	svc = query.New(reg, NewLake(reg), h.Open(t, w.Dir), query.Options{})
	ctx, cancel := context.WithCancel(who(viewer.All))
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := svc.SQL(ctx, question, 0); err != context.Canceled {
		t.Errorf("cancelling gives %v, want context.Canceled", err)
	}
}

// rowsOf returns the answer's rows as they stand in JSON.
func rowsOf(t *testing.T, a *query.Answer) string {
	t.Helper()
	var b bytes.Buffer
	if err := query.WriteJSON(&b, a); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Rows json.RawMessage `json:"rows"`
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatalf("%v: %s", err, b.String())
	}
	return string(doc.Rows)
}

func equal(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
