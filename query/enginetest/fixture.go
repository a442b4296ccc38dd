// Package enginetest is what every query engine must do: questions over tables that it makes, with answers counted by
// hand.
package enginetest

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"

	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/schemas"
)

// Writer writes Parquet files by DuckDB, so that a suite needs no writer of ours. It is for one goroutine.
type Writer struct {
	tb   testing.TB
	conn driver.Conn
	Dir  string
	n    int
}

// NewWriter returns a writer of files below a folder of the test's own.
func NewWriter(tb testing.TB) *Writer {
	tb.Helper()
	connector, err := duck.NewConnector("", nil)
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	w := &Writer{tb: tb, conn: conn, Dir: tb.TempDir()}
	tb.Cleanup(func() { conn.Close(); connector.Close() })
	w.Exec("SET TimeZone = 'UTC'")
	w.Exec("SET threads = 1")
	return w
}

// Exec runs SQL that makes rows to be written.
func (w *Writer) Exec(text string) {
	w.tb.Helper()
	if _, err := w.conn.(driver.ExecerContext).ExecContext(context.Background(), text, nil); err != nil {
		w.tb.Fatalf("%.200s: %v", text, err)
	}
}

// File writes the rows of a SELECT, in which columns stand by name, as one file with the columns' field ids. Columns
// that the SELECT lacks are left out of the file.
func (w *Writer) File(cols []schemas.Column, have []string, rows string) query.File {
	w.tb.Helper()
	w.n++
	path := filepath.Join(w.Dir, fmt.Sprintf("%05d.parquet", w.n))
	var ids, names []string
	for _, c := range cols {
		for _, h := range have {
			if h == c.Name {
				names = append(names, fmt.Sprintf("CAST(%q AS %s) AS %q", c.Name, sqlType(c), c.Name))
				ids = append(ids, fmt.Sprintf("%q: %s", c.Name, fieldID(c)))
			}
		}
	}
	w.Exec(fmt.Sprintf("COPY (SELECT %s FROM (%s)) TO '%s' (FORMAT parquet, FIELD_IDS {%s})",
		strings.Join(names, ", "), rows, path, strings.Join(ids, ", ")))
	info, err := os.Stat(path)
	if err != nil {
		w.tb.Fatal(err)
	}
	return query.File{Path: path, Bytes: info.Size()}
}

// Part is File for the rows of one day, region and greatest commit.
func (w *Writer) Part(cols []schemas.Column, have []string, rows, day, region string, upper int64) query.File {
	w.tb.Helper()
	f := w.File(cols, have, rows)
	date, err := time.Parse(time.DateOnly, day)
	if err != nil {
		w.tb.Fatal(err)
	}
	f.Date, f.Region, f.Upper = date, region, upper
	return f
}

func fieldID(c schemas.Column) string {
	switch {
	case c.Key != nil:
		return fmt.Sprintf("{__duckdb_field_id: %d, key: %s, value: %s}", c.ID, fieldID(*c.Key), fieldID(*c.Elem))
	case c.Elem != nil:
		return fmt.Sprintf("{__duckdb_field_id: %d, element: %s}", c.ID, fieldID(*c.Elem))
	case c.Fields != nil:
		text := fmt.Sprintf("{__duckdb_field_id: %d", c.ID)
		for _, f := range c.Fields {
			text += fmt.Sprintf(", %q: %s", f.Name, fieldID(f))
		}
		return text + "}"
	}
	return fmt.Sprint(c.ID)
}

func sqlType(c schemas.Column) string {
	switch c.Type {
	case schemas.Int32:
		return "INTEGER"
	case schemas.Int64:
		return "BIGINT"
	case schemas.Boolean:
		return "BOOLEAN"
	case schemas.Day:
		return "DATE"
	case schemas.Timestamp:
		return "TIMESTAMPTZ"
	case schemas.Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", c.Precision, c.Scale)
	case schemas.Binary:
		return "BLOB"
	case schemas.List, schemas.Set:
		return sqlType(*c.Elem) + "[]"
	case schemas.Map:
		return "MAP(" + sqlType(*c.Key) + "," + sqlType(*c.Elem) + ")"
	case schemas.Object:
		var members []string
		for _, f := range c.Fields {
			members = append(members, fmt.Sprintf("%q %s", f.Name, sqlType(f)))
		}
		return "STRUCT(" + strings.Join(members, ", ") + ")"
	}
	return "VARCHAR"
}
