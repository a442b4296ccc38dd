package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/node"
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
