//go:build integration

package integration_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/integration"
)

func TestComponentsAnswer(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) string{
		"DynamoDB Local": func(t *testing.T) string { return integration.DynamoDB(t) },
		"versitygw":      func(t *testing.T) string { return integration.S3(t).Endpoint },
		"moto":           func(t *testing.T) string { return integration.Glue(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := http.Get(start(t))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		})
	}
}

func TestTrinoWritesIcebergTables(t *testing.T) {
	t.Parallel()
	objects := integration.S3(t)
	if err := os.Mkdir(filepath.Join(objects.Folder, "lake"), 0o755); err != nil {
		t.Fatal(err)
	}
	trino := integration.Trino(t, integration.Glue(t), objects)
	trino.Query(t, "create schema lake.trial with (location = 's3://lake/trial')")
	trino.Query(t, "create table lake.trial.numbers as select * from (values 1, 2, 3) as n (i)")
	got := trino.Query(t, "select sum(i), count(*) from lake.trial.numbers")
	want := [][]any{{json.Number("6"), json.Number("3")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
