//go:build integration

package endtoend_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/compact"
)

// sized is a part with an attribute that its schema does not have.
func sized(i int) ingest.Action {
	a := part(i)
	a.Item["size"] = record.Number("2.5")
	return a
}

// TestRecoveryOnAWS is what people do when something went wrong, with records in DynamoDB Local, a lake in versitygw's bucket and
// tables in moto's Glue: beside a process and without one.
func TestRecoveryOnAWS(t *testing.T) {
	t.Parallel()
	s := onAWS(t, "TARN_ARCHIVE_DAYS=1", "TARN_HEARTBEAT_EVERY=0s")
	a := awsTools{t, s, t.TempDir()}
	a.retype("int64")
	a.s.args = append(s.args, "--schemas", a.schemas)
	const parts, late, extra = 40, 3, 1
	p := a.s.start(t)
	store := dynamoStore(t, a.s)
	put := func(i int) {
		t.Helper()
		if err := store.Write(t.Context(), sized(i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range parts {
		put(i)
	}
	p.until("everything is in the lake", func() bool { return p.one("SELECT count(*) FROM parts") == fmt.Sprint(parts) })
	a.certifies()
	a.fills(parts, extra)
	a.replays()
	p.stop()

	a.fillsHole(parts, put)
	a.forgets()
	a.adopts(parts + late)
	a.replays()
	a.run(0, nil, "verify")
	a.run(0, nil, "verify", "--changes")
}

// fills loads rows beside the process that the store does not have, which stay until the store is compared, and reads the store.
func (a awsTools) fills(parts, extra int64) {
	a.t.Helper()
	if loaded := a.loads(extra); loaded.Loaded != extra || loaded.Bad != 0 {
		a.t.Errorf("tarn load: %+v", loaded)
	}
	var done node.Backfilled
	if a.run(0, &done, "backfill", "--dataset", "parts", "--scan"); done.Read < parts || done.Bad+done.Gone != 0 {
		a.t.Errorf("tarn backfill --scan: %+v", done)
	}
}

// certifies writes a certificate, and checks it.
func (a awsTools) certifies() {
	a.t.Helper()
	file := filepath.Join(a.t.TempDir(), "certificate.json")
	a.run(0, nil, "verify", "--certify", file)
	var all []node.Checked
	if a.run(0, &all, "verify", "--certificate", file); len(all) != 1 || !all[0].Clean || !all[0].Same || len(all[0].Changed) != 0 {
		a.t.Errorf("tarn verify --certificate: %+v", all)
	}
}

// replays lands the archive once more, which brings nothing.
func (a awsTools) replays() {
	a.t.Helper()
	var r node.ArchiveReplayed
	if a.run(0, &r, "archive", "replay"); r.Objects == 0 || r.Records == 0 || r.Rows != 0 || len(r.Refused) != 0 {
		a.t.Errorf("tarn archive replay: %+v", r)
	}
}

// adopts gives the parts the field that they always had.
func (a awsTools) adopts(parts int64) {
	a.t.Helper()
	text := strings.Replace(partsYAML, "region:", "  - {name: size, type: decimal, precision: 6, scale: 2}\nregion:", 1)
	if err := os.WriteFile(filepath.Join(a.schemas, "parts.yaml"), []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	var done compact.Adopted
	if a.run(0, &done, "schema", "adopt", "size", "--dataset", "parts"); done.Rows < parts || done.Unfit != 0 {
		a.t.Errorf("tarn schema adopt: %+v", done)
	}
	if said := a.run(0, nil, "sql", "SELECT count(*) AS n FROM parts WHERE size <> 2.5 OR size IS NULL"); !strings.Contains(strings.Join(strings.Fields(said), ""), "[[0]]") {
		a.t.Errorf("parts without their size: %s", said)
	}
}
