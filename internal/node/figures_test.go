package node_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

const thingsMetrics = `metrics:
  - name: writes
    title: Writes
    source: changes
    time: _at
    measures:
      - {name: writes, title: Writes, agg: count, format: integer}
      - {name: sum, title: Sum, agg: sum, of: n, format: integer}
`

// TestFiguresAfterARepair: what a repair takes out of the history, and what it lands again under a later commit, has been
// counted by the rollup already. The figures after it are those of the history as it then is.
func TestFiguresAfterARepair(t *testing.T) {
	t.Parallel()
	damages := map[string]func(v *vandal){
		"a file is doubled": func(v *vandal) {
			like, b, _ := v.take(opIs(record.Insert))
			f, body := v.encode(like, b)
			v.put(like, f, body)
			if _, err := v.table.Append(t.Context(), v.base, []tables.NewFile{f}, tables.Update{Marker: "double"}); err != nil {
				v.tb.Fatal(err)
			}
		},
		"a file is lost": func(v *vandal) {
			lost, _, _ := v.take(opIs(record.Insert))
			if err := os.Remove(lost.Path); err != nil {
				v.tb.Fatal(err)
			}
		},
		"a value is wrong": func(v *vandal) {
			wrong, b, row := v.take(opIs(record.Insert))
			b.Leaf("n").Int64s[row] = 1_000_000
			_, body := v.encode(wrong, b)
			if err := os.WriteFile(wrong.Path, body, 0o600); err != nil {
				v.tb.Fatal(err)
			}
		},
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newThings(t, "int64")
			for name, text := range map[string]string{"things.yaml": things + "track: [n]\n", "things.metrics.yaml": thingsMetrics} {
				if err := os.WriteFile(filepath.Join(f.schemas, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			all := map[string]string{}
			for i := range 40 {
				all[fmt.Sprintf("t%02d", i)] = fmt.Sprint(i)
			}
			f.put(all)
			f.with(func(n *node.Node) {
				mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}) // lands what was put
				mustDo[[]node.CompactResult](t, n, "compact", struct{}{})
				mustCount(t, n, "rollup")
			})
			registry, err := schemas.Load(os.DirFS(f.schemas))
			if err != nil {
				t.Fatal(err)
			}
			damage(newVandalOf(t, f.data, registry, "things"))
			f.with(func(n *node.Node) {
				if r := mustDo[[]node.Repaired](t, n, "repair", node.RepairArgs{}); !r[0].Clean() || r[0].Changes.Clean() {
					t.Errorf("got %+v", r[0])
				}
			})
			f.with(func(n *node.Node) {
				mustCount(t, n, "")
				mustDo[[]node.CompactResult](t, n, "compact", struct{}{})
				mustCount(t, n, "rollup")
			})
		})
	}
}

// mustCount fails the test unless there are 40 things whose numbers add up to 780. Source is where the answer must come from;
// empty: from anywhere.
func mustCount(t *testing.T, n *node.Node, source string) {
	t.Helper()
	table := mustDo[node.Table](t, n, "metric", node.MetricArgs{Query: plan.Query{Metric: "writes", Range: plan.Range{Name: "all"}}})
	var a struct {
		Rows [][]int64
		Meta struct{ Source string }
	}
	if err := json.Unmarshal(table.JSON, &a); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(a.Rows) != "[[40 780]]" || source != "" && a.Meta.Source != source {
		t.Errorf("got %v from %s", a.Rows, a.Meta.Source)
	}
}
