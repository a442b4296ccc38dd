package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/query/plan"
)

const tripsBefore = `stream: trips
table: trips
key: {partition: id}
fields:
  - {name: id, type: string}
  - {name: n, type: int32}
region: {from: constant, value: all}
date: {from: change}
`

// tripsAfter knows one field more, and a wider one.
const tripsAfter = `stream: trips
table: trips
key: {partition: id}
fields:
  - {name: id, type: string}
  - {name: n, type: int64}
  - {name: speed, type: decimal, precision: 6, scale: 2}
region: {from: constant, value: all}
date: {from: change}
`

// TestFieldIsAdopted: what was kept of a field before the schema knew it becomes its history, in the changes and in the
// base; what does not fit stays where it is, and a second time changes nothing.
func TestFieldIsAdopted(t *testing.T) {
	t.Parallel()
	const rows = 21_000 // enough for a base
	schema := t.TempDir()
	data := filepath.Join(t.TempDir(), "data")
	write := func(name, text string) string {
		path := filepath.Join(schema, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var lines strings.Builder
	for i := range rows {
		speed := `12.5`
		switch {
		case i == 7:
			speed = `"fast"`
		case i%2 == 1:
			speed = `null`
		}
		fmt.Fprintf(&lines, `{"id":"t%d","n":%d,"speed":%s,"tag":"x"}`+"\n", i, i, speed)
	}
	write("trips.yaml", tripsBefore)
	file := write("rows.jsonl", lines.String())

	n := mustOpen(t, data, schema)
	mustTell(t, n, "load", node.LoadArgs{Path: file, Dataset: "trips"}, `"loaded":21000`)
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	write("trips.yaml", tripsAfter)
	n = mustOpen(t, data, schema)
	defer n.Close(t.Context())
	const sums = "SELECT count(speed) AS some, sum(speed) AS speed, sum(n) AS n, count(CASE WHEN _extra LIKE '%speed%' THEN 1 END) AS left FROM "
	for _, table := range []string{"trips", "trips_changes"} {
		mustTell(t, n, "sql", node.SQLArgs{SQL: sums + table, CSV: true}, `\r\n0,,220489500,21000\r\n`)
	}
	mustTell(t, n, "schema.adopt", node.AdoptArgs{Dataset: "trips", Field: "speed"}, `"rows":41998,"unfit":2`)
	for _, table := range []string{"trips", "trips_changes"} {
		mustTell(t, n, "sql", node.SQLArgs{SQL: sums + table, CSV: true}, `\r\n10500,131250.00,220489500,1\r\n`)
	}
	mustTell(t, n, "sql", node.SQLArgs{SQL: "SELECT _extra FROM trips WHERE id = 't1'", CSV: true}, `{\"\"tag\"\":{\"\"S\"\":\"\"x\"\"}}`)
	mustTell(t, n, "schema.adopt", node.AdoptArgs{Dataset: "trips", Field: "speed"}, `"files":0,"rows":0,"unfit":2`)
	mustTell(t, n, "schema.adopt", node.AdoptArgs{Dataset: "trips", Field: "sped"}, "has no field")
	mustTell(t, n, "schema.adopt", node.AdoptArgs{Dataset: "trips", Field: "id"}, "part of the key")
}

// tripsOfFiles knows two columns of the file, one of them under the name that a draft gives it.
const tripsOfFiles = tripsBefore + "track: [speed]\n"

// TestColumnsOfAFileAreAdopted: CSV knows no types, and its columns have names of all kinds. What was kept of one is read as
// loading the file would read it now. While that is done no figure comes from a rollup, of which half would be older.
func TestColumnsOfAFileAreAdopted(t *testing.T) {
	t.Parallel()
	schema, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
	write := func(name, text string) string {
		path := filepath.Join(schema, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("trips.yaml", tripsBefore)
	file := write("rows.csv", "id,n,speed,Top Speed\na,1,1.5,10\nb,2,2.25,20\nc,3,,\nd,4,fast,40\n")
	n := mustOpen(t, data, schema)
	mustTell(t, n, "load", node.LoadArgs{Path: file, Dataset: "trips"}, `"loaded":4`)
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	more := "  - {name: n, type: int32}\n  - {name: speed, type: decimal, precision: 6, scale: 2}\n  - {name: Top_Speed, type: int64}\n"
	write("trips.yaml", strings.Replace(tripsOfFiles, "  - {name: n, type: int32}\n", more, 1))
	write("trips.metrics.yaml", "metrics:\n  - name: trips\n    title: Trips\n    source: changes\n    time: _at\n    measures:\n"+
		"      - {name: trips, title: Trips, agg: count, format: integer}\n      - {name: speed, title: Speed, agg: sum, of: speed, format: decimal}\n")
	n = mustOpen(t, data, schema)
	defer n.Close(t.Context())
	refresh := func() { mustDo[[]node.CompactResult](t, n, "compact", struct{}{}) }
	metric := node.MetricArgs{Query: plan.Query{Metric: "trips", Range: plan.Range{Name: "all"}}}
	refresh()
	mustTell(t, n, "metric", metric, `"source":"rollup"`)

	half := 0
	var done compact.Adopted
	err := n.Do(t.Context(), "schema.adopt", node.AdoptArgs{Dataset: "trips", Field: "speed"}, &done, func(s node.Step) {
		if strings.HasPrefix(s.What, "reading ") {
			half++
			refresh()
			mustTell(t, n, "metric", metric, `"source":"changes"`)
		}
	})
	if err != nil || half == 0 || done.Unfit == 0 {
		t.Errorf("adopt: %+v, %v; told of %d tables", done, err, half)
	}
	mustTell(t, n, "schema.adopt", node.AdoptArgs{Dataset: "trips", Field: "Top_Speed"}, `"unfit":0`)
	for range 2 {
		mustTell(t, n, "sql", node.SQLArgs{SQL: "SELECT count(speed), sum(speed), sum(Top_Speed), count(_extra) FROM trips_changes", CSV: true}, `\r\n2,3.75,70,1\r\n`)
		mustTell(t, n, "metric", metric, `"rows":[[4,3.75]]`)
		refresh()
		mustTell(t, n, "metric", metric, `"source":"rollup"`)
	}
}
