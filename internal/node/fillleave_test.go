package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
)

// TestABackfillMarksWhereRecordsLeft: a record whose move the feed forgot is marked as gone in the partition where it was,
// so whoever sees only that region does not see it any more. One that stayed has no mark.
func TestABackfillMarksWhereRecordsLeft(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]func(t *testing.T) node.BackfillArgs{
		"a scan": func(*testing.T) node.BackfillArgs { return node.BackfillArgs{Dataset: "stations", Scan: true} },
		"an incremental export": func(t *testing.T) node.BackfillArgs {
			now := time.Now()
			return node.BackfillArgs{Dataset: "stations", Export: increment(t, "0300-moves", now.Add(-time.Hour), now, moved("moves", "south", now), moved("stays", "north", now))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			marksWhereRecordsLeft(t, from)
		})
	}
}

// moved is a line of an incremental export, without the old image.
func moved(id, area string, at time.Time) string {
	return fmt.Sprintf(`{"Metadata":{"WriteTimestampMicros":{"N":"%d"}},"Keys":{"id":{"S":%q}},"NewImage":{"id":{"S":%[2]q},"area":{"S":%q},"n":{"N":"1"}}}`, at.UnixMicro(), id, area)
}

func marksWhereRecordsLeft(t *testing.T, from func(t *testing.T) node.BackfillArgs) {
	f := &thingsFolder{t, filepath.Join(t.TempDir(), "data"), t.TempDir()}
	if err := os.WriteFile(filepath.Join(f.schemas, "stations.yaml"), []byte(stationsYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	mustFolder(t, mustSettings(t, f.data, f.schemas))
	put := func(at time.Time, areas map[string]string) {
		f.store(func(s *embedded.Store) {
			for id, area := range areas {
				item := record.Item{"id": record.String(id), "area": record.String(area), "n": record.Number("1")}
				if err := s.WriteBulk(t.Context(), []embedded.Bulk{{At: at, Actions: []ingest.Action{{Kind: ingest.Put, Table: "stations", Item: item}}}}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	put(time.Now().Add(-10*time.Minute), map[string]string{"moves": "north", "stays": "north"}) // times of exports are seconds, and a tie is the change's
	f.with(func(n *node.Node) { mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}) })
	put(time.Now(), map[string]string{"moves": "south"})
	f.forget()
	f.with(func(n *node.Node) {
		done := mustDo[node.Backfilled](t, n, "backfill", from(t))
		if done.Moved != 1 || done.Absent != 0 {
			t.Errorf("got %+v", done)
		}
		type row struct {
			Op    string  `parquet:"_op"`
			Shard string  `parquet:"_shard"`
			ID    *string `parquet:"id,optional"`
		}
		marked := map[string][]string{}
		files, err := filepath.Glob(filepath.Join(f.data, "lake", "tables", "stations_changes", "data", "dt=*", "region=*", "*.parquet"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		for _, file := range files {
			rows, err := parquet.ReadFile[row](file)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if r.Op == "leave" && r.ID != nil && r.Shard == done.Lane {
					region := filepath.Base(filepath.Dir(file))
					marked[region] = append(marked[region], *r.ID)
				}
			}
		}
		if len(marked) != 1 || len(marked["region=north"]) != 1 || marked["region=north"][0] != "moves" {
			t.Errorf("got marks %v, want one of what moved, in the north", marked)
		}
		for _, what := range []string{"above the base", "in the base"} {
			if r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}); !r[0].Clean() || r[0].Lake != 2 {
				t.Errorf("%s: got %+v", what, r[0])
			}
			mustDo[[]node.CompactResult](t, n, "compact", struct{}{})
		}
	})
}
