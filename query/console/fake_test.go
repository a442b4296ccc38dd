//go:build integration

package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/viewer"
)

// fake is a query service with believable Movement Pass figures: the same question has the same answer until more is
// added.
type fake struct {
	now  time.Time
	zone *time.Location

	mu       sync.Mutex
	added    int // applications beyond the made-up ones
	commit   int
	queries  []question
	live     map[chan string]bool
	mood     string // "", empty, broken, slow
	held     int
	before   map[string]any // what the figures of the period before leave out
	complete time.Time
}

type question struct {
	Metric, Grain, Compare string
	Measures, Dimensions   []string
	Filters                []struct {
		Dimension string
		Values    []string
	}
	Range struct{ From, To, Name string }
	Limit int
}

func newFake(now time.Time) *fake {
	return &fake{now: now, zone: time.FixedZone("Asia/Dhaka", 6*3600), live: map[chan string]bool{}, complete: now, held: 3}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/api/catalog":
		f.catalog(w, r)
	case "/api/query":
		f.query(w, r)
	case "/api/live":
		f.stream(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (f *fake) catalog(w http.ResponseWriter, r *http.Request) {
	who, err := viewer.From(r.Context())
	if err != nil {
		panic(err) // the session guards the API
	}
	text := strings.ReplaceAll(catalogText, `"VIEWER"`, fmt.Sprintf(`{"id":%q,"regions":["%s"]}`, who.ID, strings.Join(who.Regions, `","`)))
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(text))
}

func (f *fake) query(w http.ResponseWriter, r *http.Request) {
	var q question
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queries = append(f.queries, q)
	if f.mood == "broken" {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"the query engine is out of its memory of 96 MB: ask for a shorter range","kind":"transient","fields":[]}`))
		return
	}
	if r.Header.Get("Accept") == "text/csv" {
		w.Header().Set("Content-Type", "text/csv")
		_, _ = w.Write([]byte("applications\r\n1\r\n"))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(f.answer(q))
}

func (f *fake) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = w.Write([]byte(": hello\n\n"))
	w.(http.Flusher).Flush()
	events := make(chan string, 8)
	f.mu.Lock()
	f.live[events] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.live, events)
		f.mu.Unlock()
	}()
	for {
		select {
		case e := <-events:
			_, _ = w.Write([]byte(e))
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

// add brings n applications and tells the pages.
func (f *fake) add(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.added += n
	f.commit++
	f.complete = f.complete.Add(time.Second)
	for c := range f.live {
		c <- fmt.Sprintf("event: commit\ndata: {\"dataset\":\"passes\",\"commit\":%d,\"completeTo\":%q}\n\n", f.commit, f.complete.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
}

// alarm tells the pages, as a JSON list, what people should look at.
func (f *fake) alarm(list string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.live {
		c <- "event: alarms\ndata: " + list + "\n\n"
	}
}

func (f *fake) set(mood string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mood = mood
}

// lack lets the period before leave something out.
func (f *fake) lack(before map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = before
}

// asked returns the questions since the last call.
func (f *fake) asked() []question {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.queries
	f.queries = nil
	return all
}
