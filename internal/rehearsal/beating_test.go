//go:build integration

package rehearsal_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/rehearsal"
)

// ages runs the task health and returns how old it says that each dataset is, and when it was asked.
func (w *world) ages() (map[string]time.Duration, time.Time) {
	w.t.Helper()
	before, at := len(w.keeper.Log()), time.Now()
	if _, err := w.keeper.Invoke(w.t.Context(), []byte(`{"task":"health"}`)); err != nil {
		w.t.Fatal(err)
	}
	all := map[string]time.Duration{}
	for line := range strings.Lines(w.keeper.Log()[before:]) {
		var m struct {
			Dataset string
			DataAge float64
		}
		if json.Unmarshal([]byte(line), &m) == nil && m.Dataset != "" {
			all[m.Dataset] = time.Duration(m.DataAge * float64(time.Second))
		}
	}
	if len(all) != 2 {
		w.t.Fatalf("health measures %v\n%s", all, w.keeper.Log()[before:])
	}
	return all, at
}

// beating shows that nobody needs to write for the data to be young: without heartbeats it grows old as time passes, for
// the alarm and for whoever asks; with them it does not, and no history, figure or answer shows them.
func beating(t *testing.T, w *world, users *pool, manager string) {
	t.Helper()
	all := w.openConsole(users, manager)
	complete := func() string {
		a := all.ask(http.StatusOK, rehearsal.Request{Method: http.MethodPost, Path: "/api/sql", Body: `{"sql":"SELECT count(*) FROM passes"}`, Headers: map[string]string{"accept": "text/csv"}})
		for name, value := range a.Headers {
			if strings.EqualFold(name, "Tarn-Complete-To") {
				return value
			}
		}
		t.Fatalf("an answer does not say to when it is complete: %v", a.Headers)
		return ""
	}
	first, at := w.ages()
	was, rows := complete(), w.rows("passes_changes")+w.rows("applicants_changes")
	second, later := w.ages()
	for name := range first {
		if grown, passed := second[name]-first[name], later.Sub(at); grown < passed/2 {
			t.Errorf("without heartbeats %s has grown %s older in %s", name, grown, passed)
		}
	}

	ctx, cancel := context.WithTimeout(t.Context(), 2*minute)
	defer cancel()
	young, rounds := second, 0
	for ; young["passes"] >= first["passes"] || young["applicants"] >= first["applicants"]; rounds++ { // DynamoDB Local cuts the times of changes to the minute
		if ctx.Err() != nil {
			t.Fatalf("after %d rounds of heartbeats the data is %v old\nkeeper: %s\ncommitter: %s", rounds, young, w.keeper.Log(), w.committer.Log())
		}
		if _, err := w.keeper.Invoke(ctx, []byte(`{"task":"heartbeat"}`)); err != nil {
			t.Fatal(err)
		}
		w.deliver(ctx)
		young, _ = w.ages()
	}
	if now := complete(); now <= was {
		t.Errorf("whoever asks is told that passes are complete to %s, before the heartbeats to %s", now, was)
	}
	if got := w.rows("passes_changes") + w.rows("applicants_changes"); got != rows || w.rows("heartbeats") == 0 {
		t.Errorf("the histories have %d rows, before the heartbeats %d; %d heartbeats came through", got, rows, w.rows("heartbeats"))
	}
	t.Logf("SUMMARY heartbeats: nobody writes; passes are %s old without them, then %s, and with %d that came through %s", first["passes"].Round(time.Second/10),
		second["passes"].Round(time.Second/10), w.rows("heartbeats"), young["passes"].Round(time.Second/10))
	again, _ := w.ages()
	if again["passes"] <= young["passes"] {
		t.Errorf("with the heartbeats stopped passes were %s old and then %s", young["passes"], again["passes"])
	}
}
