package duckdb

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	duck "github.com/duckdb/duckdb-go/v2"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// session is one connection and the views that it has. It answers one question at a time.
type session struct {
	conn     *duck.Conn
	views    map[string]string // by name: the hash of what it shows
	answerMB int
}

func (s *session) exec(ctx context.Context, text string) error {
	_, err := s.conn.ExecContext(ctx, text, nil)
	return err
}

// define makes the relation a temporary view, unless it is one already.
func (s *session) define(ctx context.Context, r query.Relation) error {
	text := viewSQL(r)
	sum := sha256.Sum256([]byte(text))
	hash := hex.EncodeToString(sum[:16])
	if s.views[r.Name] == hash {
		return nil
	}
	delete(s.views, r.Name)
	if err := s.exec(ctx, text); err != nil {
		return fmt.Errorf("define %s: %w", r.Name, err)
	}
	s.views[r.Name] = hash
	return nil
}

// viewSQL shows the files' columns by field id, so that a file older than a column reads null there. Without files the
// view has the columns and no row.
func viewSQL(r query.Relation) string {
	var b strings.Builder
	b.WriteString("CREATE OR REPLACE TEMP VIEW " + plan.Ident(plan.PhysicalName(r.Name)) + " AS SELECT ")
	if len(r.Files) == 0 {
		for i, c := range r.Columns {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("CAST(NULL AS " + typeSQL(c) + ") AS " + plan.Ident(c.Name))
		}
		return b.String() + " WHERE false"
	}
	b.WriteString("* FROM read_parquet([")
	for i, f := range r.Files {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(f.Path))
	}
	b.WriteString("], hive_partitioning = false, schema = MAP {")
	for i, c := range r.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d: {name: %s, type: %s, default_value: NULL}", c.ID, quote(c.Name), quote(typeSQL(c)))
	}
	return b.String() + "})"
}

// typeSQL is a column's type as DuckDB writes it.
func typeSQL(c schemas.Column) string {
	switch c.Type {
	case schemas.Int32:
		return "INTEGER"
	case schemas.Int64:
		return "BIGINT"
	case schemas.Decimal:
		return "DECIMAL(" + strconv.Itoa(c.Precision) + "," + strconv.Itoa(c.Scale) + ")"
	case schemas.Boolean:
		return "BOOLEAN"
	case schemas.Day:
		return "DATE"
	case schemas.Timestamp:
		return "TIMESTAMP WITH TIME ZONE"
	case schemas.Binary:
		return "BLOB"
	case schemas.List, schemas.Set:
		return typeSQL(*c.Elem) + "[]"
	case schemas.Map:
		return "MAP(" + typeSQL(*c.Key) + ", " + typeSQL(*c.Elem) + ")"
	case schemas.Object:
		var members []string
		for _, f := range c.Fields {
			members = append(members, plan.Ident(f.Name)+" "+typeSQL(f))
		}
		return "STRUCT(" + strings.Join(members, ", ") + ")"
	}
	return "VARCHAR"
}

// query runs the text and gathers its rows by column.
func (s *session) query(ctx context.Context, text string, args []driver.NamedValue, maxRows int) (_ *query.Result, err error) {
	rows, err := s.conn.QueryContext(ctx, text, args)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names := rows.Columns()
	types := rows.(driver.RowsColumnTypeDatabaseTypeName)
	result := &query.Result{Columns: make([]query.Column, len(names))}
	into := make([]appender, len(names))
	for i, name := range names {
		result.Columns[i], into[i] = column(name, types.ColumnTypeDatabaseTypeName(i))
	}
	row := make([]driver.Value, len(names))
	size := 0
	for {
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return result, nil
		} else if err != nil {
			return nil, err
		}
		if maxRows > 0 && result.Rows == maxRows {
			result.Truncated = true
			return result, nil
		}
		for i, v := range row {
			if v == nil {
				result.Columns[i].AppendNull()
				continue
			}
			into[i](&result.Columns[i], v)
			if texts := result.Columns[i].Texts; len(texts) > 0 {
				size += len(texts[len(texts)-1])
			}
		}
		if size > s.answerMB<<20 {
			return nil, fault.New(fault.Exceeded, "the answer holds more than %d MB of text: ask for fewer rows or columns", s.answerMB)
		}
		result.Rows++
		if result.Rows%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}
