//go:build integration

package rehearsal_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/integration/athena"
	"github.com/tarn-lake/tarn/internal/rehearsal"
)

// makeAthena starts Trino on the catalog and the bucket, and before it what speaks Athena's API.
func (p *parts) makeAthena(t *testing.T) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(p.objects.Folder, "answers"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.trino = integration.Trino(t, p.moto.URL, p.objects)
	p.athena = athena.Start(t, p.trino, p.objects, map[string]athena.WorkGroup{
		"dashboards": {Results: "s3://answers/dashboards/"}, "adhoc": {Results: "s3://answers/adhoc/"}, "upkeep": {Results: "s3://answers/upkeep/"}}).Endpoint
}

// console is the query function behind its front, for somebody with a session.
type console struct {
	w      *world
	front  *rehearsal.Front
	cookie string
}

// openConsole starts the query function and signs in with a token of the pool, as a browser does.
func (w *world) openConsole(users *pool, token string) *console {
	w.t.Helper()
	if w.asker == nil {
		w.asker = function(w, "query", config.Environ(config.Query{Function: config.Function{Environment: w.name, Metrics: "Tarn"}, Lake: config.Location("s3://" + w.bucket()), Database: w.name,
			WorkGroup: "dashboards", AdHoc: "adhoc", Issuer: users.issuer(), Keys: users.moto + "/" + users.id + "/.well-known/jwks.json", Clients: []string{users.client},
			SessionSecret: w.secret("session"), Timeout: minute, Grace: time.Second}))
		w.asker.Timeout = 2 * minute
	}
	c := &console{w: w, front: &rehearsal.Front{Function: w.asker}}
	in := c.ask(http.StatusSeeOther, rehearsal.Request{Method: http.MethodPost, Path: "/session", Body: url.Values{"token": {token}}.Encode(),
		Headers: map[string]string{"content-type": "application/x-www-form-urlencoded"}})
	if len(in.Cookies) != 1 || !strings.Contains(in.Cookies[0], "Secure") {
		w.t.Fatalf("the sign-in gives the cookies %q", in.Cookies)
	}
	c.cookie, _, _ = strings.Cut(in.Cookies[0], ";")
	return c
}

func (c *console) ask(status int, r rehearsal.Request) rehearsal.Answer {
	c.w.t.Helper()
	if c.cookie != "" {
		r.Cookies = []string{c.cookie}
	}
	a, err := c.front.Ask(c.w.t.Context(), r)
	if err != nil || a.Status != status {
		c.w.t.Fatalf("%s %s: got %d, %v, want %d: %.800s\n%s", r.Method, r.Path, a.Status, err, status, a.Body, c.w.asker.Log())
	}
	return a
}

// table asks and returns the answer's rows, without the header.
func (c *console) table(path, body string) [][]string {
	c.w.t.Helper()
	a := c.ask(http.StatusOK, rehearsal.Request{Method: http.MethodPost, Path: path, Body: body, Headers: map[string]string{"accept": "text/csv"}})
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.Body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) == 0 {
		c.w.t.Fatalf("the answer is no CSV: %v: %.300s", err, a.Body)
	}
	return rows[1:]
}

