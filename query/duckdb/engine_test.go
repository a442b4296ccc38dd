package duckdb_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/schemas"
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

// The gate is the first wall. Behind it, no session reads another file, loads code or changes a setting.
func TestEveryConnectionIsShut(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(elsewhere, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := duckdb.Open(duckdb.Options{Dirs: []string{dir}, Connections: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for range 3 { // each session in turn
		for _, text := range []string{
			"SELECT * FROM read_csv('" + elsewhere + "')", "SELECT * FROM glob('/etc/*')", "COPY (SELECT 1) TO '" + elsewhere + "'",
			"SET memory_limit = '8GB'", "SET enable_external_access = true", "SET lock_configuration = false", "SET allowed_directories = ['/']",
			"INSTALL httpfs", "LOAD httpfs", "ATTACH '" + elsewhere + "' AS x",
		} {
			if _, err := e.Run(t.Context(), query.Request{SQL: text}); err == nil {
				t.Errorf("%s was done", text)
			}
		}
		got, err := e.Run(t.Context(), query.Request{SQL: "SELECT current_setting('TimeZone'), current_setting('memory_limit'), current_setting('threads')"})
		if err != nil {
			t.Fatal(err)
		}
		if zone, memory := got.Columns[0].Texts[0], got.Columns[1].Texts[0]; zone != "UTC" || memory != "96.0 MiB" {
			t.Errorf("zone %s, memory %s", zone, memory)
		}
	}
}

func TestTooMuchMemoryIsExceeded(t *testing.T) {
	t.Parallel()
	e, err := duckdb.Open(duckdb.Options{MemoryMB: 32, Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	_, err = e.Run(t.Context(), query.Request{SQL: "SELECT x, count(*) FROM generate_series(1, 20000000) t(x) GROUP BY x", MaxRows: 1})
	if !fault.Is(err, fault.Exceeded) || !strings.Contains(err.Error(), "TARN_QUERY_MEMORY_MB") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want Exceeded, and what to do about it", err)
	}
	if _, err := e.Run(t.Context(), query.Request{SQL: "SELECT 1"}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestTooLongAnAnswerIsExceeded(t *testing.T) {
	t.Parallel()
	e, err := duckdb.Open(duckdb.Options{AnswerMB: 1, Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, text := range []string{"SELECT repeat('x', 1048577)", "SELECT repeat('x', 1024) FROM range(1025)", "SELECT [repeat('x', 1048577)]"} {
		if _, err := e.Run(t.Context(), query.Request{SQL: text}); !fault.Is(err, fault.Exceeded) {
			t.Errorf("%s: got %v, want Exceeded", text, err)
		}
	}
	if _, err := e.Run(t.Context(), query.Request{SQL: "SELECT repeat('x', 1048576)"}); err != nil {
		t.Errorf("as long as may be: %v", err)
	}
}

func TestAFileThatIsGoneIsTransient(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := open(t, dir)
	r := query.Relation{Name: "x_changes", Columns: []schemas.Column{{Name: "a", ID: 1, Type: schemas.Int64}}, Files: []query.File{{Path: filepath.Join(dir, "gone.parquet")}}}
	_, err := e.Run(t.Context(), query.Request{SQL: `SELECT * FROM "lake:x_changes"`, Relations: []query.Relation{r}})
	if !fault.Is(err, fault.Transient) {
		t.Errorf("got %v, want Transient", err)
	}
}

// Any text is either let through or refused with a reason for the user.
func FuzzGate(f *testing.F) {
	for _, s := range []string{"SELECT 1", "SELECT * FROM orders o JOIN lookup_cities USING (id)", "WITH a AS (SELECT 1) SELECT * FROM a", "SELECT getenv('x')", "COPY x TO 'y'", "'", "(((", "PIVOT orders ON kind", "SELECT \x00"} {
		f.Add(s)
	}
	e, err := duckdb.Open(duckdb.Options{Connections: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { e.Close() })
	f.Fuzz(func(t *testing.T, text string) {
		used, err := e.Gate(t.Context(), text, []string{"orders", "lookup_cities"})
		if err == nil {
			for _, u := range used {
				if u != "orders" && u != "lookup_cities" {
					t.Errorf("%q reads %s", text, u)
				}
			}
			return
		}
		if k := fault.Of(err); k != fault.Invalid && k != fault.Denied && k != fault.Exceeded {
			t.Errorf("%q: %v: %v", text, k, err)
		}
	})
}
