package backfill_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/backfill"
)

// objects are texts by key, like those of a bucket.
type objects map[string]string

type text struct{ *strings.Reader }

func (text) Close() error { return nil }

func (o objects) Open(_ context.Context, key string) (interface {
	io.ReaderAt
	io.Closer
}, int64, error,
) {
	body, ok := o[key]
	if !ok {
		return nil, 0, fault.New(fault.NotFound, "no %s", key)
	}
	return text{strings.NewReader(body)}, int64(len(body)), nil
}

func zipped(tb testing.TB, lines ...string) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, strings.Join(lines, "\n")+"\n"); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func sum(body string) string {
	s := md5.Sum([]byte(body))
	return base64.StdEncoding.EncodeToString(s[:])
}

// incremental is laid out as DynamoDB does it: the data of all incremental exports lie in one folder beside them.
func incremental(tb testing.TB) objects {
	tb.Helper()
	line := func(id string) string {
		return fmt.Sprintf(`{"Metadata":{"WriteTimestampMicros":{"N":"1000000"}},"Keys":{"id":{"S":%q}}}`, id)
	}
	o := objects{"data/a.json.gz": zipped(tb, line("1"), line("2")), "data/b.json.gz": zipped(tb, line("3"), line("4"), line("5"))}
	entry := func(name string, n int) string {
		return fmt.Sprintf(`{"itemCount":%d,"md5Checksum":%q,"dataFileS3Key":"some/AWSDynamoDB/data/%s"}`+"\n", n, sum(o["data/"+name]), name)
	}
	o["x/manifest-files.json"] = entry("a.json.gz", 2) + entry("b.json.gz", 3)
	o["x/manifest-summary.json"] = `{"exportFromTime":"2026-11-20T00:00:00Z","exportToTime":"2026-11-20T06:00:00Z","exportType":"INCREMENTAL_EXPORT","itemCount":5,"outputFormat":"DYNAMODB_JSON"}`
	for _, name := range []string{"files", "summary"} {
		o["x/manifest-"+name+".md5"] = sum(o["x/manifest-"+name+".json"]) + "\n"
	}
	return o
}

func TestIncrementalExportsShareTheirData(t *testing.T) {
	t.Parallel()
	e, err := backfill.OpenExport(t.Context(), incremental(t), "x")
	if err != nil {
		t.Fatal(err)
	}
	for skip := range int64(6) {
		var got []string
		if err := e.Each(t.Context(), skip, t.TempDir(), func(r backfill.Record) error { got = append(got, string(r.Item)); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 5-int(skip) || skip < 5 && !strings.Contains(got[0], fmt.Sprintf(`"%d"`, skip+1)) {
			t.Errorf("after %d: got %v", skip, got)
		}
	}
}

func TestDamagedExports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		damage     func(o objects)
	}{
		{"no summary", "is no export", func(o objects) { delete(o, "x/manifest-summary.json") }},
		{"no list", "lacks manifest-files.json", func(o objects) { delete(o, "x/manifest-files.json") }},
		{"another summary", "manifest-summary.md5 says", func(o objects) { o["x/manifest-summary.json"] += " " }},
		{"another list, by the other name", "manifest-files.checksum says", func(o objects) {
			o["x/manifest-files.checksum"] = o["x/manifest-files.md5"]
			delete(o, "x/manifest-files.md5")
			o["x/manifest-files.json"] += "\n"
		}},
		{"another list", "manifest-files.md5 says", func(o objects) { o["x/manifest-files.json"] += "\n" }},
		{"another format", "export it as DYNAMODB_JSON", func(o objects) {
			o["x/manifest-summary.json"] = strings.Replace(o["x/manifest-summary.json"], "DYNAMODB_JSON", "ION", 1)
			delete(o, "x/manifest-summary.md5")
		}},
		{"another count", "is not whole", func(o objects) {
			o["x/manifest-summary.json"] = strings.Replace(o["x/manifest-summary.json"], `"itemCount":5`, `"itemCount":6`, 1)
			delete(o, "x/manifest-summary.md5")
		}},
		{"another file", "has the MD5", func(o objects) { o["data/b.json.gz"] = zipped(t, "{}") }},
		{"a missing file", "is not there", func(o objects) { delete(o, "data/b.json.gz") }},
		{"fewer lines than the list says", "has 3 items; its manifest says 4", func(o objects) {
			o["x/manifest-files.json"] = strings.Replace(o["x/manifest-files.json"], `"itemCount":3`, `"itemCount":4`, 1)
			o["x/manifest-summary.json"] = strings.Replace(o["x/manifest-summary.json"], `"itemCount":5`, `"itemCount":6`, 1)
			delete(o, "x/manifest-summary.md5")
			delete(o, "x/manifest-files.md5")
		}},
	} {
		o := incremental(t)
		c.damage(o)
		e, err := backfill.OpenExport(t.Context(), o, "x")
		if err == nil {
			err = e.Each(t.Context(), 0, t.TempDir(), func(backfill.Record) error { return nil })
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func TestWhichExportsCoverAHole(t *testing.T) {
	t.Parallel()
	e, err := backfill.OpenExport(t.Context(), incremental(t), "x")
	if err != nil {
		t.Fatal(err)
	}
	full := *e
	full.Full = true
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 20, hour, minute, 0, 0, time.UTC) }
	for _, c := range []struct {
		name   string
		export *backfill.Export
		hole   lake.Hole
		want   string
	}{
		{"inside", e, lake.Hole{From: at(1, 0), To: at(2, 0)}, ""},
		{"the same", e, lake.Hole{From: at(0, 0), To: at(6, 0)}, ""},
		{"begins before", e, lake.Hole{From: at(0, 0).Add(-time.Second), To: at(2, 0)}, "at least that"},
		{"ends after", e, lake.Hole{From: at(1, 0), To: at(6, 1)}, "at least that"},
		{"no beginning", e, lake.Hole{To: at(2, 0)}, "is not known"},
		{"no end", e, lake.Hole{From: at(1, 0)}, "is not known"},
		{"a full export", &full, lake.Hole{From: at(1, 0), To: at(2, 0)}, "a full export does not say"},
	} {
		err := c.export.Covers(c.hole)
		if c.want == "" && err != nil || c.want != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}
