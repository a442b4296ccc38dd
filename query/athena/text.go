package athena

import (
	"strconv"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// maxParameter is the longest execution parameter that StartQueryExecution takes.
const maxParameter = 1024

// pinned puts the relations before a statement, each as the rows of its snapshot under its physical name. A name that is
// none of these has no schema to be found in: the session has no database.
func pinned(text, catalog, database string, relations []query.Relation) string {
	if len(relations) == 0 {
		return text
	}
	var b strings.Builder
	b.WriteString("WITH ")
	for i, r := range relations {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.WriteString(plan.Ident(plan.PhysicalName(r.Name)) + " AS (SELECT ")
		for j, c := range r.Columns {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString(column(r, c) + " AS " + plan.Ident(c.Name))
		}
		if r.Snapshot == 0 {
			b.WriteString(" WHERE 1 = 0)")
			continue
		}
		b.WriteString(" FROM " + plan.Ident(catalogOf(catalog)) + "." + plan.Ident(database) + "." + plan.Ident(r.Name) +
			" FOR VERSION AS OF " + strconv.FormatInt(r.Snapshot, 10) + ")")
	}
	if rest, ok := strings.CutPrefix(text, "WITH "); ok {
		return b.String() + ",\n" + rest
	}
	return b.String() + "\n" + text
}

// catalogOf is a catalog's name in SQL: Athena writes its own in lower case.
func catalogOf(name string) string { return strings.ToLower(name) }

// column is a column of the snapshot, null where the snapshot is older than the column.
func column(r query.Relation, c schemas.Column) string {
	name, ok := r.Known[c.ID]
	if r.Snapshot == 0 || r.Known != nil && !ok {
		return "CAST(NULL AS " + typeSQL(c) + ")"
	}
	if r.Known == nil {
		name = c.Name
	}
	return plan.Ident(name)
}

// typeSQL is a column's type as Trino writes it.
func typeSQL(c schemas.Column) string {
	switch c.Type {
	case schemas.Int32:
		return "integer"
	case schemas.Int64:
		return "bigint"
	case schemas.Decimal:
		return "decimal(" + strconv.Itoa(c.Precision) + ", " + strconv.Itoa(c.Scale) + ")"
	case schemas.Boolean:
		return "boolean"
	case schemas.Day:
		return "date"
	case schemas.Timestamp:
		return "timestamp(6) with time zone"
	case schemas.Binary:
		return "varbinary"
	case schemas.List, schemas.Set:
		return "array(" + typeSQL(*c.Elem) + ")"
	case schemas.Map:
		return "map(" + typeSQL(*c.Key) + ", " + typeSQL(*c.Elem) + ")"
	case schemas.Object:
		var members []string
		for _, f := range c.Fields {
			members = append(members, plan.Ident(f.Name)+" "+typeSQL(f))
		}
		return "row(" + strings.Join(members, ", ") + ")"
	}
	return "varchar"
}

// literals writes arguments as Athena takes execution parameters: as SQL literals, texts in quotes.
func literals(args []any) ([]string, error) {
	all := make([]string, len(args))
	for i, a := range args {
		switch x := a.(type) {
		case nil:
			all[i] = "null"
		case string:
			all[i] = "'" + strings.ReplaceAll(x, "'", "''") + "'"
		case int:
			all[i] = strconv.Itoa(x)
		case int64:
			all[i] = strconv.FormatInt(x, 10)
		case float64:
			all[i] = strconv.FormatFloat(x, 'e', -1, 64)
		case bool:
			all[i] = strconv.FormatBool(x)
		default:
			return nil, fault.New(fault.Internal, "athena: argument %d is a %T, which has no literal", i+1, a)
		}
		if len(all[i]) > maxParameter {
			return nil, fault.New(fault.Exceeded, "a value of a filter is longer than the %d bytes that Athena takes: %.40s…", maxParameter, all[i])
		}
	}
	return all, nil
}
