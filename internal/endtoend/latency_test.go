//go:build integration

package endtoend_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	written   = 200
	writeEach = 25 * time.Millisecond
	visibleIn = 30 * time.Second // no measure of speed: later than this is lost
)

// TestWriteToAnswer writes passes one after another and looks when each is in an answer: of a metric and of a SELECT.
func TestWriteToAnswer(t *testing.T) {
	p := start(t, filepath.Join(t.TempDir(), "data"))
	token := p.register(1)
	ctx, cancel := context.WithTimeout(t.Context(), written*writeEach+visibleIn)
	defer cancel()
	w := &watch{p: p, at: map[string]time.Time{}}
	var all sync.WaitGroup
	all.Go(func() { w.counts(ctx) })
	all.Go(func() { w.ids(ctx) })
	var ids []string
	var acked []time.Time
	tick := time.NewTicker(writeEach)
	defer tick.Stop()
	for n := range written {
		ids = append(ids, p.apply(token, 1, fmt.Sprintf("place %d", n)))
		acked = append(acked, time.Now())
		<-tick.C
	}
	all.Wait()
	report(t, "metric", acked, func(i int) (time.Time, bool) {
		if i < len(w.counted) {
			return w.counted[i], true
		}
		return time.Time{}, false
	})
	report(t, "sql", acked, func(i int) (time.Time, bool) { at, ok := w.at[ids[i]]; return at, ok })
}

// watch notes when answers first hold a pass. Each of its two methods has its own half.
type watch struct {
	p       *process
	counted []time.Time          // when the metric first counted so many
	at      map[string]time.Time // when a SELECT first had the id
}

func (w *watch) counts(ctx context.Context) {
	for ctx.Err() == nil && len(w.counted) < written {
		a, err := w.p.try(ctx, call{path: "/api/query", token: w.p.token, body: `{"metric":"applications","measures":["applications"],"range":{"name":"all"}}`})
		var got struct{ Rows [][]int }
		if err != nil || a.status != http.StatusOK {
			continue
		}
		a.into(w.p.tb, &got)
		if len(got.Rows) == 0 || len(got.Rows[0]) == 0 {
			continue
		}
		for now := time.Now(); len(w.counted) < got.Rows[0][0]; {
			w.counted = append(w.counted, now)
		}
	}
}

func (w *watch) ids(ctx context.Context) {
	for ctx.Err() == nil && len(w.at) < written {
		rows, err := w.p.trySQL(ctx, "SELECT id FROM passes")
		if err != nil {
			continue
		}
		for _, r := range rows {
			if _, known := w.at[r[0]]; !known {
				w.at[r[0]] = time.Now()
			}
		}
	}
}

// report logs how long after its acknowledgement each write was visible; each must be.
func report(t *testing.T, what string, acked []time.Time, seen func(i int) (time.Time, bool)) {
	t.Helper()
	var took []time.Duration
	for i, from := range acked {
		at, ok := seen(i)
		if !ok {
			t.Errorf("%s: write %d of %d never became visible", what, i, len(acked))
			continue
		}
		took = append(took, max(0, at.Sub(from)))
	}
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	at := func(share float64) time.Duration {
		return took[int(share*float64(len(took)-1))].Round(time.Millisecond)
	}
	t.Logf("SUMMARY write to answer (%s): %d writes, p50 %s, p99 %s, longest %s", what, len(took), at(0.5), at(0.99), at(1))
}
