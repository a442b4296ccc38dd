package query_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query"
)

// TestListenersAreToldOfAlarms: at once what there is, then what is new with the next event, and that all is well again.
func TestListenersAreToldOfAlarms(t *testing.T) {
	t.Parallel()
	var now atomic.Pointer[[]string]
	now.Store(&[]string{"no heartbeat of visits has come through 2 of its shards for 3m0s"})
	svc, _ := newService(t, &engine{}, query.Options{Alarms: func() []string { return *now.Load() }})
	api := query.Handler(svc)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := viewer.From(as("*"))
		if err != nil {
			t.Error(err)
		}
		api.ServeHTTP(w, r.WithContext(viewer.With(r.Context(), who)))
	}))
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	want := func(all ...string) {
		t.Helper()
		for _, line := range all {
			for lines.Scan() && lines.Text() != line {
				if lines.Text() != "" && lines.Text() != "retry: 2000" {
					t.Errorf("got %s, want %s", lines.Text(), line)
				}
			}
		}
	}
	want("event: alarms", `data: ["no heartbeat of visits has come through 2 of its shards for 3m0s"]`)
	now.Store(&[]string{})
	svc.Notify("visits", 1, time.Time{})
	want("event: commit", `data: {"commit":1,"completeTo":null,"dataset":"visits"}`, "event: alarms", "data: []")
	svc.Notify("visits", 2, time.Time{})
	svc.Notify("visits", 3, time.Time{})
	if !lines.Scan() || lines.Text() != "" || !lines.Scan() || lines.Text() != "event: commit" {
		t.Errorf("alarms are told again: %s", lines.Text())
	}
}
