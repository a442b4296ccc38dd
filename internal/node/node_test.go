package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/folder"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/query/plan"
)

// doer is a node, here or in another process.
type doer interface {
	Do(ctx context.Context, name string, args, result any, tell node.Tell) error
}

func mustSettings(tb testing.TB, data, schemas string) config.Up {
	tb.Helper()
	s, err := config.Load[config.Up](func(name string) string {
		return map[string]string{"TARN_DATA": data, "TARN_SCHEMAS": schemas, "TARN_RESERVE_MB": "1", "TARN_QUERY_MEMORY_MB": "64", "TARN_LOG_LEVEL": "error",
			"TARN_HEARTBEAT_EVERY": "0s"}[name] // a test that counts objects counts those of its own writes, however slow the machine is
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// mustServe returns a node that serves and runs until the test ends.
func mustServe(t *testing.T, data, schemas string) *node.Node {
	t.Helper()
	n, err := node.Open(t.Context(), mustSettings(t, data, schemas), node.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	l, err := node.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error { return n.Serve(inner, l) })
	g.Go(func() error { return n.Run(inner) })
	t.Cleanup(func() {
		stop()
		if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
		if err := n.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	resp, err := http.Get("http://" + l.Addr().String() + "/healthz") // answered once it has announced itself
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return n
}

// mustFind returns the process that has the folder, as a tool finds it.
func mustFind(tb testing.TB, data string) folder.Running {
	tb.Helper()
	running, held, err := folder.Who(data)
	if err != nil || !held || running.URL == "" || running.PID != os.Getpid() {
		tb.Fatalf("got %+v, %v, %v", running, held, err)
	}
	return running
}

// told is what a doer answers, without what differs from one moment to the next.
func told(tb testing.TB, d doer, name string, args any) (answer any, problem string) {
	tb.Helper()
	err := d.Do(tb.Context(), name, args, &answer, node.Silent)
	if err != nil {
		return nil, fmt.Sprintf("%s: %v", fault.Of(err), err)
	}
	return scrub(answer), ""
}

func scrub(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			switch name {
			case "elapsedMs", "began", "ended", "completeTo", "ageSeconds", "cached", "status":
				delete(v, name)
			default:
				v[name] = scrub(v[name])
			}
		}
	case []any:
		for i := range v {
			v[i] = scrub(v[i])
		}
	}
	return v
}

const passes = "id,applicantId,district,thana,status,type\n" +
	"p1,01711000001,1014,10001,APPLIED,R\np2,01711000002,1014,10001,APPROVED,O\np3,01711000003,everywhere,10001,APPLIED,R\n"

func TestRemoteAnswersAsLocal(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	file := filepath.Join(t.TempDir(), "passes.csv")
	if err := os.WriteFile(file, []byte(passes), 0o600); err != nil {
		t.Fatal(err)
	}
	n := mustServe(t, data, "")
	remote := node.NewRemote(mustFind(t, data))
	var steps []string
	var report struct{ Rows, Loaded, Bad int }
	err := remote.Do(t.Context(), "load", node.LoadArgs{Path: file, Dataset: "passes"}, &report, func(s node.Step) { steps = append(steps, s.What) })
	if err != nil || report.Rows != 3 || report.Loaded != 2 || report.Bad != 1 || len(steps) < 3 || steps[len(steps)-1] != "merging" {
		t.Fatalf("got %+v, %v, steps %v", report, err, steps)
	}
	var bad []node.Bad
	if err := n.Do(t.Context(), "quarantine.list", node.QuarantineArgs{}, &bad, node.Silent); err != nil || len(bad) != 1 {
		t.Fatalf("got %+v, %v", bad, err)
	}
	for _, c := range []struct {
		name, op string
		args     any
		want     string // of the answer or the problem
	}{
		{"load again", "load", node.LoadArgs{Path: file, Dataset: "passes"}, `"before":3`},
		{"load nothing", "load", node.LoadArgs{Path: file + ".gz", Dataset: "passes"}, "cannot be read"},
		{"load into nothing", "load", node.LoadArgs{Path: file, Dataset: "visas"}, `no dataset "visas"`},
		{"sql", "sql", node.SQLArgs{SQL: "SELECT id, status FROM passes ORDER BY id"}, `["p2","APPROVED"]`},
		{"sql as CSV", "sql", node.SQLArgs{SQL: "SELECT id FROM passes ORDER BY id", CSV: true}, `p1\r\np2`},
		{"sql that is refused", "sql", node.SQLArgs{SQL: "COPY passes TO 'x'"}, "denied: only one SELECT"},
		{"sql of what is not there", "sql", node.SQLArgs{SQL: "SELECT * FROM visas"}, "visas"},
		{"metric", "metric", node.MetricArgs{Query: plan.Query{Metric: "applications", Range: plan.Range{Name: "all"}}}, `"columns"`},
		{"no such metric", "metric", node.MetricArgs{Query: plan.Query{Metric: "no_such_metric"}}, "no_such_metric"},
		{"quarantine list", "quarantine.list", node.QuarantineArgs{Dataset: "passes"}, `"field":"district"`},
		{"quarantine show", "quarantine.show", node.QuarantineArgs{ID: bad[0].ID}, "p3,01711000003,everywhere"},
		{"quarantine show of nothing", "quarantine.show", node.QuarantineArgs{ID: "a:1"}, "no quarantined record"},
		{"compact", "compact", struct{}{}, `"table":"passes_changes"`},
		{"status", "status", struct{}{}, `"name":"quarantine"`},
		{"ledger", "ledger", node.LedgerArgs{Dataset: "passes", Limit: 5}, `"lane":"load/`},
		{"ledger since tomorrow", "ledger", node.LedgerArgs{Since: time.Now().Add(24 * time.Hour)}, `[]`},
		{"ledger of nothing", "ledger", node.LedgerArgs{Dataset: "visas"}, "visas"},
		{"holes", "holes", struct{}{}, `[]`},
		{"close no hole", "holes.close", node.CloseArgs{ID: "abc", Receipt: "repair/a"}, "no hole abc is open"},
		{"verify", "verify", node.VerifyArgs{Datasets: []string{"applicants"}}, `"differences":[]`},
		{"verify of nothing", "verify", node.VerifyArgs{Datasets: []string{"visas"}}, "visas"},
		{"arguments of another kind", "sql", []int{1}, "the arguments are not what this operation takes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want, wantProblem := told(t, n, c.op, c.args)
			got, gotProblem := told(t, remote, c.op, c.args)
			if diff := cmp.Diff(want, got); diff != "" || gotProblem != wantProblem {
				t.Errorf("here %q, there %q: %s", wantProblem, gotProblem, diff)
			}
			text, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text)+gotProblem, c.want) {
				t.Errorf("got %s%s, want %s", text, gotProblem, c.want)
			}
		})
	}
}

