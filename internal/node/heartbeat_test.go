package node_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/verify"
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
	beaten(t, n, s.Shards)
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

// beaten returns once a heartbeat has come through so many shards.
func beaten(t *testing.T, n *node.Node, shards int) {
	t.Helper()
	for lanes := map[string]bool{}; len(lanes) < shards; {
		for _, r := range mustDo[[]node.LedgerRow](t, n, "ledger", node.LedgerArgs{}) {
			if r.Table == "heartbeats" && r.Rows > 0 {
				lanes[r.Lane] = true
			}
		}
	}
}

// TestHeartbeatsAreInNoFigure: heartbeats come through every shard beside a history with rollups, which are then made current,
// and no metric counts them.
func TestHeartbeatsAreInNoFigure(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := mustSettings(t, data, "")
	mustFolder(t, s)
	fill(t, data, 200)
	now := time.Now()
	asked := func(beat time.Duration) (answers map[string]string, rolled int64) {
		s.HeartbeatEvery = beat
		n, err := node.Open(t.Context(), s, node.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close(context.Background())
		if beat > 0 {
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- n.Run(ctx) }()
			beaten(t, n, s.Shards)
			stop()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{})
		mustDo[[]node.CompactResult](t, n, "compact", struct{}{})
		for _, table := range mustDo[node.Status](t, n, "status", struct{}{}).Tables {
			if strings.HasSuffix(table.Name, "_daily") {
				rolled += table.Rows
			}
		}
		answers = map[string]string{}
		for _, d := range n.Registry().Datasets() {
			for _, m := range d.Metrics {
				q := questions(m, now)[0]
				answers[m.Name] = mustDo[node.Table](t, n, "metric", node.MetricArgs{Query: q, CSV: true}).CSV
			}
		}
		return answers, rolled
	}
	without, rows := asked(0)
	with, after := asked(50 * time.Millisecond)
	if rows == 0 || after != rows {
		t.Errorf("the rollups have %d rows, and had %d without heartbeats", after, rows)
	}
	if diff := cmp.Diff(without, with); diff != "" {
		t.Errorf("figures:\n%s", diff)
	}
}
