package node_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/node"
)

// TestHeartbeatsOfAnExportAreNoRecords: an export has what the table has. Its heartbeats are read, and are neither
// records nor bad; an item that only has an attribute called so is a record.
func TestHeartbeatsOfAnExportAreNoRecords(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	hour := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	full := writeExport(t, "0130-full", fmt.Sprintf(`"exportTime":%q,"exportType":"FULL_EXPORT"`, hour.Format(time.RFC3339)),
		`{"Item":{"id":{"S":"a"},"n":{"N":"1"}}}`,
		`{"Item":{"id":{"S":"tarn_heartbeat#0"},"tarn_heartbeat":{"N":"1790000000000"}}}`,
		`{"Item":{"id":{"S":"b"},"n":{"N":"2"},"more":{"S":"x"},"tarn_heartbeat":{"N":"7"}}}`)
	f.with(func(n *node.Node) {
		done := mustDo[node.Backfilled](t, n, "backfill", node.BackfillArgs{Dataset: "things", Export: full})
		if done.Read != 3 || done.Landed != 2 || done.Bad != 0 {
			t.Errorf("got %+v", done)
		}
		got := mustDo[node.Table](t, n, "sql", node.SQLArgs{SQL: "SELECT id, n, (SELECT count(*) FROM quarantine) AS bad FROM things ORDER BY id"})
		if text := strings.Join(strings.Fields(string(got.JSON)), ""); !strings.Contains(text, `[["a",1,0],["b",2,0]]`) {
			t.Errorf("got %s", text)
		}
	})
}
