package query_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
)

// An answer names the open holes of its datasets that may hold changes of its range.
func TestAnswersNameTheHolesTheyTouch(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return time.Date(2026, 11, 18, hour, 0, 0, 0, time.UTC) }
	hole := lake.Hole{Stream: "orders", Lane: "L/s1", From: at(6), To: at(9), Reason: "its batches never landed"}.Named()
	svc, _ := newService(t, &engine{}, query.Options{Holes: func(context.Context) ([]lake.Hole, error) {
		return []lake.Hole{hole, lake.Hole{Stream: "elsewhere", Reason: "another stream's"}.Named()}, nil
	}})
	for _, c := range []struct {
		name     string
		metric   string
		from, to string
		want     int
	}{
		{"of any time", "orders", "", "", 1},
		{"current state may need a change of any time", "orders", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", 1},
		{"changes of the time", "order_changes", "2026-11-18T08:00:00Z", "2026-11-18T12:00:00Z", 1},
		{"changes before", "order_changes", "2026-11-18T00:00:00Z", "2026-11-18T06:00:00Z", 0},
		{"changes after", "order_changes", "2026-11-18T10:00:00Z", "2026-11-18T12:00:00Z", 0},
		{"another dataset", "visits", "", "", 0},
	} {
		a, err := svc.Metric(as("*"), plan.Query{Metric: c.metric, Range: plan.Range{From: c.from, To: c.to}})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(a.Meta.Holes) != c.want {
			t.Errorf("%s: got %v, want %d", c.name, a.Meta.Holes, c.want)
		}
		if note := a.Meta.HoleNote(); strings.Contains(note, hole.ID) != (c.want > 0) {
			t.Errorf("%s: the note is %q", c.name, note)
		}
	}
	after := plan.Query{Metric: "order_changes", Range: plan.Range{From: "2026-11-18T10:00:00Z", To: "2026-11-18T12:00:00Z"}, Compare: "previous"}
	a, err := svc.Metric(as("*"), after)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Meta.Holes) != 0 || len(a.Compare.Holes) != 1 {
		t.Errorf("the period before: got %v and %v, want none and one", a.Meta.Holes, a.Compare.Holes)
	}
	blind, _ := newService(t, &engine{}, query.Options{Holes: func(context.Context) ([]lake.Hole, error) { return nil, errors.New("the ledger is away") }})
	if _, err := blind.Metric(as("*"), count); err == nil {
		t.Error("an answer that does not know of its holes was given")
	}
}
