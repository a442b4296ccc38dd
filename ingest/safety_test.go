package ingest_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/schemas"
)

// together runs f so many times at once and counts the statuses of its answers.
func together(n int, f func(i int) answer) map[int]int {
	var mu sync.Mutex
	statuses := map[int]int{}
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			got := f(i)
			mu.Lock()
			defer mu.Unlock()
			statuses[got.status]++
		})
	}
	wait.Wait()
	return statuses
}

func TestOneOfManyWinsTheVersion(t *testing.T) {
	t.Parallel()
	w, path := withPass(t, setup{})
	got := together(20, func(i int) answer {
		return w.do("PATCH", path, fmt.Sprintf(`{"reason":"Reason %d"}`, i), "If-Match", `"1"`)
	})
	if got[200] != 1 || got[412] != 19 {
		t.Errorf("got %v", got)
	}
	if tag := w.want(200, "GET", path, "").header.Get("ETag"); tag != `"2"` {
		t.Errorf("ETag %s", tag)
	}
}

func TestChangesWithoutVersionAllHappen(t *testing.T) {
	t.Parallel()
	w, path := withPass(t, setup{})
	got := together(8, func(i int) answer { return w.do("PATCH", path, fmt.Sprintf(`{"reason":"Reason %d"}`, i)) })
	if got[200] != 8 {
		t.Errorf("got %v", got)
	}
	if tag := w.want(200, "GET", path, "").header.Get("ETag"); tag != `"9"` {
		t.Errorf("ETag %s", tag)
	}
}

func TestCountersLoseNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.want(201, "POST", people, person)
	got := together(50, func(int) answer { return w.do("POST", passes, pass) })
	if got[201] != 50 {
		t.Fatalf("got %v", got)
	}
	who := w.item("movement-pass_applicants_v1", phone)
	if who["appliedCount"].Text != "50" || who["version"].Text != "51" {
		t.Errorf("appliedCount %s, version %s", who["appliedCount"].Text, who["version"].Text)
	}
}

func TestDecidedOnce(t *testing.T) {
	t.Parallel()
	w, path := withPass(t, setup{})
	got := together(20, func(i int) answer { return w.do("POST", path+"/"+[]string{"approve", "reject"}[i%2], "") })
	if got[200] != 1 || got[409] != 19 {
		t.Errorf("got %v", got)
	}
	who := w.item("movement-pass_applicants_v1", phone)
	if who["approvedCount"].Text+who["rejectedCount"].Text != "10" && who["approvedCount"].Text+who["rejectedCount"].Text != "01" {
		t.Errorf("approved %s, rejected %s", who["approvedCount"].Text, who["rejectedCount"].Text)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.want(201, "POST", people, person, "Idempotency-Key", "a")
	first := w.want(201, "POST", passes, pass, "Idempotency-Key", "a")
	w.clock.advance(time.Hour)
	again := w.want(201, "POST", passes, pass, "Idempotency-Key", "a")
	if again.body != first.body || again.header.Get("Location") != first.header.Get("Location") || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got %s, first %s", again.body, first.body)
	}
	w.want(422, "POST", passes, with("reason", `"Work"`), "Idempotency-Key", "a")
	w.want(201, "POST", people, person, "Idempotency-Key", "a") // the same record, though the phone is taken
	w.want(409, "POST", people, person, "Idempotency-Key", "b")
	other := w.want(201, "POST", passes, pass, "Idempotency-Key", "a", "Test-Viewer", "writer")
	if other.body == first.body {
		t.Error("somebody else got the answer")
	}
	w.clock.advance(24 * time.Hour)
	late := with("startAt", `"2026-11-21T10:00:00Z"`)
	w.want(400, "POST", passes, late, "Idempotency-Key", "a") // ends before it starts: nothing is remembered of a refusal
	w.want(201, "POST", passes, with("reason", `"Work"`), "Idempotency-Key", "a")
	w.want(400, "POST", passes, pass, "Idempotency-Key", string(make([]byte, 0, 300))+fmt.Sprintf("%0300d", 1))
	if n := w.item("movement-pass_applicants_v1", phone)["appliedCount"].Text; n != "3" {
		t.Errorf("appliedCount %s", n)
	}
}

func TestOneOfManyEqualRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.want(201, "POST", people, person)
	got := together(20, func(int) answer { return w.do("POST", passes, pass, "Idempotency-Key", "k") })
	if got[201] != 20 || w.store.Len("movement-pass_passes_v1") != 1 {
		t.Errorf("%v, and %d passes", got, w.store.Len("movement-pass_passes_v1"))
	}
}

// TestLostAnswers has the store carry out each first try and say that it may not have.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	var lose atomic.Bool
	w := newWorld(t, setup{})
	w.store.WriteFunc = func(_ context.Context, next func() error) error {
		err := next()
		if err == nil && lose.CompareAndSwap(true, false) {
			return fault.New(fault.Transient, "the line went dead")
		}
		return err
	}
	do := func(status int, method, path, body string, headers ...string) answer {
		t.Helper()
		lose.Store(true)
		return w.want(status, method, path, body, headers...)
	}
	do(201, "POST", people, person)
	path := do(201, "POST", passes, pass).header.Get("Location")
	do(201, "POST", passes, pass, "Idempotency-Key", "k")
	do(200, "PATCH", path, `{"reason":"Work"}`, "If-Match", `"1"`)
	do(200, "POST", path+"/approve", "", "If-Match", `"2"`)
	do(204, "DELETE", path, "", "If-Match", `"3"`)
	who := w.item("movement-pass_applicants_v1", phone)
	if who["appliedCount"].Text != "2" || who["approvedCount"].Text != "1" {
		t.Errorf("applied %s, approved %s", who["appliedCount"].Text, who["approvedCount"].Text)
	}
	if n := w.store.Len("movement-pass_passes_v1"); n != 1 {
		t.Errorf("%d passes", n)
	}
}

func TestTransientFaultsAreTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	var tries atomic.Int32
	w.store.WriteFunc = func(_ context.Context, next func() error) error {
		if tries.Add(1) < 4 {
			return fault.New(fault.Transient, "too busy")
		}
		return next()
	}
	w.want(201, "POST", people, person)
	if tries.Load() != 4 {
		t.Errorf("%d tries", tries.Load())
	}
}

// twice hands out each id twice before the next.
type twice struct {
	mu sync.Mutex
	n  int
}

func (s *twice) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range p {
		p[i] = byte(s.n / 2)
	}
	s.n++
	return len(p), nil
}

func TestTakenIDsAreDrawnAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{options: func(o *ingest.Options) { o.Rand = &twice{} }})
	w.want(201, "POST", people, person)
	for range 5 {
		w.want(201, "POST", passes, pass)
	}
	if n := w.store.Len("movement-pass_passes_v1"); n != 5 {
		t.Errorf("%d passes", n)
	}
}

func TestForeignAttributesSurvive(t *testing.T) {
	t.Parallel()
	w, path := withPass(t, setup{})
	id := path[len(passes)+1:]
	err := w.store.Write(context.Background(), ingest.Action{
		Kind: ingest.Update, Table: "movement-pass_passes_v1", Key: ingest.Key{Partition: record.String(id)},
		Set: record.Item{"legacy": record.String("kept")},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.want(http.StatusOK, "PUT", path, with("reason", `"Work"`))
	if got := w.item("movement-pass_passes_v1", id)["legacy"].Text; got != "kept" {
		t.Errorf("got %q", got)
	}
}

func TestLenientProfileCountsWhatStrictRefuses(t *testing.T) {
	t.Parallel()
	soon := with("startAt", `"2026-11-20T06:30:00Z"`)
	var mu sync.Mutex
	var seen []telemetry.Event
	w := newWorld(t, setup{options: func(o *ingest.Options) {
		o.Observe = func(e telemetry.Event) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, e)
		}
	}})
	w.want(201, "POST", people, person)
	w.want(201, "POST", passes, pass)
	w.want(201, "POST", passes, soon)
	want := telemetry.Event(ingest.Questionable{Dataset: "passes", Rule: "start_window", Region: "khulna"})
	if len(seen) != 1 || seen[0] != want {
		t.Errorf("got %v", seen)
	}
	strict := newWorld(t, setup{mode: schemas.Strict})
	strict.want(201, "POST", people, person)
	if names := strict.want(400, "POST", passes, soon).fields(t); !slices.Equal(names, []string{"startAt"}) {
		t.Errorf("got %v", names)
	}
}
