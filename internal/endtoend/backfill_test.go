//go:build integration

package endtoend_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/dynamo"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
)

const partsYAML = `stream: parts
table: parts
key: {partition: id}
fields:
  - {name: id, type: string}
  - {name: n, type: int64}
region: {from: constant, value: all}
date: {from: change}
`

func partsFolder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "parts.yaml"), []byte(partsYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func part(i int) ingest.Action {
	return ingest.Action{Kind: ingest.Put, Table: "parts", Item: record.Item{"id": record.String(fmt.Sprintf("p%05d", i)), "n": record.Number(fmt.Sprint(i))}}
}

// filled is what `tarn backfill --json` says.
type filled struct{ Read, Before, Landed, Bad, Absent int64 }

func backfilled(t *testing.T, data string, args ...string) (f filled) {
	t.Helper()
	code, out, said := tool(t, data, append([]string{"backfill", "--dataset", "parts", "--json"}, args...)...)
	if code != 0 || json.Unmarshal([]byte(out), &f) != nil {
		t.Fatalf("tarn backfill %v ended with %d: %s%s", args, code, out, said)
	}
	return f
}

// agree wants a comparison of everything without differences.
func agree(t *testing.T, data string, args ...string) {
	t.Helper()
	if code, out, said := tool(t, data, append([]string{"verify", "--json"}, args...)...); code != 0 {
		t.Errorf("tarn verify ended with %d: %s%s", code, out, said)
	}
}

// TestAScanThatWasKilledGoesOn kills the tool in the middle of a scan, deletes what it has landed and what it has not
// seen, and starts it again.
func TestAScanThatWasKilledGoesOn(t *testing.T) {
	t.Parallel()
	schemas, data := partsFolder(t), filepath.Join(t.TempDir(), "data")
	const all = 12_000
	none := filepath.Join(t.TempDir(), "none.csv")
	if err := os.WriteFile(none, []byte("id\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, said := tool(t, data, "load", none, "--dataset", "parts", "--schemas", schemas); code != 0 { // makes the folder
		t.Fatal(said)
	}
	store := func(do func(s *embedded.Store) error) {
		t.Helper()
		registry, err := node.LoadSchemas(schemas)
		if err != nil {
			t.Fatal(err)
		}
		s, err := embedded.Open(filepath.Join(data, "store"), ingest.Tables(registry), embedded.Options{MinFree: -1})
		if err == nil {
			err = do(s)
		}
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	store(func(s *embedded.Store) error {
		var writes []embedded.Bulk
		for i := range all {
			writes = append(writes, embedded.Bulk{At: time.Now(), Actions: []ingest.Action{part(i)}})
		}
		return s.WriteBulk(t.Context(), writes)
	})
	var said tail
	cmd := exec.CommandContext(t.Context(), os.Getenv(binaryKey), "backfill", "--dataset", "parts", "--scan", "--rate", "2000", "--data", data, "--schemas", schemas)
	cmd.Env, cmd.Stderr = plainEnviron(), &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{tb: t, cmd: cmd, log: &said, ended: make(chan struct{})}
	go func() { p.err = cmd.Wait(); close(p.ended) }()
	p.until("two batches have landed", func() bool {
		text, err := os.ReadFile(filepath.Join(data, "lake", "backfill", "parts", "scan.json"))
		var progress struct{ Read int64 }
		return err == nil && json.Unmarshal(text, &progress) == nil && progress.Read >= 4000
	})
	_ = cmd.Process.Kill()
	<-p.ended
	store(func(s *embedded.Store) error {
		for i := 0; i < all; i += 100 {
			if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Delete, Table: "parts", Key: ingest.Key{Partition: part(i).Item["id"]}}); err != nil {
				return err
			}
		}
		return nil
	})
	done := backfilled(t, data, "--scan", "--schemas", schemas)
	if done.Before < 4000 || done.Before+done.Landed > all || done.Bad != 0 {
		t.Errorf("got %+v", done)
	}
	agree(t, data, "--schemas", schemas)
}

// TestBackfillOnAWS reads an export in a bucket and scans DynamoDB in parallel segments while it is written to.
func TestBackfillOnAWS(t *testing.T) {
	t.Parallel()
	s := onAWS(t)
	s.args = append(s.args, "--schemas", partsFolder(t))
	p := s.start(t)
	store := dynamoStore(t, s)
	const all = 3000
	for i := 0; i < all; i += 50 {
		var some []ingest.Action
		for k := range 50 {
			some = append(some, part(i+k))
		}
		if err := store.Write(t.Context(), some...); err != nil {
			t.Fatal(err)
		}
	}
	exportToBucket(t, s.bucket, "old", `{"Item":{"id":{"S":"gone since"},"n":{"N":"7"}}}`, `{"Item":{"id":{"S":"p00001"},"n":{"N":"-1"}}}`)
	if got := backfilled(t, s.data, "--export", "s3://lake/exports/AWSDynamoDB/old"); got.Landed != 2 {
		t.Errorf("got %+v", got)
	}
	p.until("what the export has beyond the stream is there, and nothing else of it", func() bool {
		return p.one("SELECT count(*) FROM parts WHERE id = 'gone since' AND n = 7 OR id = 'p00001' AND n = 1") == "2"
	})
	ctx, stop := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ctx.Err() == nil; i = (i + 7) % all {
			a := part(i)
			if i%3 == 0 {
				a = ingest.Action{Kind: ingest.Delete, Table: "parts", Key: ingest.Key{Partition: a.Item["id"]}}
			}
			if err := store.Write(ctx, a); err != nil && ctx.Err() == nil {
				t.Errorf("write: %v", err)
				return
			}
		}
	})
	got := backfilled(t, s.data, "--scan", "--segments", "4", "--capacity", "200")
	stop()
	writer.Wait()
	if got.Read < all/2 || got.Absent == 0 {
		t.Errorf("got %+v", got)
	}
	agree(t, s.data)
	p.stop()
}

