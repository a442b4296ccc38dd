package plan

import (
	"fmt"
	"strings"
	"time"
)

// Dialect is what differs between the engines that run the portable subset.
type Dialect struct {
	Name string
	// relation returns how a physical relation is written.
	relation func(name string) string
	// inline follows a common table expression's name where its rows must not be kept.
	inline string
	// keep follows a common table expression's name where its rows are to be made once, however often they are read.
	keep string
	// delta: the engine is given the changes above a base as a relation of their own.
	delta bool
	// epoch returns the microseconds since 1970 of an instant.
	epoch func(expr string) string
	// minute returns the start of an instant's minute.
	minute func(expr string) string
	// zoned is the type of an instant, to the microsecond. Trino's own default rounds to the millisecond.
	zoned string
	// unordered: the rows of a subquery have no order, whatever it says.
	unordered bool
	// shifted returns the local timestamp of an instant whose distance from UTC, in microseconds, is the offset
	// expression; nil: the engine has nothing faster than its time zones.
	shifted func(expr, offset string) string
	// quantile returns the exact percentile, between neighbours in proportion, of the rows that meet a condition.
	quantile func(expr, where string, p float64) string
	// part returns the condition of one of some parts of all rows, told apart by columns; nil: the engine spreads rows over
	// machines itself.
	part func(columns string, part, parts int) string
}

// DuckDB is the dialect of the engine on one machine. It expects the physical relations as temporary views under the
// names that PhysicalName returns.
func DuckDB() Dialect {
	return Dialect{
		Name:     "duckdb",
		relation: func(name string) string { return Ident(PhysicalName(name)) },
		inline:   " AS NOT MATERIALIZED ",
		keep:     " AS MATERIALIZED ",
		delta:    true,
		zoned:    "timestamp with time zone",
		epoch:    func(e string) string { return "epoch_us(" + e + ")" },
		minute:   func(e string) string { return "make_timestamptz(epoch_us(" + e + ") // 60000000 * 60000000)" },
		shifted:  func(e, off string) string { return "make_timestamp(epoch_us(" + e + ") + " + off + ")" },
		part:     hashed,
		quantile: func(e, where string, p float64) string {
			call := fmt.Sprintf("quantile_cont(cast(%s as double), %g)", e, p)
			if where != "" {
				call += " FILTER (WHERE " + where + ")"
			}
			return call
		},
	}
}

// Trino is the dialect of Trino and Athena, whose tables lie in one schema.
func Trino(schema string) Dialect {
	return Dialect{
		Name:     "trino",
		relation: func(name string) string { return Ident(schema) + "." + Ident(name) },
		inline:   " AS ",
		keep:     " AS ",
		zoned:    "timestamp(6) with time zone", unordered: true,
		epoch:    func(e string) string { return "cast(to_unixtime(" + e + ") * 1000000 as bigint)" },
		minute:   func(e string) string { return "date_trunc('minute', " + e + ")" },
		quantile: sortedQuantile,
	}
}

// Athena is Trino's dialect over physical relations that the engine defines, pinned, before the statement.
func Athena() Dialect {
	d := Trino("")
	d.Name = "athena"
	d.relation = func(name string) string { return Ident(PhysicalName(name)) }
	return d
}

// PhysicalName is the name of a relation's rows below every predicate. No question of a user may name it: the colon keeps
// it apart from every dataset's name.
func PhysicalName(relation string) string { return "lake:" + relation }

// Ident quotes a name. Every identifier that reaches SQL goes through it.
func Ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal quotes a text of ours, such as a label of a code list; what a user sends is always an argument.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// stamp is a local timestamp's literal.
func stamp(t time.Time) string { return "timestamp '" + t.Format("2006-01-02 15:04:05") + "'" }

// instant is an instant's literal, to the microsecond.
func (d Dialect) instant(t time.Time) string {
	return "cast('" + t.UTC().Format("2006-01-02 15:04:05.000000") + "+00:00' as " + d.zoned + ")"
}

// sortedQuantile is a percentile for an engine that has none but an estimate, which may be far off: the values in order,
// and what lies between the two next to the place.
func sortedQuantile(e, where string, p float64) string {
	some := e + " IS NOT NULL"
	if where != "" {
		some += " AND (" + where + ")"
	}
	place := fmt.Sprintf("%g * (cardinality(v) - 1)", p)
	at := func(round string) string { return "element_at(v, cast(" + round + "(" + place + ") as bigint) + 1)" }
	return "transform(ARRAY[array_sort(array_agg(cast(" + e + " as double)) FILTER (WHERE " + some + "))], v -> " +
		at("floor") + " + (" + at("ceiling") + " - " + at("floor") + ") * (" + place + " - floor(" + place + ")))[1]"
}