// asked asks the query function for the figures of the good day, by a question in SQL and by a metric, before and after
// the rollups are made, for somebody who sees all and for somebody who sees one division.
func asked(t *testing.T, w *world, users *pool, manager string, want figure) {
	t.Helper()
	began := time.Now()
	all := w.openConsole(users, manager)
	(&console{w: w, front: all.front}).ask(http.StatusUnauthorized, rehearsal.Request{Method: http.MethodGet, Path: "/api/catalog"})
	all.ask(http.StatusOK, rehearsal.Request{Method: http.MethodGet, Path: "/"})
	byStatus := [][]string{{"APPLIED", number(want.Status["APPLIED"])}, {"APPROVED", number(want.Status["APPROVED"])}}
	same := func(what string, want, got [][]string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	same("SQL", byStatus, all.table("/api/sql", `{"sql":"SELECT status, count(*) FROM passes GROUP BY 1 ORDER BY 1"}`))
	same("counters", [][]string{{number(want.Applied)}}, all.table("/api/sql", `{"sql":"SELECT sum(appliedCount) FROM applicants"}`))
	if rows := fmt.Sprint(w.trino.Query(t, `select status, count(*) from awsdatacatalog."`+w.name+`".passes group by 1 order by 1`)); rows != fmt.Sprint(byStatus) {
		t.Errorf("the view shows %s, want %s", rows, fmt.Sprint(byStatus))
	}
	metric := `{"metric":"applications","measures":["applications","approved","waiting"],"range":{"name":"all"}}`
	figures := [][]string{{number(want.Status["APPLIED"] + want.Status["APPROVED"]), number(want.Status["APPROVED"]), number(want.Status["APPLIED"])}}
	same("a metric", figures, all.table("/api/query", metric))

	if _, err := w.keeper.Invoke(t.Context(), []byte(`{"task":"rollup"}`)); err != nil {
		t.Fatal(err)
	}
	same("the metric, from rollups", figures, all.table("/api/query", metric))
	said := all.ask(http.StatusOK, rehearsal.Request{Method: http.MethodPost, Path: "/api/query", Body: metric})
	if !strings.Contains(said.Body, `"source":"rollup"`) {
		t.Errorf("the metric is not answered from the rollup: %.600s", said.Body)
	}

	dhaka := w.openConsole(users, w.signIn(users, "dhaka-manager", "region:dhaka", "reader"))
	same("what a division's manager sees", all.table("/api/sql", `{"sql":"SELECT count(*) FROM passes WHERE region = 'dhaka'"}`), dhaka.table("/api/sql", `{"sql":"SELECT count(*) FROM passes"}`))
	same("what that one sees of the others", [][]string{{"0"}}, dhaka.table("/api/sql", `{"sql":"SELECT count(*) FROM passes WHERE region <> 'dhaka'"}`))
	dhaka.ask(http.StatusForbidden, rehearsal.Request{Method: http.MethodPost, Path: "/api/sql", Body: `{"sql":"DROP TABLE passes_changes"}`})
	live := all.ask(http.StatusOK, rehearsal.Request{Method: http.MethodGet, Path: "/api/live"})
	if !strings.Contains(live.Body, "event: again") || !strings.Contains(live.Body, `"dataset":"passes"`) {
		t.Errorf("pages are told %q", live.Body)
	}
	narrowed(t, w, all)
	t.Logf("SUMMARY questions through the query function: figures equal, in SQL, by metric, from rollups, for all and for one division, in %s", time.Since(began).Round(time.Millisecond))
}

// narrowed starts a query function that may read applicants alone: it offers them, and knows nothing of the others.
func narrowed(t *testing.T, w *world, all *console) {
	t.Helper()
	settings := maps.Clone(w.asker.Env)
	settings["TARN_DATASETS"] = "applicants"
	f := &rehearsal.Function{Name: "narrow", Program: w.asker.Program, Env: settings, Timeout: minute}
	t.Cleanup(f.Stop)
	few := &console{w: w, front: &rehearsal.Front{Function: f}, cookie: all.cookie}
	offered := few.ask(http.StatusOK, rehearsal.Request{Method: http.MethodGet, Path: "/api/catalog"}).Body
	if !strings.Contains(offered, `"applicants"`) || strings.Contains(offered, `"passes"`) || strings.Contains(offered, "passes_changes") || strings.Contains(offered, `"applications"`) {
		t.Errorf("it offers %.2000s", offered)
	}
	if got := few.table("/api/sql", `{"sql":"SELECT count(*) FROM applicants"}`); len(got) != 1 || got[0][0] != "3" {
		t.Errorf("it counts %v", got)
	}
	few.ask(http.StatusBadRequest, rehearsal.Request{Method: http.MethodPost, Path: "/api/query", Body: `{"metric":"applications","measures":["applications"],"range":{"name":"all"}}`})
	a, err := few.front.Ask(t.Context(), rehearsal.Request{Method: http.MethodPost, Path: "/api/sql", Body: `{"sql":"SELECT count(*) FROM passes"}`, Cookies: []string{all.cookie}})
	if err != nil || a.Status < 400 || a.Status >= 500 || !strings.Contains(a.Body, "passes") {
		t.Errorf("about passes it says %d %s (%v)", a.Status, a.Body, err)
	}
}
