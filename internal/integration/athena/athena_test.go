//go:build integration

package athena_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/athena"

	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/athena"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/enginetest"
)

// endless keeps Trino busy.
const endless = "SELECT count(*) FROM unnest(sequence(1, 10000)) AS a(x), unnest(sequence(1, 10000)) AS b(y), unnest(sequence(1, 10000)) AS c(z) WHERE (x * y * z) % 7 = 3"

// TestAthena asks the engine through the proxy.
func TestAthena(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	t.Run("suite", func(t *testing.T) {
		n := 0
		enginetest.Home{
			Open: func(t *testing.T, _ string) query.Engine {
				return w.engine(t, fmt.Sprintf("suite%d", n), "dashboards", 0)
			},
			Publish: func(t *testing.T, l *enginetest.Lake) {
				n++
				w.publish(t, fmt.Sprintf("suite%d", n), l)
			},
			Endless: endless,
		}.Run(t)
	})
	t.Run("agrees with DuckDB", w.agrees)
	t.Run("views", w.views)
	t.Run("limits", w.limits)
	t.Run("kept answers", w.reuse)
	t.Run("large answers", w.large)
	t.Run("throttled", w.throttled)
	t.Run("stopped", w.stopped)
	t.Run("tokens", w.tokens)
}

// agrees asks both engines questions about the datasets that Tarn comes with: each second one, or, where TARN_QUESTIONS is
// "all", every one, which takes twice as long.
func (w *world) agrees(t *testing.T) {
	reg := enginetest.PassesRegistry(t)
	writer := enginetest.NewWriter(t)
	l := enginetest.Passes(t, writer, reg)
	w.publish(t, "passes", l)
	duck, err := duckdb.Open(duckdb.Options{Dirs: []string{writer.Dir}, MemoryMB: 512, Connections: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer duck.Close()
	opts := query.Options{Now: func() time.Time { return enginetest.Now }, Timeout: time.Minute}
	step := 2
	if os.Getenv("TARN_QUESTIONS") == "all" {
		step = 1
	}
	begun := time.Now()
	n := enginetest.Agree(t, reg, query.New(reg, l, duck, opts), query.New(reg, l, w.engine(t, "passes", "dashboards", 0), opts), step)
	if n < 100 {
		t.Errorf("%d questions had an answer, want 100 at least", n)
	}
	t.Logf("SUMMARY athena: %d questions answered equally by DuckDB and by Athena's dialect on Trino in %s", n, time.Since(begun).Round(time.Millisecond))
}

func (w *world) limits(t *testing.T) {
	w.trino.Query(t, "create schema lake.limits with (location = 's3://"+bucket+"/limits')")
	w.trino.Query(t, "create table lake.limits.numbers as select x as a from unnest(sequence(1, 10000)) as t(x)")
	all := query.Request{SQL: `SELECT sum(a) FROM "lake:numbers"`, Relations: []query.Relation{{Name: "numbers", Columns: columns("a"), Snapshot: w.snapshot(t, "limits", "numbers")}}}
	got, err := w.engine(t, "limits", "dashboards", -1).Run(t.Context(), all)
	if err != nil || got.Columns[0].Ints[0] != 50_005_000 || got.Scanned == 0 {
		t.Errorf("without a limit: %+v, %v", got, err)
	}
	_, err = w.engine(t, "limits", "little", -1).Run(t.Context(), all)
	if !fault.Is(err, fault.Exceeded) || !strings.Contains(err.Error(), "workgroup") {
		t.Errorf("the limit of bytes gives %v", err)
	}
	_, err = w.engine(t, "limits", "hasty", -1).Run(t.Context(), query.Request{SQL: endless})
	if !fault.Is(err, fault.Exceeded) || !strings.Contains(err.Error(), "longer") {
		t.Errorf("the limit of time gives %v", err)
	}
	all.Relations[0].Snapshot = 4711471147114711471
	if _, err = w.engine(t, "limits", "dashboards", -1).Run(t.Context(), all); !fault.Is(err, fault.Transient) {
		t.Errorf("a snapshot that is gone gives %v", err)
	}
	for _, text := range []string{"SELECT nothing FROM (VALUES 1) AS t(a)", "SELECT 1 / 0", "SELECT * FROM numbers", "SELEC 1"} {
		if _, err = w.engine(t, "limits", "dashboards", -1).Run(t.Context(), query.Request{SQL: text}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s gives %v", text, err)
		}
	}
}

// snapshot returns a table's newest.
func (w *world) snapshot(t *testing.T, database, table string) int64 {
	t.Helper()
	var id int64
	_, err := fmt.Sscan(fmt.Sprint(w.trino.Query(t, `select snapshot_id from lake.`+database+`."`+table+`$snapshots" order by committed_at desc limit 1`)[0][0]), &id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) reuse(t *testing.T) {
	run := func(reuse time.Duration, text string) time.Time {
		got, err := w.engine(t, "none", "dashboards", reuse).Run(t.Context(), query.Request{SQL: text})
		if err != nil {
			t.Fatal(err)
		}
		return time.UnixMicro(got.Columns[0].Ints[0])
	}
	const now = "SELECT cast(current_timestamp as timestamp(6) with time zone) AS t"
	first := run(time.Hour, now)
	if again := run(time.Hour, now); !again.Equal(first) {
		t.Error("a kept answer is not used")
	}
	if again := run(-1, now); again.Equal(first) {
		t.Error("a kept answer is used although nobody asked for it")
	}
	if again := run(time.Hour, now+" "); again.Equal(first) {
		t.Error("the answer to another text is used")
	}
	w.proxy.Later(2 * time.Hour)
	if again := run(time.Hour, now); again.Equal(first) {
		t.Error("an answer that is too old is used")
	}
}

// large reads an answer of many pages, by pages and by the object that is left.
func (w *world) large(t *testing.T) {
	const text = `SELECT x AS a, CASE WHEN x % 3 = 0 THEN NULL WHEN x % 3 = 1 THEN '' ELSE 'say "' || cast(x AS varchar) || '",' END AS b FROM unnest(sequence(1, 5003)) AS t(x) ORDER BY 1`
	objects := s3.Client(config(t, w.objects.Endpoint))
	var read int
	by := map[string]athena.Options{"pages": {}, "object": {Read: func(ctx context.Context, location string) ([]byte, error) {
		read++
		name, key, _ := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
		return s3.Open(objects, name, s3.Options{}).Get(ctx, key)
	}}}
	for how, opts := range by {
		opts.Database, opts.WorkGroup, opts.Reuse = "none", "dashboards", -1
		e, err := athena.New(w.client, opts)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		got, err := e.Run(t.Context(), query.Request{SQL: text})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d rows by the %s in %s", got.Rows, how, time.Since(begun).Round(time.Millisecond))
		a, b := got.Columns[0], got.Columns[1]
		if got.Rows != 5003 || a.Ints[5002] != 5003 || !b.IsNull(2) || b.IsNull(0) || b.Texts[0] != "" || b.Texts[4] != `say "5",` {
			t.Errorf("by the %s: %d rows, %v, %q", how, got.Rows, a.Ints[:5], b.Texts[:5])
		}
		if got, err = e.Run(t.Context(), query.Request{SQL: text, MaxRows: 1500}); err != nil || got.Rows != 1500 || !got.Truncated {
			t.Errorf("by the %s, cut: %d rows, %v", how, got.Rows, err)
		}
	}
	if read != 2 {
		t.Errorf("the object was read %d times", read)
	}
	if left, err := filepath.Glob(filepath.Join(w.objects.Folder, "answers/dashboards/*.csv")); err != nil || len(left) == 0 {
		t.Errorf("%d answers are left in the bucket, %v", len(left), err)
	}
	if _, err := os.Stat(filepath.Join(w.objects.Folder, "answers/little")); err == nil {
		t.Error("a question that was cancelled left an answer")
	}
}

// throttled: requests that are refused as too many are sent again, and the question is asked once.
func (w *world) throttled(t *testing.T) {
	before, asked := w.proxy.Refused(), len(w.proxy.Ended())
	w.proxy.Throttle(3)
	got, err := w.engine(t, "none", "dashboards", -1).Run(t.Context(), query.Request{SQL: "SELECT 7"})
	if err != nil || got.Columns[0].Ints[0] != 7 {
		t.Errorf("%+v, %v", got, err)
	}
	if n, all := w.proxy.Refused()-before, len(w.proxy.Ended())-asked; n != 3 || all != 1 {
		t.Errorf("%d requests refused, %d questions", n, all)
	}
}

// stopped: who gives up ends the question at Trino too, one that waits for room included.
func (w *world) stopped(t *testing.T) {
	e := w.engine(t, "none", "narrow", -1)
	before := w.proxy.Ended()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := e.Run(ctx, query.Request{SQL: endless})
			done <- err
		}()
	}
	w.await(t, func() bool { s := states(before, w.proxy.Ended()); return s["RUNNING"] == 1 && s["QUEUED"] == 1 })
	cancel()
	for range 2 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	w.await(t, func() bool { return states(before, w.proxy.Ended())["CANCELLED"] == 2 })
	w.await(t, func() bool {
		return len(w.trino.Query(t, "select 1 from system.runtime.queries where state in ('RUNNING', 'QUEUED') and query like '%unnest(sequence(1, 10000))%' and query not like '%runtime%'")) == 0
	})
}

func states(before, now map[string]string) map[string]int {
	n := map[string]int{}
	for id, state := range now {
		if _, old := before[id]; !old {
			n[state]++
		}
	}
	return n
}

func (w *world) await(t *testing.T, is func() bool) {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for end := time.After(time.Minute); !is(); {
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("it never came: %v", w.proxy.Ended())
		}
	}
}

// tokens: a request that is sent twice is one question.
func (w *world) tokens(t *testing.T) {
	text, other, group, token := "SELECT 1", "SELECT 2", "dashboards", strings.Repeat("t", 32)
	ask := func(text *string) (string, error) {
		out, err := w.client.StartQueryExecution(t.Context(), &sdk.StartQueryExecutionInput{QueryString: text, WorkGroup: &group, ClientRequestToken: &token})
		if err != nil {
			return "", err
		}
		return *out.QueryExecutionId, nil
	}
	first, err := ask(&text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ask(&text); err != nil || again != first {
		t.Errorf("the same request gives %s and %s, %v", first, again, err)
	}
	if _, err := ask(&other); err == nil {
		t.Error("another text under the same token is taken")
	}
	out, err := w.client.GetWorkGroup(t.Context(), &sdk.GetWorkGroupInput{WorkGroup: &group})
	if err != nil || *out.WorkGroup.Configuration.ResultConfiguration.OutputLocation != "s3://answers/dashboards/" {
		t.Errorf("the workgroup is %+v, %v", out, err)
	}
}
