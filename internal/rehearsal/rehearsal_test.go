//go:build integration

package rehearsal_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/rehearsal"
)

// figures are what PyIceberg and pyarrow, which share nothing with the functions, read of a lake.
const figures = `
import json
from collections import Counter
passes = lake.load_table(sys.argv[1] + ".passes_changes").scan().to_arrow().to_pylist()
people = lake.load_table(sys.argv[1] + ".applicants_changes").scan().to_arrow().to_pylist()
latest = {}
for r in sorted(passes, key=lambda r: r["_seq"]):
    latest[r["id"]] = r
counters = {}
for r in sorted(people, key=lambda r: r["_seq"]):
    counters[r["id"]] = r["appliedCount"]
print(json.dumps({
    "ops": Counter(r["_op"] for r in passes), "identities": len({(r["_shard"], r["_seq"]) for r in passes}),
    "status": Counter(r["status"] for r in latest.values() if r["_op"] != "remove"), "applied": sum(counters.values()),
}))
`

func number(n int) string { return strconv.Itoa(n) }

type figure struct {
	Ops        map[string]int `json:"ops"`
	Identities int            `json:"identities"`
	Status     map[string]int `json:"status"`
	Applied    int            `json:"applied"`
}

func (w *world) figures() (f figure) {
	w.t.Helper()
	said := integration.PyIceberg(w.t, w.moto.URL, w.objects, "import sys\n"+figures, w.name)
	if err := json.Unmarshal([]byte(said), &f); err != nil {
		w.t.Fatal(err)
	}
	return f
}

// TestRehearsal takes the compiled functions the whole way: requests to the API's function, DynamoDB, its streams, the
// processor, the bucket, the queue, the committer, Glue, maintenance. The figures that another engine then reads are
// those of what was asked, and so are the answers of the query function, by Trino behind Athena's API. When nobody writes any more, heartbeats keep
// the data young.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	p := newParts(t)
	p.makeAthena(t)
	t.Run("days", func(t *testing.T) {
		t.Run("a good day", func(t *testing.T) { goodDay(t, newWorld(t, p, "good")) })
		for name, day := range badDays() {
			t.Run(name, func(t *testing.T) { day(t, newWorld(t, p, strings.ReplaceAll(name, " ", ""))) })
		}
	})
}

func goodDay(t *testing.T, w *world) {
	const people, applications, approved = 3, 60, 20
	users := w.newPool()
	w.api.Env["TARN_ISSUER"], w.api.Env["TARN_CLIENTS"] = users.issuer(), users.client
	w.front.Claims = users.authorise()
	began := time.Now()
	var ids []string
	for n := range people {
		token := w.register(n)
		for i := range applications / people {
			ids = append(ids, w.apply(token, n*1000+i))
		}
	}
	manager := w.signIn(users, "manager", "region:*", "reader", "approver")
	for _, id := range ids[:approved] {
		w.ask(http.StatusOK, rehearsal.Request{Path: "/v1/datasets/passes/records/" + id + "/approve", Token: manager})
	}
	w.ask(http.StatusUnauthorized, rehearsal.Request{Path: "/v1/datasets/passes/records/" + ids[0] + "/approve", Token: manager + "x"})
	w.ask(http.StatusForbidden, rehearsal.Request{Path: "/v1/datasets/passes/records/" + ids[0] + "/reject", Token: w.signIn(users, "reader", "region:*", "reader")})
	wrote := time.Since(began)

	w.flow(map[string]int64{"passes_changes": applications + approved, "applicants_changes": people + applications + approved})
	flowed := time.Since(began) - wrote
	want := figure{Ops: map[string]int{"insert": applications, "modify": approved}, Identities: applications + approved,
		Status: map[string]int{"APPLIED": applications - approved, "APPROVED": approved}, Applied: applications}
	if diff := cmp.Diff(want, w.figures()); diff != "" {
		t.Errorf("figures (-asked +read):\n%s", diff)
	}
	maintained(t, w)
	if diff := cmp.Diff(want, w.figures()); diff != "" {
		t.Errorf("figures after maintenance (-asked +read):\n%s", diff)
	}
	asked(t, w, users, manager, want)
	quiet(t, w)
	beating(t, w, users, manager)
	traced(t, w)
	t.Logf("SUMMARY rehearsal: %d requests in %s, %d changes in the lake %s later; the figures are equal", people+applications+approved, wrote.Round(time.Millisecond),
		w.rows("passes_changes")+w.rows("applicants_changes"), flowed.Round(time.Millisecond))
	for _, f := range []*rehearsal.Function{w.api, w.processor, w.committer, w.keeper, w.asker} {
		s := f.Stats()
		if s.Own <= 0 || s.Own > s.Init {
			t.Errorf("%s says that its start took %s of %s", f.Name, s.Own, s.Init)
		}
		t.Logf("SUMMARY %-11s %d starts, init %s, of it main %s, %s on the processor; %d calls, %d failed, %s a call, %s on the processor, %.0f MB", f.Name, s.Starts, s.Init.Round(time.Millisecond),
			s.Own.Round(100*time.Microsecond), s.InitCPU.Round(time.Millisecond), s.Calls, s.Failed,
			(s.Elapsed / time.Duration(s.Calls)).Round(time.Millisecond/10), s.CPU.Round(time.Millisecond), s.PeakMB)
	}
}

