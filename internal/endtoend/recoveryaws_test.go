//go:build integration

package endtoend_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/lake"
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

// lakeBucket returns the lake's objects, under the keys that they have in a folder.
func lakeBucket(t *testing.T, s setup) *s3.Bucket {
	t.Helper()
	c, err := cloud.Load(t.Context(), cloud.Settings{Region: integration.Region, Endpoint: s.setting("TARN_S3_ENDPOINT"), Key: integration.Key, Secret: integration.Secret})
	if err != nil {
		t.Fatal(err)
	}
	return s3.Open(s3.Client(c), "lake", s3.Options{Prefix: "tarn"})
}

// objects lists the bucket's.
func objects(t *testing.T, b *s3.Bucket, prefix string) []fs.FileInfo {
	t.Helper()
	found, err := b.List(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestRecoveryOnAWS is what people do when something went wrong, with records in DynamoDB Local, a lake in versitygw's bucket and
// tables in moto's Glue: beside a process and without one.
func TestRecoveryOnAWS(t *testing.T) {
	t.Parallel()
	s := onAWS(t, "TARN_ARCHIVE_DAYS=1")
	a := awsTools{t, s, t.TempDir()}
	a.retype("int64")
	s.args = append(s.args, "--schemas", a.schemas)
	const parts, late, extra = 40, 2, 1 // whatever differs is looked at for some seconds
	p := s.start(t)
	store := dynamoStore(t, s)
	for i := range parts {
		if err := store.Write(t.Context(), sized(i)); err != nil {
			t.Fatal(err)
		}
	}
	p.until("everything is in the lake", func() bool { return p.one("SELECT count(*) FROM parts") == fmt.Sprint(parts) })
	a.certifies()
	a.fills(parts, extra)
	a.replays()
	p.stop()

	slow := s
	slow.env = append(slices.Clone(s.env), "TARN_COMMIT_EVERY=5s")
	a.fillsHole(slow.start(t), store.Write, parts, late)
	a.forgets()
	a.adopts(parts)
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

// fillsHole damages what has landed before it is committed, and fills the hole that it leaves.
func (a awsTools) fillsHole(p *process, write func(ctx context.Context, actions ...ingest.Action) error, parts, late int) {
	t, b := a.t, lakeBucket(a.t, a.s)
	t.Helper()
	put := func(from, to int) {
		t.Helper()
		var all []ingest.Action
		for i := from; i < to; i++ {
			all = append(all, sized(i))
		}
		if err := write(t.Context(), all...); err != nil {
			t.Fatal(err)
		}
	}
	put(parts, parts+1)
	p.until("a commit was made, so that the next one waits", func() bool { return p.one("SELECT count(*) FROM parts WHERE id LIKE 'p%'") == fmt.Sprint(parts+1) })
	put(parts+1, parts+late)
	damaged := map[string]bool{}
	p.until("what landed is damaged, and set aside", func() bool {
		for _, o := range objects(t, b, lake.LandingDir+"/") {
			if !damaged[o.Name()] {
				damaged[o.Name()] = true
				if err := b.Put(t.Context(), o.Name(), []byte("no landed object")); err != nil {
					t.Fatal(err)
				}
			}
		}
		return len(objects(t, b, lake.LandingBadDir+"/")) > 0
	})
	put(parts+late, parts+late+1) // a hole is known once something comes behind it
	var holes []lake.Hole
	p.until("there is a hole", func() bool { a.holes(&holes); return len(holes) > 0 })
	p.stop() // it would fill the hole itself
	var landed int64
	for _, h := range holes {
		var done node.Backfilled
		if a.run(0, &done, "backfill", "--dataset", "parts", "--scan", "--hole", h.ID); done.Closed != h.ID || done.Receipt == "" {
			t.Errorf("tarn backfill --hole %s: %+v", h.ID, done)
		}
		landed += done.Landed
	}
	if a.holes(&holes); len(holes) != 0 || landed != int64(late-1) {
		t.Errorf("%d landed of %d that were damaged, and these holes are open: %+v", landed, late-1, holes)
	}
}

// holes lists those that are open.
func (a awsTools) holes(all *[]lake.Hole) {
	a.t.Helper()
	code, out, said := a.s.tool(a.t, "holes", "list", "--json", "--schemas", a.schemas)
	if err := json.Unmarshal([]byte(out), all); err != nil || code != 0 && len(*all) == 0 {
		a.t.Fatalf("tarn holes list ended with %d: %s%s", code, out, said)
	}
}

// forgets cuts a file of the history short, in the bucket and where a copy of it is kept, and lets repair mend that.
func (a awsTools) forgets() {
	t, b := a.t, lakeBucket(a.t, a.s)
	t.Helper()
	var victim fs.FileInfo
	for _, o := range objects(t, b, lake.TablesDir+"/parts_changes/data/") {
		if victim == nil || o.Size() > victim.Size() {
			victim = o
		}
	}
	body, err := b.Get(t.Context(), victim.Name())
	if err == nil {
		err = b.Put(t.Context(), victim.Name(), body[:len(body)-9])
	}
	if err == nil {
		err = os.RemoveAll(filepath.Join(a.s.data, "copies"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if said := a.run(3, nil, "verify", "--changes"); !strings.Contains(said, filepath.Base(victim.Name())) {
		t.Errorf("tarn verify does not name %s: %s", victim.Name(), said)
	}
	var mended []node.Repaired
	if a.run(0, &mended, "repair"); len(mended) != 1 || len(mended[0].Forgotten) != 1 || mended[0].Landed+mended[0].Snapshots == 0 {
		t.Errorf("tarn repair: %+v", mended)
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