func TestRemoteThatCannotAnswer(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	mustServe(t, data, "../../examples/flights")
	right := mustFind(t, data)
	stranger := right
	stranger.Token = "guessed"
	gone := right
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.URL = "http://" + l.Addr().String()
	l.Close()
	for _, c := range []struct {
		name, op, want string
		running        folder.Running
		kind           fault.Kind
	}{
		{"a wrong token", "status", "token", stranger, fault.Internal},
		{"no such operation", "explode", "no such operation", right, fault.Internal},
		{"a process that has gone", "status", "does not answer", gone, fault.Transient},
	} {
		err := node.NewRemote(c.running).Do(t.Context(), c.op, struct{}{}, nil, node.Silent)
		if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	if _, err := node.Open(t.Context(), mustSettings(t, data, "../../examples/flights"), node.Options{}); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), right.URL) {
		t.Errorf("a second process: got %v", err)
	}
	if _, err := node.Listen(strings.TrimPrefix(right.URL, "http://")); !fault.Is(err, fault.Conflict) {
		t.Errorf("a taken address: got %v", err)
	}
}

func TestFolderGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	for round, want := range []string{`"loaded":500`, `"before":500`} {
		n, err := node.Open(t.Context(), mustSettings(t, data, "../../examples/flights"), node.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, problem := told(t, n, "load", node.LoadArgs{Path: "../../examples/flights/flights-sample.csv", Dataset: "flights"})
		if text, err := json.Marshal(got); err != nil || problem != "" || !strings.Contains(string(text), want) {
			t.Errorf("round %d: got %s%s", round, text, problem)
		}
		if err := n.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, held, err := folder.Who(data); held || err != nil {
		t.Errorf("the folder is still held: %v", err)
	}
}

// mustOpen returns a node on which nothing runs.
func mustOpen(t *testing.T, data, schemas string) *node.Node {
	t.Helper()
	n, err := node.Open(t.Context(), mustSettings(t, data, schemas), node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// mustTell wants a text in an operation's answer, as JSON with sorted members, or in its problem.
func mustTell(t *testing.T, d doer, op string, args any, want string) {
	t.Helper()
	answer, problem := told(t, d, op, args)
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text)+problem, want) {
		t.Errorf("%s: got %.600s%s, want %s", op, text, problem, want)
	}
}
