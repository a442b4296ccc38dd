package node_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
)

// store does something with the store while no process has it.
func (f *thingsFolder) store(do func(s *embedded.Store)) {
	f.tb.Helper()
	registry, err := node.LoadSchemas(f.schemas)
	if err != nil {
		f.tb.Fatal(err)
	}
	s, err := embedded.Open(filepath.Join(f.data, "store"), ingest.Tables(registry), embedded.Options{})
	if err != nil {
		f.tb.Fatal(err)
	}
	do(s)
	if err := s.Close(); err != nil {
		f.tb.Fatal(err)
	}
}

// lose changes the store and lets its feed forget it before anybody has read it.
func (f *thingsFolder) lose(put map[string]string, gone ...string) {
	f.tb.Helper()
	f.put(put)
	f.delete(gone...)
	f.forget()
}

// forget lets the feed forget everything.
func (f *thingsFolder) forget() {
	f.tb.Helper()
	f.store(func(s *embedded.Store) {
		if _, err := s.Trim(f.tb.Context(), time.Now().Add(48*time.Hour)); err != nil {
			f.tb.Fatal(err)
		}
	})
}

func (f *thingsFolder) delete(ids ...string) {
	f.tb.Helper()
	f.store(func(s *embedded.Store) {
		for _, id := range ids {
			key := ingest.Key{Partition: record.String(id)}
			if err := s.Write(f.tb.Context(), ingest.Action{Kind: ingest.Delete, Table: "shop_things", Key: key}); err != nil {
				f.tb.Fatal(err)
			}
		}
	})
}

func TestScanFillsWhatTheFeedForgot(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	f.put(map[string]string{"stays": "1", "changes": "1", "goes": "1"})
	f.with(func(n *node.Node) {
		if r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}); !r[0].Clean() {
			t.Errorf("got %+v", r[0])
		}
	})
	f.lose(map[string]string{"changes": "2", "comes": "1"}, "goes")
	f.with(func(n *node.Node) {
		if r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}); r[0].Missing != 1 || r[0].Extra != 1 || r[0].Different != 1 {
			t.Errorf("got %+v", r[0])
		}
		dry := mustDo[node.Backfilled](t, n, "backfill", node.BackfillArgs{Dataset: "things", Scan: true, DryRun: true})
		if dry.Read != 3 || dry.Landed != 0 {
			t.Errorf("got %+v", dry)
		}
		done := mustDo[node.Backfilled](t, n, "backfill", node.BackfillArgs{Dataset: "things", Scan: true})
		if done.Landed != 3 || done.Absent != 1 || done.Bad != 0 {
			t.Errorf("got %+v", done)
		}
		if r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}); !r[0].Clean() || r[0].Lake != 3 {
			t.Errorf("got %+v", r[0])
		}
	})
	f.put(map[string]string{"changes": "3"})
	f.with(func(n *node.Node) {
		if r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}); !r[0].Clean() {
			t.Errorf("a change after the backfill: got %+v", r[0])
		}
	})
}

// writeExport writes an export of the lines as DynamoDB does and returns its folder.
func writeExport(tb testing.TB, id, summary string, lines ...string) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "AWSDynamoDB", id)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		tb.Fatal(err)
	}
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	if _, err := w.Write([]byte(strings.Join(lines, "\n") + "\n")); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	sum := md5.Sum(body.Bytes())
	for name, text := range map[string]string{
		"manifest-summary.json": fmt.Sprintf(`{"version":"2020-06-30",%s,"itemCount":%d,"outputFormat":"DYNAMODB_JSON"}`, summary, len(lines)),
		"manifest-files.json": fmt.Sprintf(`{"itemCount":%d,"md5Checksum":%q,"etag":"x","dataFileS3Key":"AWSDynamoDB/%s/data/a.json.gz"}`+"\n",
			len(lines), base64.StdEncoding.EncodeToString(sum[:]), id),
		"data/a.json.gz": body.String(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func TestExportsAreBackfilled(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	hour := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	full := writeExport(t, "0123-full", fmt.Sprintf(`"exportTime":%q,"exportType":"FULL_EXPORT"`, hour.Format(time.RFC3339)),
		`{"Item":{"id":{"S":"old"},"n":{"N":"1"}}}`, `{"Item":{"id":{"S":"newer"},"n":{"N":"1"}}}`, `{"Item":{"id":{"S":"deleted"},"n":{"N":"1"}}}`)
	later := hour.Add(time.Minute)
	increment := writeExport(t, "0124-increment", fmt.Sprintf(`"exportFromTime":%q,"exportToTime":%q,"exportType":"INCREMENTAL_EXPORT"`, hour.Format(time.RFC3339), later.Format(time.RFC3339)),
		fmt.Sprintf(`{"Metadata":{"WriteTimestampMicros":{"N":"%d"}},"Keys":{"id":{"S":"old"}},"NewImage":{"id":{"S":"old"},"n":{"N":"2"}}}`, later.UnixMicro()-1e6),
		fmt.Sprintf(`{"Metadata":{"WriteTimestampMicros":{"N":"%d"}},"Keys":{"id":{"S":"deleted"}},"OldImage":{"id":{"S":"deleted"}}}`, later.UnixMicro()-1e6))
	f.put(map[string]string{"newer": "9"})
	f.with(func(n *node.Node) {
		for i, want := range []string{`[["deleted",1],["newer",9],["old",1]]`, `[["newer",9],["old",2]]`, `[["newer",9],["old",2]]`} {
			dir := []string{full, increment, full}[i] // the last time nothing is new
			done := mustDo[node.Backfilled](t, n, "backfill", node.BackfillArgs{Dataset: "things", Export: dir})
			if i == 2 && (done.Before != 3 || done.Landed != 0) {
				t.Errorf("again: got %+v", done)
			}
			got := mustDo[node.Table](t, n, "sql", node.SQLArgs{SQL: "SELECT id, n FROM things ORDER BY id"})
			if text := strings.Join(strings.Fields(string(got.JSON)), ""); !strings.Contains(text, want) {
				t.Errorf("round %d: got %s, want %s", i, text, want)
			}
		}
		damaged := writeExport(t, "0125-damaged", fmt.Sprintf(`"exportTime":%q,"exportType":"FULL_EXPORT"`, hour.Format(time.RFC3339)), `{"Item":{"id":{"S":"x"},"n":{"N":"1"}}}`)
		if err := os.WriteFile(filepath.Join(damaged, "data", "a.json.gz"), []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, dry := range []bool{true, false} {
			err := n.Do(t.Context(), "backfill", node.BackfillArgs{Dataset: "things", Export: damaged, DryRun: dry}, nil, node.Silent)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "MD5") {
				t.Errorf("got %v", err)
			}
		}
	})
}

// TestAnInterruptedScanGoesOn: what changed or went between the two runs is as the store has it afterwards, and what the
// feed forgot before the scan is there too.
func TestAnInterruptedScanGoesOn(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	f.lose(many(5000))
	f.with(func(n *node.Node) {
		ctx, stop := context.WithCancel(t.Context())
		err := n.Do(ctx, "backfill", node.BackfillArgs{Dataset: "things", Scan: true, Segments: 2}, nil, func(s node.Step) {
			if s.What == "records read" && s.Done >= 4000 {
				stop()
			}
		})
		stop()
		if err == nil {
			t.Fatal("the scan was not interrupted")
		}
	})
	f.delete("t0001", "t2500", "t4999")
	f.put(map[string]string{"t0002": "7", "t4998": "7", "new": "1"})
	f.with(func(n *node.Node) {
		done := mustDo[node.Backfilled](t, n, "backfill", node.BackfillArgs{Dataset: "things", Scan: true})
		if done.Before < 2000 || done.Landed > 5000-done.Before+1 || done.Bad != 0 {
			t.Errorf("got %+v", done)
		}
		if r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}); !r[0].Clean() || r[0].Lake != 4998 {
			t.Errorf("got %+v", r[0])
		}
		again := mustDo[node.Backfilled](t, n, "backfill", node.BackfillArgs{Dataset: "things", Scan: true})
		if again.Before != 0 || again.Lane == done.Lane || again.Landed != 4998 || again.Absent != 0 {
			t.Errorf("a scan after one that is over: got %+v", again)
		}
	})
}