func dynamoStore(t *testing.T, s setup) *dynamo.Store {
	t.Helper()
	c, err := cloud.Load(t.Context(), cloud.Settings{Region: integration.Region, Endpoint: s.args[3], Key: integration.Key, Secret: integration.Secret})
	if err != nil {
		t.Fatal(err)
	}
	registry, err := node.LoadSchemas(s.args[len(s.args)-1])
	if err != nil {
		t.Fatal(err)
	}
	return dynamo.New(dynamo.Client(c), ingest.Tables(registry), dynamo.Options{})
}

// exportToBucket lays a full export of an hour ago out as DynamoDB does.
func exportToBucket(t *testing.T, bucket, id string, lines ...string) {
	t.Helper()
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	if _, err := w.Write([]byte(strings.Join(lines, "\n"))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	sum := func(b []byte) string { s := md5.Sum(b); return base64.StdEncoding.EncodeToString(s[:]) }
	dir := filepath.Join(bucket, "exports", "AWSDynamoDB", id)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	summary := fmt.Sprintf(`{"exportTime":%q,"exportType":"FULL_EXPORT","itemCount":%d,"outputFormat":"DYNAMODB_JSON"}`, time.Now().UTC().Add(-time.Hour).Format(time.RFC3339), len(lines))
	list := fmt.Sprintf(`{"itemCount":%d,"md5Checksum":%q,"dataFileS3Key":"exports/AWSDynamoDB/%s/data/a.json.gz"}`+"\n", len(lines), sum(body.Bytes()), id)
	for name, text := range map[string]string{
		"manifest-summary.json": summary, "manifest-summary.md5": sum([]byte(summary)),
		"manifest-files.json": list, "manifest-files.md5": sum([]byte(list)), "data/a.json.gz": body.String(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
