//go:build integration

package tables_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/tables"
)

const bucketName = "my-lake"

// world is Glue and S3, shared by the lakes of a test.
type world struct {
	glue    string
	objects integration.Objects
	lakes   atomic.Int32
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{glue: integration.Glue(t), objects: integration.S3(t)}
	if err := os.Mkdir(filepath.Join(w.objects.Folder, bucketName), 0o755); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) aws(t testing.TB, endpoint string) aws.Config {
	t.Helper()
	c, err := cloud.Load(t.Context(), cloud.Settings{Region: integration.Region, Endpoint: endpoint, Key: integration.Key, Secret: integration.Secret})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lake is an empty lake in a database of its own and a folder of the bucket of its own.
func (w *world) lake(t testing.TB) *testLake {
	t.Helper()
	name := fmt.Sprintf("lake%d", w.lakes.Add(1))
	l := &testLake{root: filepath.Join(w.objects.Folder, bucketName, name)}
	l.connect = func(t testing.TB, opts tables.Options) *tables.Catalog {
		t.Helper()
		return w.open(t, name, opts)
	}
	l.open(t)
	return l
}

func (w *world) open(t testing.TB, name string, opts tables.Options) *tables.Catalog {
	t.Helper()
	cat, err := tables.OpenGlue(t.Context(), sdk.NewFromConfig(w.aws(t, w.glue)), tables.Place{
		Database: name, Root: "s3://" + bucketName + "/" + name + "/",
		Objects: s3.Open(s3.Client(w.aws(t, w.objects.Endpoint)), bucketName, s3.Options{Prefix: name}),
		Mirror:  filepath.Join(w.objects.Folder, bucketName, name),
	}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func TestGlue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	t.Run("suite", func(t *testing.T) { suite(t, w.lake) })
}