func many(n int) map[string]string {
	all := map[string]string{}
	for i := range n {
		all[fmt.Sprintf("t%04d", i)] = "1"
	}
	return all
}

func TestAFileIsBackfilled(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	f.store(func(s *embedded.Store) {
		var writes []embedded.Bulk
		for _, id := range []string{"gone", "both"} {
			item := record.Item{"id": record.String(id), "n": record.Number("1")}
			writes = append(writes, embedded.Bulk{At: time.Now().Add(-10 * time.Minute), Actions: []ingest.Action{{Kind: ingest.Put, Table: "shop_things", Item: item}}})
		}
		if err := s.WriteBulk(t.Context(), writes); err != nil {
			t.Fatal(err)
		}
	})
	file := filepath.Join(t.TempDir(), "things.jsonl")
	if err := os.WriteFile(file, []byte(`{"id":"both","n":5}`+"\n"+`{"id":"old","n":2}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.with(func(n *node.Node) {
		if r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}); !r[0].Clean() {
			t.Errorf("got %+v", r[0])
		}
		for _, c := range []struct {
			name string
			args node.BackfillArgs
			want string
		}{
			{"a dry run", node.BackfillArgs{DryRun: true, Full: true}, `[["both",1],["gone",1]]`},
			{"older than what the lake has", node.BackfillArgs{At: time.Now().Add(-time.Hour), Full: true}, `[["both",1],["gone",1],["old",2]]`},
			{"newer, but not of all records", node.BackfillArgs{At: time.Now().Add(-2 * time.Minute)}, `[["both",5],["gone",1],["old",2]]`},
			{"newer, and of all", node.BackfillArgs{At: time.Now().Add(-time.Minute), Full: true}, `[["both",5],["old",2]]`},
		} {
			c.args.Dataset, c.args.File = "things", file
			done := mustDo[node.Backfilled](t, n, "backfill", c.args)
			if done.Read != 2 {
				t.Errorf("%s: got %+v", c.name, done)
			}
			got := mustDo[node.Table](t, n, "sql", node.SQLArgs{SQL: "SELECT id, n FROM things ORDER BY id"})
			if text := strings.Join(strings.Fields(string(got.JSON)), ""); !strings.Contains(text, c.want) {
				t.Errorf("%s: got %s, want %s", c.name, text, c.want)
			}
		}
		for want, args := range map[string]node.BackfillArgs{
			"is not over yet":       {Dataset: "things", File: file, At: time.Now().Add(time.Hour)},
			"one source":            {Dataset: "things", File: file, Scan: true},
			"a file closes no hole": {Dataset: "things", File: file, Hole: "x"},
			"no hole nope is open":  {Dataset: "things", Scan: true, Hole: "nope"},
			"give them with --file": {Dataset: "things", Scan: true, At: time.Now().Add(-time.Hour)},
			"give it with --scan":   {Dataset: "things", File: file, Afresh: true},
			"at most 4096 segments": {Dataset: "things", Scan: true, Segments: 4097},
			"cannot be below 0":     {Dataset: "things", Scan: true, Rate: -1},
		} {
			if err := n.Do(t.Context(), "backfill", args, nil, node.Silent); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("want %q, got %v", want, err)
			}
		}
	})
}
