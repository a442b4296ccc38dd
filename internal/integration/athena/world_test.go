//go:build integration

package athena_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/integration"
	proxy "github.com/tarn-lake/tarn/internal/integration/athena"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/athena"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/schemas"
)

const bucket = "tarn-lake"

// world is S3, Glue, Trino and the proxy.
type world struct {
	objects integration.Objects
	glue    *glue.Client
	trino   *integration.Engine
	proxy   *proxy.Server
	client  *sdk.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{objects: integration.S3(t)}
	for _, name := range []string{bucket, "answers"} {
		if err := os.Mkdir(filepath.Join(w.objects.Folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	endpoint := integration.Glue(t)
	w.glue = glue.NewFromConfig(config(t, endpoint))
	w.trino = integration.Trino(t, endpoint, w.objects)
	w.proxy = proxy.Start(t, w.trino, w.objects, map[string]proxy.WorkGroup{
		"dashboards": {Results: "s3://answers/dashboards/"}, "little": {Results: "s3://answers/little/", Enforced: true, ScanBytes: 1},
		"hasty": {Results: "s3://answers/hasty/", MaxTime: time.Second}, "narrow": {Results: "s3://answers/narrow/", Concurrent: 1}})
	w.client = sdk.NewFromConfig(config(t, w.proxy.Endpoint))
	return w
}

func config(t *testing.T, endpoint string) aws.Config {
	t.Helper()
	c, err := cloud.Load(t.Context(), cloud.Settings{Region: integration.Region, Endpoint: endpoint, Key: integration.Key, Secret: integration.Secret})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// engine returns an engine over a database of Glue.
func (w *world) engine(t *testing.T, database, group string, reuse time.Duration) *athena.Engine {
	t.Helper()
	e, err := athena.New(w.client, athena.Options{Database: database, WorkGroup: group, Reuse: reuse})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// publish makes tables of a database of what a suite's lake holds.
func (w *world) publish(t *testing.T, database string, l *enginetest.Lake) {
	t.Helper()
	files := s3.Open(s3.Client(config(t, w.objects.Endpoint)), bucket, s3.Options{Prefix: database})
	catalog, err := tables.OpenGlue(t.Context(), w.glue, tables.Place{Database: database, Root: "s3://" + bucket + "/" + database + "/", Objects: files}, tables.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l.Each(func(name string, r query.Relation) {
		spec := tables.Spec{Name: name, Columns: r.Columns}
		for _, f := range r.Files {
			if f.Region != "" {
				spec.Partition = tables.ByDateAndRegion()
			}
		}
		table, err := catalog.Table(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		l.Published(name, w.commit(t, database, table, r))
	})
}

// commit copies the files into the bucket and makes them one snapshot of the table.
func (w *world) commit(t *testing.T, database string, table *tables.Table, r query.Relation) int64 {
	t.Helper()
	base, err := table.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var files []tables.NewFile
	for _, f := range r.Files {
		key := filepath.Join(database, "data", r.Name, filepath.Base(f.Path))
		body, err := os.ReadFile(f.Path)
		if err == nil {
			err = os.MkdirAll(filepath.Join(w.objects.Folder, bucket, filepath.Dir(key)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(w.objects.Folder, bucket, key), body, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		one := tables.NewFile{URL: "s3://" + bucket + "/" + key, Rows: 1, Size: f.Bytes, Region: f.Region, Stats: tables.NewStats(nil)}
		if !f.Date.IsZero() {
			one.Dt = f.Date.Format(time.DateOnly)
		}
		files = append(files, one)
	}
	s, err := table.Append(t.Context(), base, files, tables.Update{Marker: "suite-" + database + r.Name, Commit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func columns(names ...string) []schemas.Column {
	var all []schemas.Column
	for i, n := range names {
		all = append(all, schemas.Column{Name: n, ID: i + 1, Type: schemas.Int64})
	}
	return all
}
