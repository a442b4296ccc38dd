package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/query/plan"
)

const voyagesYAML = `stream: voyages
table: voyages
key: {partition: id}
fields:
  - {name: id, type: string}
  - {name: day, type: date}
  - {name: n, type: int64}
region: {from: constant, value: all}
date: {from: field, field: day}
track: [day, n]
`

const voyagesMetrics = `metrics:
  - name: voyages
    title: Voyages
    source: changes
    time: _at
    measures:
      - {name: voyages, title: Voyages, agg: count, format: integer}
`

// TestHistoryIsDropped: partitions older than a dataset keeps go in one commit that the ledger tells of. Current state
// and rollups stay as they are, and what comes late for a day that is gone is in current state, counted, and goes too.
func TestHistoryIsDropped(t *testing.T) {
	t.Parallel()
	schema, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(schema, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("voyages.yaml", voyagesYAML)
	write("voyages.metrics.yaml", voyagesMetrics)
	o := &outage{t: t, schema: schema, data: data}
	put := func(n *node.Node, id string, age int) {
		t.Helper()
		item := record.Item{"id": record.String(id), "day": record.String(time.Now().UTC().AddDate(0, 0, -age).Format(time.DateOnly)), "n": record.Number("1")}
		if err := n.WriteBulk(t.Context(), []embedded.Bulk{{At: time.Now(), Actions: []ingest.Action{{Kind: ingest.Put, Table: "voyages", Item: item}}}}); err != nil {
			t.Fatal(err)
		}
	}
	asked := func(n *node.Node, op string, args any) string {
		t.Helper()
		answer, problem := told(t, n, op, args)
		return fmt.Sprint(answer) + problem
	}
	state := node.SQLArgs{SQL: "SELECT id, day FROM voyages ORDER BY id", CSV: true}
	figures := node.MetricArgs{Query: plan.Query{Metric: "voyages", Range: plan.Range{Name: "all"}}}

	n, stop := o.run()
	for i, age := range []int{0, 10, 29, 31, 100, 400} {
		put(n, fmt.Sprintf("v%d", i), age)
	}
	if err := n.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustTell(t, n, "retain", node.RetainArgs{}, `[]`)
	stop()

	write("voyages.yaml", voyagesYAML+"history: {keep: 30d}\n")
	n, stop = o.run()
	defer func() { stop() }()
	before := asked(n, "sql", state)
	var rows []compact.Retained
	if rows = mustDo[[]compact.Retained](t, n, "retain", node.RetainArgs{DryRun: true}); len(rows) != 1 || rows[0].Files+rows[0].Waiting != 3 {
		t.Fatalf("a dry run says %+v", rows)
	}
	mustTell(t, n, "sql", node.SQLArgs{SQL: "SELECT count(*) AS n FROM voyages_changes"}, `"rows":[[6]]`)
	certified := mustDo[node.Certified](t, n, "certify", node.VerifyArgs{})
	mustTell(t, n, "certificate", node.CertificateArgs{Certificate: certified.Certificate}, `"same":true`)
	if rows = mustDo[[]compact.Retained](t, n, "retain", node.RetainArgs{}); len(rows) != 1 || rows[0].Rows != 3 || rows[0].Late != 0 || rows[0].Waiting != 0 {
		t.Fatalf("got %+v", rows)
	}
	if again := mustDo[[]compact.Retained](t, n, "retain", node.RetainArgs{}); again[0].Files != 0 {
		t.Errorf("a second time drops %+v", again)
	}
	if after := asked(n, "sql", state); after != before {
		t.Errorf("current state was %s and is %s", before, after)
	}
	mustTell(t, n, "sql", node.SQLArgs{SQL: "SELECT count(*) AS n FROM voyages_changes"}, `"rows":[[3]]`)
	mustTell(t, n, "sql", node.SQLArgs{SQL: "SELECT count(*) AS n FROM voyages_changes"}, "dropped by retention: the history of voyages begins with "+rows[0].Before)
	if text := asked(n, "sql", node.SQLArgs{SQL: "SELECT id FROM voyages"}); strings.Contains(text, "dropped by retention") {
		t.Errorf("current state is whole, and its answer says %s", text)
	}
	if text := asked(n, "metric", figures); !strings.Contains(text, "[6]") {
		t.Errorf("the rollup no longer counts 6: %s", text)
	}
	mustTell(t, n, "verify", node.VerifyArgs{}, `"differences":[]`)
	mustTell(t, n, "ledger", node.LedgerArgs{}, `"kind":"retention"`)

	mustTell(t, n, "certificate", node.CertificateArgs{Certificate: certified.Certificate}, "retention has dropped the history before "+rows[0].Before+" (then: nothing)")
	mustTell(t, n, "certificate", node.CertificateArgs{Certificate: certified.Certificate}, `"unreadable":true`)

	put(n, "v6", 90)
	if err := n.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows = mustDo[[]compact.Retained](t, n, "retain", node.RetainArgs{}); rows[0].Late != 1 || rows[0].Rows != 1 {
		t.Errorf("what came late: got %+v", rows)
	}
	mustTell(t, n, "sql", node.SQLArgs{SQL: "SELECT count(*) AS n FROM voyages"}, `"rows":[[7]]`)
	if text := asked(n, "metric", figures); !strings.Contains(text, "[7]") {
		t.Errorf("the rollup does not count what came late: %s", text)
	}
	for _, changes := range []bool{false, true} {
		mustTell(t, n, "verify", node.VerifyArgs{Changes: changes}, `"differences":[]`)
	}
	mustTell(t, n, "verify", node.VerifyArgs{Changes: true}, `"dropped":4`)
}
