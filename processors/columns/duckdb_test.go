//go:build integration

package columns_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/tarn-lake/tarn/processors/columns"
)

// query returns the first row of an answer as text.
func query(t *testing.T, db *sql.DB, text string, n int) []string {
	t.Helper()
	values, into := make([]any, n), make([]any, n)
	for i := range values {
		into[i] = &values[i]
	}
	if err := db.QueryRow(text).Scan(into...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	out := make([]string, n)
	for i, v := range values {
		out[i] = fmt.Sprint(v)
	}
	return out
}

func TestDuckDBReadsOurFiles(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	const n = 70_000
	for _, opt := range []columns.EncoderOptions{{}, {Codec: columns.Zstd, Bloom: []string{"id", "note"}}, {Codec: columns.None}, {Codec: columns.Zstd, Delta: true},
		{RowGroupRows: 3_001}} {
		path := filepath.Join(t.TempDir(), "nested.parquet")
		if err := os.WriteFile(path, nestedFile(t, n, opt), 0o644); err != nil {
			t.Fatal(err)
		}
		got := query(t, db, fmt.Sprintf(`SELECT count(*), sum(id), count(tags), sum(len(tags)), count(attrs), sum(cardinality(attrs)), sum(attrs['k']),
			count(address), count(address.state), sum(address.ok::int), min(day), count(note), count(price), max(typeof(price)), max(typeof(tags)), max(typeof(attrs)),
			max(typeof(address)) FROM read_parquet('%s')`, path), 17)
		third := n / 3
		ones := 0 // the sum of i where i%3 == 1
		for i := 1; i < n; i += 3 {
			ones += i
		}
		third1, third2 := (n+1)/3, third
		want := []string{fmt.Sprint(n), fmt.Sprint(n * (n - 1) / 2), fmt.Sprint(third1 + third2), fmt.Sprint(2 * third1), fmt.Sprint(third1 + third2),
			fmt.Sprint(2 * third1), fmt.Sprint(ones), fmt.Sprint(third1 + third2), fmt.Sprint(third1), "", "1970-01-01 00:00:00 +0000 UTC",
			fmt.Sprint(n - third2), fmt.Sprint(third1), "DECIMAL(22,2)", "VARCHAR[]", "MAP(VARCHAR, BIGINT)", "STRUCT(state VARCHAR, ok BOOLEAN)"}
		for i := range want {
			if want[i] != "" && got[i] != want[i] {
				t.Errorf("%+v: answer %d is %s, want %s", opt, i, got[i], want[i])
			}
		}
		// Statistics and bloom filters must not hide a row.
		for _, id := range []int{0, 1, 29_999, n - 1} {
			if got := query(t, db, fmt.Sprintf("SELECT count(*) FROM read_parquet('%s') WHERE id = %d", path, id), 1); got[0] != "1" {
				t.Errorf("%+v: id %d is found %s times", opt, id, got[0])
			}
		}
		if got := query(t, db, fmt.Sprintf("SELECT count(*) FROM read_parquet('%s') WHERE note = 'note'", path), 1); got[0] != want[11] {
			t.Errorf("%+v: %s notes are found, want %s", opt, got[0], want[11])
		}
		ids := query(t, db, fmt.Sprintf("SELECT string_agg(name || ':' || field_id, ' ') FROM parquet_schema('%s') WHERE field_id IS NOT NULL", path), 1)
		if ids[0] != "id:1 tags:2 element:3 attrs:4 key:5 value:6 address:7 state:8 ok:9 day:10 note:11 price:12" {
			t.Errorf("field ids are %s", ids[0])
		}
	}
}

func TestDuckDBReadsPasses(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	b := columns.New(passColumns())
	passes(b, 120_000, 1)
	file, _, err := columns.NewEncoder(passColumns(), columns.EncoderOptions{Codec: columns.Zstd, Bloom: []string{"pass_id"}}).Encode(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "passes.parquet")
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	id := b.Leaf("pass_id").BytesAt(77_777)
	got := query(t, db, fmt.Sprintf("SELECT _seq, epoch_us(_at), fee::varchar, typeof(_at) FROM read_parquet('%s') WHERE pass_id = '%s'", path, id), 4)
	fee := b.Leaf("fee").Int64At(77_777)
	want := []string{string(b.Leaf("_seq").BytesAt(77_777)), fmt.Sprint(b.Leaf("_at").Int64At(77_777)), fmt.Sprintf("%d.%02d", fee/100, fee%100),
		"TIMESTAMP WITH TIME ZONE"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("column %d is %s, want %s", i, got[i], want[i])
		}
	}
}
