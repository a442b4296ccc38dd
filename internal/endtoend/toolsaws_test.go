//go:build integration

package endtoend_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/load"
)

// awsTools runs the tools on a folder whose records are in DynamoDB, its lake in a bucket and its tables in Glue.
type awsTools struct {
	t       *testing.T
	s       setup
	schemas string
}

// run wants an exit code, and reads the answer into result where there is one.
func (a awsTools) run(want int, result any, args ...string) (said string) {
	a.t.Helper()
	code, out, said := a.s.tool(a.t, append(args, "--json", "--schemas", a.schemas)...)
	if code != want {
		a.t.Fatalf("tarn %v ended with %d, want %d: %s%s", args, code, want, out, said)
	}
	if result != nil {
		if err := json.Unmarshal([]byte(out), result); err != nil {
			a.t.Fatalf("tarn %v said %q: %v", args, out, err)
		}
	}
	return out + said
}

// retype writes the schema of the parts, whose n has a type that may become wider.
func (a awsTools) retype(typ string) {
	a.t.Helper()
	text := strings.Replace(partsYAML, "type: int64", "type: "+typ, 1)
	if err := os.WriteFile(filepath.Join(a.schemas, "parts.yaml"), []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// look runs what only looks, and what may be done at any time, and returns what is in quarantine.
func (a awsTools) look(parts int64, bad int) (parked []node.Bad) {
	a.t.Helper()
	var status struct{ Tables []tableStatus }
	a.run(0, &status, "status")
	if len(status.Tables) < 2 {
		a.t.Errorf("tarn status: %+v", status)
	}
	a.run(0, nil, "compact")
	a.run(0, nil, "holes", "list")
	if said := a.run(1, nil, "holes", "close", "nothing", "--receipt", "none"); !strings.Contains(said, "nothing") {
		a.t.Errorf("closing a hole that there is not: %s", said)
	}
	if a.run(0, &parked, "quarantine", "list"); len(parked) != bad {
		a.t.Fatalf("%d records are in quarantine, want %d: %+v", len(parked), bad, parked)
	}
	for i, b := range parked {
		if a.run(0, &parked[i], "quarantine", "show", b.ID); int64(len(parked[i].Payload)) != b.Bytes || b.Bytes == 0 {
			a.t.Errorf("tarn quarantine show %s: %+v", b.ID, parked[i])
		}
	}
	modes := []string{"--changes"}
	if bad == 0 {
		modes = append(modes, "--state") // to which what is held back is missing
	}
	for _, mode := range modes {
		var all []verdict
		if a.run(0, &all, "verify", mode); len(all) != 1 || all[0].Lake < parts {
			a.t.Errorf("tarn verify %s: %+v, want %d of the lake", mode, all, parts)
		}
	}
	a.run(0, nil, "retain")
	if said := a.run(1, nil, "backup", filepath.Join(a.t.TempDir(), "copy")); !strings.Contains(said, "point-in-time recovery") {
		a.t.Errorf("a backup of what is not in the folder: %s", said)
	}
	return parked
}

// beats returns the lanes of which a heartbeat has been committed.
func (a awsTools) beats() map[string]bool {
	a.t.Helper()
	var rows []node.LedgerRow
	a.run(0, &rows, "ledger")
	lanes := map[string]bool{}
	for _, r := range rows {
		if r.Table == "heartbeats" && r.Rows > 0 {
			lanes[r.Lane] = true
		}
	}
	return lanes
}

// TestToolsOnAWS runs the tools on records in DynamoDB Local, a lake in versitygw's bucket and tables in moto's Glue:
// beside a process that has the data folder, and then on the folder alone.
func TestToolsOnAWS(t *testing.T) {
	t.Parallel()
	s := onAWS(t, "TARN_HEARTBEAT_EVERY=1s")
	a := awsTools{t, s, t.TempDir()}
	a.retype("int32")
	s.args = append(s.args, "--schemas", a.schemas)
	p := s.start(t)
	store, large := dynamoStore(t, s), []string{"5000000000", "6000000000", "7000000000"}
	const fit = 60
	for i := range fit + len(large) {
		one := part(i)
		if i >= fit {
			one.Item["n"] = record.Number(large[i-fit])
		}
		if err := store.Write(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	p.until("everything is in the lake or in quarantine", func() bool {
		return p.one("SELECT (SELECT count(*) FROM parts) * 1000 + (SELECT count(*) FROM quarantine)") == fmt.Sprint(fit*1000+len(large))
	})
	p.until("a heartbeat has come through DynamoDB's stream", func() bool { return len(a.beats()) > 0 })
	for _, b := range a.look(fit, len(large)) {
		if !strings.Contains(b.Payload, large[2]) {
			continue
		}
		var gone node.Receipt
		if a.run(0, &gone, "quarantine", "discard", b.ID, "--why", "not a part"); len(gone.Records) != 1 {
			t.Errorf("tarn quarantine discard: %+v", gone)
		}
	}
	p.stop()

	a.retype("int64")
	var again node.Replayed
	if a.run(0, &again, "quarantine", "replay"); again.Read != 2 || again.Replayed != 2 {
		t.Errorf("tarn quarantine replay: %+v", again)
	}
	if err := store.Write(t.Context(), part(fit+2)); err != nil { // instead of what was discarded
		t.Fatal(err)
	}
	a.look(fit+3, 0)
	a.mends(fit + 3)
	p = s.start(t)
	if got := p.one("SELECT count(*) * 1000 + (SELECT count(*) FROM quarantine) FROM parts"); got != fmt.Sprint((fit+3)*1000) {
		t.Errorf("after all that the lake has %s", got)
	}
	p.stop()
}

// mends loads rows that the store does not have, and wants verify to name them and repair to mark them as gone; then it
// reads the store itself, where heartbeats stand beside the records.
func (a awsTools) mends(parts int64) {
	a.t.Helper()
	const rows = 20
	if loaded := a.loads(rows); loaded.Loaded != rows || loaded.Bad != 0 {
		a.t.Errorf("tarn load: %+v", loaded)
	}
	var all []verdict
	if a.run(3, &all, "verify"); len(all) != 1 || all[0].Extra != rows || all[0].Missing+all[0].Different+all[0].Doubled != 0 {
		a.t.Errorf("tarn verify of what was loaded: %+v", all)
	}
	var mended []node.Repaired
	if a.run(0, &mended, "repair"); len(mended) != 1 || mended[0].Removed != rows {
		a.t.Errorf("tarn repair: %+v", mended)
	}
	a.run(0, nil, "verify")
	var done node.Backfilled
	if a.run(0, &done, "backfill", "--dataset", "parts", "--scan"); done.Read < parts || done.Absent != 0 {
		a.t.Errorf("tarn backfill --scan: %+v", done)
	}
	a.run(0, nil, "verify")
}

// loads loads rows that the store does not have.
func (a awsTools) loads(rows int64) (loaded load.Report) {
	a.t.Helper()
	var text strings.Builder
	for i := range rows {
		fmt.Fprintf(&text, `{"id":"extra %d","n":%d}`+"\n", i, i)
	}
	file := filepath.Join(a.t.TempDir(), "more.jsonl")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		a.t.Fatal(err)
	}
	a.run(0, &loaded, "load", file, "--dataset", "parts")
	return loaded
}