// maintained runs every task of maintenance.
func maintained(t *testing.T, w *world) {
	t.Helper()
	for _, task := range []string{"compact", "base", "ledger", "upkeep", "sweep", "health"} {
		answer, err := w.keeper.Invoke(t.Context(), []byte(fmt.Sprintf(`{"task":%q}`, task)))
		if err != nil {
			t.Errorf("%s: %v", task, err)
		}
		t.Logf("%s: %s", task, answer)
	}
	if _, err := w.keeper.Invoke(t.Context(), []byte(`{"task":"dance"}`)); err == nil || !strings.Contains(err.Error(), "want one of base, compact, health, heartbeat, ledger, rollup, sweep, upkeep") {
		t.Errorf("an unknown task: %v", err)
	}
	if _, err := w.keeper.Invoke(t.Context(), []byte(`{"task":"compact","dataset":"flights"}`)); err == nil || !strings.Contains(err.Error(), `no dataset "flights"`) {
		t.Errorf("an unknown dataset: %v", err)
	}
	got := metrics(w.keeper.Log())
	if got["DataAge"] <= 0 || got["OpenHoles"] != 0 || got["QuarantinedRecords"] != 0 {
		t.Errorf("health says %v", got)
	}
}

// quiet checks that logs hold no contents, and that metrics count what was done.
func quiet(t *testing.T, w *world) {
	t.Helper()
	for _, f := range []*rehearsal.Function{w.api, w.processor, w.committer, w.keeper, w.asker} {
		log := f.Log()
		for _, secret := range []string{"Person", "place ", "017000", "Grocery", "tarn-secret-key", "tokentoken"} {
			if strings.Contains(log, secret) {
				t.Errorf("the log of %s holds %q:\n%.2000s", f.Name, secret, log)
			}
		}
	}
	landed := metrics(w.processor.Log())
	if landed["Landed"] != 80+83 || landed["Quarantined"] != 0 {
		t.Errorf("the processor's metrics say %v", landed)
	}
	if got := metrics(w.committer.Log()); got["CommittedRows"] != 80+83 {
		t.Errorf("the committer's metrics say %v", got)
	}
	if !slices.ContainsFunc(strings.Split(w.api.Log(), "\n"), func(line string) bool { return strings.Contains(line, `"Requests":1`) }) {
		t.Errorf("the API counts no requests:\n%s", w.api.Log())
	}
}
