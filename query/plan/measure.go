package plan

import (
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// additive reports whether a bucket without rows has the value 0 instead of none.
func additive(m schemas.Measure) bool {
	switch m.Agg {
	case "count", "sum", "distinct", "active":
		return true
	}
	return false
}

// measureSQL is the aggregate of a measure. A ratio is a double between its measures, null where the denominator is 0.
func (b *builder) measureSQL(m schemas.Measure) (string, error) {
	if m.Agg != "ratio" {
		return b.aggregate(m)
	}
	var parts [2]string
	for i, name := range []string{m.Of, m.Per} {
		part, err := b.measure(name)
		if err != nil {
			return "", err
		}
		if part.Agg == "ratio" || part.Agg == "active" {
			return "", fault.New(fault.Invalid, "measure %q: the ratio's part %q is a %s itself", m.Name, name, part.Agg)
		}
		// The ratio's own condition narrows its numerator: so a share needs no measure of its own.
		if i == 0 && m.Where != "" {
			part.Where = both(part.Where, m.Where)
		}
		if parts[i], err = b.aggregate(part); err != nil {
			return "", err
		}
	}
	return "cast(" + parts[0] + " as double) / nullif(cast(" + parts[1] + " as double), 0)", nil
}

func both(a, b string) string {
	if a == "" {
		return b
	}
	return "(" + a + ") AND (" + b + ")"
}

func (b *builder) aggregate(m schemas.Measure) (string, error) {
	of := column(m.Of)
	var call string
	switch m.Agg {
	case "count":
		call = "count(*)"
		if m.Of != "" {
			call = "count(" + of + ")"
		}
	case "sum", "min", "max":
		call = m.Agg + "(" + of + ")"
	case "avg":
		// An exact sum divided once: engines' own averages differ in type and in their last digits.
		sum := schemas.Measure{Agg: "sum", Of: m.Of, Where: m.Where}
		count := schemas.Measure{Agg: "count", Of: m.Of, Where: m.Where}
		total, err := b.aggregate(sum)
		if err != nil {
			return "", err
		}
		n, err := b.aggregate(count)
		return "cast(" + total + " as double) / nullif(" + n + ", 0)", err
	case "distinct":
		call = "count(distinct " + of + ")"
	case "percentile":
		return b.expand(b.env.Dialect.quantile(of, m.Where, m.P)), nil
	default:
		return "", fault.New(fault.Invalid, "measure %q: there is no aggregate %q", m.Name, m.Agg)
	}
	call = b.expand(call)
	if m.Where != "" {
		call += " FILTER (WHERE " + b.expand(m.Where) + ")"
	}
	if m.Agg == "sum" {
		call = b.sumType(m, "coalesce("+call+", 0)")
	}
	return call, nil
}

// sumType keeps the sum of a plain integer column an integer in every engine, and that of a view's column which is shown
// as one.
func (b *builder) sumType(m schemas.Measure, call string) string {
	f, ok := b.dataset.Field(m.Of)
	if ok && integer(f.Type) || !ok && m.Format == "integer" {
		return "cast(" + call + " as bigint)"
	}
	return call
}

// atInstants counts the rows whose interval contains each instant of the grid; without a grain, the instant of the span
// that is nearest to now.
func (b *builder) atInstants(s *sql, source string) error {
	where, args, err := b.where()
	if err != nil {
		return err
	}
	instants, err := b.instants()
	if err != nil {
		return err
	}
	m := b.measures[0]
	first, last := instants[0], instants[len(instants)-1]
	// Only rows that touch the grid are joined with it.
	where = append(where, column(m.From)+" <= "+b.env.Dialect.instant(last), column(m.Until)+" > "+b.env.Dialect.instant(first))
	inner := []string{column(m.From) + " AS \"_from\"", column(m.Until) + " AS \"_until\""}
	inner = append(inner, b.dimensionSQL()...)
	var outer, conditions []string
	for i, m := range b.measures {
		if m.Where != "" {
			inner = append(inner, "("+b.expand(m.Where)+") AS \"_where"+strconv.Itoa(i)+"\"")
			conditions = append(conditions, " FILTER (WHERE r.\"_where"+strconv.Itoa(i)+"\")")
			continue
		}
		conditions = append(conditions, "")
	}
	s.step(stepSeries, "SELECT "+strings.Join(inner, ", ")+" FROM "+source+whereSQL(where), args...)
	s.step(stepGrid, b.env.Dialect.instantsSQL(instants, b.q.Grain))
	if b.q.Grain != "" {
		outer = append(outer, "g."+Ident(TimeColumn))
	}
	for _, d := range b.dims {
		outer = append(outer, "r."+Ident(d.Name))
	}
	groups := len(outer)
	for i, m := range b.measures {
		outer = append(outer, "count(r.\"_from\")"+conditions[i]+" AS "+Ident(m.Name))
	}
	join := " LEFT JOIN "
	if len(b.dims) > 0 {
		join = " JOIN "
	}
	s.step(stepAnswer, "SELECT "+strings.Join(outer, ", ")+" FROM "+Ident(stepGrid)+" g"+join+Ident(stepSeries)+
		" r ON r.\"_from\" <= g.\"_at\" AND g.\"_at\" < r.\"_until\""+groupSQL(groups))
	return nil
}

// instants returns the instants that are asked about, at least one.
func (b *builder) instants() ([]time.Time, error) {
	if b.q.Grain != "" {
		all, err := grid(b.span, b.q.Grain, b.zone, b.span.to)
		if err == nil && len(all) > 1 && all[0].Before(b.span.from) {
			all = all[1:] // the bucket's start lies before the span
		}
		return all, err
	}
	at := b.env.Now.Truncate(time.Minute)
	if !b.span.to.IsZero() && !at.Before(b.span.to) {
		at = b.span.to.Add(-time.Microsecond)
	}
	if at.Before(b.span.from) {
		at = b.span.from
	}
	return []time.Time{at}, nil
}

func (d Dialect) instantsSQL(instants []time.Time, grain string) string {
	var rows []string
	for _, t := range instants {
		wall := stamp(t)
		if grain != "minute" && grain != "hour" {
			wall = "date '" + t.Format(time.DateOnly) + "'"
		}
		rows = append(rows, "("+d.instant(t)+", "+wall+")")
	}
	return "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS g(\"_at\", " + Ident(TimeColumn) + ")"
}
