package plan

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

// Prefixes and suffixes of the relations that people name.
const (
	lookupPrefix  = "lookup_"
	changesSuffix = "_changes"
	deltaSuffix   = "_delta" // physical only: the changes above a base
)

// ChangeID is the column of history views that names a change: its shard and sequence number.
const ChangeID = "_change_id"

// Relations returns the name of every relation that questions may read, sorted: histories, current states, the
// quarantine, the ledger and the look-up tables.
func Relations(reg *schemas.Registry) []string {
	names := []string{schemas.QuarantineTable, schemas.LedgerTable}
	for _, d := range reg.Datasets() {
		names = append(names, d.Name, d.ChangesTable())
	}
	for _, c := range reg.CodeLists() {
		names = append(names, lookupPrefix+c.Name)
	}
	slices.Sort(names)
	return names
}

// views writes common table expressions that shadow the relations people name, each over the physical rows that the
// viewer may see and no others.
type views struct {
	env      Env
	done     map[string]bool
	physical map[string]bool
	datasets map[string]bool
	text     []string
	args     []any
	dates    string // a condition on dt of histories, with its arguments; empty: none
	dateArgs []any
	only     string // a condition on every row that is read; empty: none
}

func newViews(env Env) *views {
	return &views{env: env, done: map[string]bool{}, physical: map[string]bool{}, datasets: map[string]bool{}}
}

// add writes the relation unless it stands already. It reports whether there is a relation of that name.
func (v *views) add(name string) bool {
	if v.done[name] {
		return true
	}
	reg := v.env.Registry
	if list, ok := strings.CutPrefix(name, lookupPrefix); ok {
		if codes, ok := reg.Codes(list); ok {
			v.put(name, lookupSQL(codes))
			return true
		}
	}
	if name == schemas.QuarantineTable {
		regions, args := v.regions()
		v.put(name, "SELECT * FROM "+v.from(name)+" WHERE "+regions, args...)
		return true
	}
	if name == schemas.LedgerTable && slices.Contains(v.env.Regions, viewer.All) { // it speaks of every region
		v.put(name, "SELECT * FROM "+v.from(name))
		return true
	}
	if d, ok := reg.Dataset(name); ok {
		v.datasets[d.Name] = true
		if d.Key.IsZero() {
			v.history(name, d)
			return true
		}
		v.current(d)
		return true
	}
	if d, ok := reg.Dataset(strings.TrimSuffix(name, changesSuffix)); ok && name == d.ChangesTable() {
		v.datasets[d.Name] = true
		v.history(name, d)
		return true
	}
	return false
}

func (v *views) put(name, sql string, args ...any) { v.write(name, v.env.Dialect.inline, sql, args) }

// keep is put for rows that are made once, however often they are read.
func (v *views) keep(name, sql string, args ...any) { v.write(name, v.env.Dialect.keep, sql, args) }

func (v *views) write(name, how, sql string, args []any) {
	v.done[name] = true
	v.text = append(v.text, Ident(name)+how+"("+sql+")")
	v.args = append(v.args, args...)
}

// from notes that a physical relation is read and returns how it is written.
func (v *views) from(physical string) string {
	v.physical[physical] = true
	rows := v.env.Dialect.relation(physical)
	if v.only != "" {
		rows = "(SELECT * FROM " + rows + " WHERE " + v.only + ")"
	}
	return rows
}

// regions is the predicate that every viewer's rows must meet.
func (v *views) regions() (string, []any) {
	if slices.Contains(v.env.Regions, viewer.All) {
		return "1 = 1", nil
	}
	if len(v.env.Regions) == 0 {
		return "1 = 0", nil
	}
	var args []any
	for _, r := range v.env.Regions {
		args = append(args, r)
	}
	return schemas.ColRegion + " IN (" + marks(len(args)) + ")", args
}

// history is every change but those rows that only mark where a record has left.
func (v *views) history(name string, d *schemas.Dataset) {
	where, args := v.regions()
	if v.dates != "" {
		where, args = where+" AND "+v.dates, append(args, v.dateArgs...)
	}
	v.put(name, "SELECT *, _shard || ':' || _seq AS "+Ident(ChangeID)+" FROM "+v.from(d.ChangesTable())+
		" WHERE _op <> "+literal(string(record.Leave))+" AND "+where, args...)
}

// sorted returns the set's names in order.
func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// marks is n argument marks.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// lookupSQL is a code list as rows.
func lookupSQL(c *schemas.Codes) string {
	var names []string
	for _, col := range c.Columns {
		names = append(names, Ident(col.Name))
	}
	if len(c.Rows) == 0 {
		var empty []string
		for _, col := range c.Columns {
			empty = append(empty, "cast(null as "+sqlType(col)+") AS "+Ident(col.Name))
		}
		return "SELECT " + strings.Join(empty, ", ") + " WHERE 1 = 0"
	}
	var rows []string
	for _, row := range c.Rows {
		var cells []string
		for i, col := range c.Columns {
			cells = append(cells, cell(row, i, col))
		}
		rows = append(rows, "("+strings.Join(cells, ", ")+")")
	}
	return "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS t(" + strings.Join(names, ", ") + ")"
}

func cell(row []string, i int, col schemas.Column) string {
	if i >= len(row) || row[i] == "" && i > 0 {
		return "null"
	}
	if integer(col.Type) {
		if _, err := strconv.ParseInt(row[i], 10, 64); err != nil {
			return "null"
		}
		return row[i]
	}
	return literal(row[i])
}

func integer(t schemas.Type) bool { return t == schemas.Int32 || t == schemas.Int64 }

func sqlType(c schemas.Column) string {
	switch c.Type {
	case schemas.Int32:
		return "integer"
	case schemas.Int64:
		return "bigint"
	case schemas.Boolean:
		return "boolean"
	case schemas.Day:
		return "date"
	case schemas.Timestamp:
		return "timestamp with time zone"
	case schemas.Decimal:
		return "decimal(" + strconv.Itoa(c.Precision) + ", " + strconv.Itoa(c.Scale) + ")"
	}
	return "varchar"
}
