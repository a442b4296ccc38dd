//go:build integration

package endtoend_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"
)

// pythonKey names the setting that holds a Python with PyIceberg; scripts/integration.sh sets it.
const pythonKey = "TARN_PYTHON"

// TestForeignReader lets others read the lake's files by Iceberg's metadata alone: their counts must be ours.
func TestForeignReader(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data, "TARN_COMMIT_EVERY=50ms")
	c := newClient(1, 1)
	for c.acked < 400 {
		if err := c.choose()(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if c.acked == 200 {
			p.ask(call{path: "/admin/compact", token: p.token, body: "{}"}) // so that there are files of both kinds
		}
	}
	verify(t, data)
	for _, table := range []string{"passes_changes", "applicants_changes"} {
		t.Run(table, func(t *testing.T) {
			want := p.sql("SELECT dt, region, count(*) FROM " + table + " GROUP BY ALL ORDER BY ALL")
			if len(want) < 5 {
				t.Errorf("only %d partitions to compare", len(want))
			}
			counts, files := pyIceberg(t, data, table)
			if diff := cmp.Diff(want, counts); diff != "" {
				t.Errorf("PyIceberg (+) and Tarn (-) count differently: %s", diff)
			}
			if diff := cmp.Diff(want, duckDB(t, files)); diff != "" {
				t.Errorf("DuckDB (+) and Tarn (-) count differently: %s", diff)
			}
		})
	}
}

// pyIceberg returns the rows by day and region as PyIceberg counts them, and the files that it reads.
func pyIceberg(t *testing.T, data, table string) (counts [][]string, files []string) {
	t.Helper()
	python := os.Getenv(pythonKey)
	if python == "" {
		t.Skipf("NOT TESTED: %s names no Python with PyIceberg; scripts/integration.sh installs one", pythonKey)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/partitions.py", filepath.Join(data, "lake"), table)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("PyIceberg: %v\n%s", err, stderr.String())
	}
	var got struct {
		Counts [][]any
		Files  []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	for _, row := range got.Counts {
		counts = append(counts, []string{fmt.Sprint(row[0]), fmt.Sprint(row[1]), fmt.Sprint(row[2])})
	}
	return counts, got.Files
}

// duckDB counts the rows of the files by the day and the region in their paths and in their columns.
func duckDB(t *testing.T, files []string) [][]string {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	quoted := make([]string, len(files))
	for i, f := range files {
		quoted[i] = "'" + f + "'"
	}
	rows, err := db.QueryContext(t.Context(), `SELECT dt::text, region, count(*)::text FROM read_parquet([`+strings.Join(quoted, ", ")+`],
		hive_partitioning = false) WHERE _op <> 'leave' GROUP BY ALL ORDER BY ALL`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all [][]string
	for rows.Next() {
		row := make([]string, 3)
		if err := rows.Scan(&row[0], &row[1], &row[2]); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, slices.Compare)
	return all
}
