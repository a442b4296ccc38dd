package duckdb_test

import (
	"testing"

	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/enginetest"
)

func open(t *testing.T, dir string) query.Engine {
	t.Helper()
	e, err := duckdb.Open(duckdb.Options{Dirs: []string{dir}, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func TestSuite(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, open)
}
