package node_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/node"
)

// TestHeartbeatsComeThroughAndShowNowhere: nobody writes, and yet every shard carries something to the lake, which is in
// no list, no state, no history, no comparison and no backfill.
func TestHeartbeatsComeThroughAndShowNowhere(t *testing.T) {
	t.Parallel()
	schema, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(filepath.Join(schema, "stations.yaml"), []byte(stationsYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustSettings(t, data, schema)
	s.HeartbeatEvery = 50 * time.Millisecond
	n, err := node.Open(t.Context(), s, node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	lanes := map[string]bool{}
	for len(lanes) < s.Shards {
		var rows []node.LedgerRow
		if err := n.Do(t.Context(), "ledger", node.LedgerArgs{}, &rows, node.Silent); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Table == "heartbeats" && r.Rows > 0 {
				lanes[r.Lane] = true
			}
		}
	}
	mustTell(t, n, "sql", node.SQLArgs{SQL: "SELECT (SELECT count(*) FROM stations) + (SELECT count(*) FROM stations_changes) + (SELECT count(*) FROM quarantine) AS n"}, `[0]`)
	for _, changes := range []bool{false, true} {
		mustTell(t, n, "verify", node.VerifyArgs{Changes: changes}, `"differences":[]`)
	}
	var filled node.Backfilled
	if err := n.Do(t.Context(), "backfill", node.BackfillArgs{Dataset: "stations", Scan: true}, &filled, node.Silent); err != nil {
		t.Fatal(err)
	}
	if text, _ := json.Marshal(filled); filled.Read == 0 || filled.Landed+filled.Bad+filled.Absent != 0 {
		t.Errorf("the backfill took heartbeats for records: %s", text)
	}
}
