package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/schemas"
)

// FromRollup is the Source of a plan that is answered from a rollup table and the changes above it.
const FromRollup = "rollup"

const stepDaily = "_daily"

// rolled is how a query is answered from a rollup.
type rolled struct {
	metric  *schemas.DailyMetric
	slice   schemas.Slice
	through int64
}

// roll returns how the rollup answers the query over the builder's span; nil where it does not: a measure does not add
// up, rows are not split so finely, or a bucket or an end of the span cuts a day.
func (b *builder) roll() *rolled {
	through, ok := b.env.Daily[b.dataset.Name]
	m := b.env.Registry.Daily(b.dataset.Name).Metric(b.metric.Name)
	if !ok || m == nil || b.active() || !b.wholeDays() {
		return nil
	}
	r := &rolled{metric: m, through: through}
	for _, x := range b.measures {
		if _, ok := b.rolledMeasure(r, x); !ok {
			return nil
		}
	}
	var columns []string
	hour := false
	for _, d := range b.split() {
		names, ok := b.dataset.SplitColumns(d.Column)
		if !ok {
			return nil
		}
		columns, hour = append(columns, names...), hour || d.Hour
	}
	if r.slice, ok = m.Slice(columns, hour); !ok {
		return nil
	}
	return r
}

// split is the dimensions that rows must be told apart by.
func (b *builder) split() []schemas.Dimension {
	dims := slices.Clone(b.dims)
	for _, f := range b.q.Filters {
		if d, err := b.dimension(f.Dimension); err == nil {
			dims = append(dims, d)
		}
	}
	return dims
}

// wholeDays reports whether neither grain nor span cut a business day.
func (b *builder) wholeDays() bool {
	if b.q.Grain == "minute" || b.q.Grain == "hour" {
		return false
	}
	for _, end := range []time.Time{b.span.from, b.span.to} {
		if !end.IsZero() && !dayBegins(end, b.zone) {
			return false
		}
	}
	return true
}

// dayBegins reports whether a day of the zone begins at t, at midnight and for the first time.
func dayBegins(t time.Time, zone *time.Location) bool {
	at := t.In(zone)
	before := at.Add(-time.Microsecond)
	return at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 && at.Nanosecond() == 0 && before.Day() != at.Day()
}

// rolledMeasure is measureSQL over rows of the rollup; false where a part of the measure is not kept.
func (b *builder) rolledMeasure(r *rolled, m schemas.Measure) (string, bool) {
	switch m.Agg {
	case "count":
		return b.total(r, "count", m)
	case "sum":
		return b.total(r, "sum", m)
	case "avg":
		sum, ok := b.total(r, "sum", m)
		n, also := b.total(r, "count", m)
		return "cast(" + sum + " as double) / nullif(" + n + ", 0)", ok && also
	case "ratio":
		var parts [2]string
		for i, name := range []string{m.Of, m.Per} {
			part, err := b.measure(name)
			if err != nil || part.Agg == "ratio" {
				return "", false
			}
			if i == 0 && m.Where != "" {
				part = schemas.Narrow(part, m.Where)
			}
			var ok bool
			if parts[i], ok = b.rolledMeasure(r, part); !ok {
				return "", false
			}
		}
		return "cast(" + parts[0] + " as double) / nullif(cast(" + parts[1] + " as double), 0)", true
	}
	return "", false
}

// total adds up the column that keeps a measure.
func (b *builder) total(r *rolled, agg string, m schemas.Measure) (string, bool) {
	name, ok := r.metric.Measure(agg, m.Of, m.Where)
	text := "coalesce(sum(" + Ident(name) + "), 0)"
	if f, field := b.dataset.Field(m.Of); agg == "count" || field && integer(f.Type) {
		text = "cast(" + text + " as bigint)"
	}
	return text, ok
}

// fromRollup writes the answer's rows from the rollup and what the changes above it add.
func (b *builder) fromRollup(s *sql, v *views, r *rolled) error {
	b.rolled = r
	defer func() { b.rolled = nil }()
	b.daily(s, v, r)
	where, args, err := b.filters()
	if err != nil {
		return err
	}
	day := Ident(schemas.ColDay)
	if !b.span.from.IsZero() {
		where = append(where, day+" >= date '"+b.span.from.In(b.zone).Format(time.DateOnly)+"'")
	}
	if !b.span.to.IsZero() {
		where = append(where, day+" < date '"+b.span.to.In(b.zone).Format(time.DateOnly)+"'")
	}
	var cols []string
	if b.q.Grain != "" {
		cols = append(cols, bucketSQL(day, b.q.Grain)+" AS "+Ident(TimeColumn))
	}
	cols = append(cols, b.dimensionSQL()...)
	groups := len(cols)
	for _, m := range b.measures {
		text, _ := b.rolledMeasure(r, m)
		cols = append(cols, text+" AS "+Ident(m.Name))
	}
	tail := groupSQL(groups)
	if groups > 0 {
		tail += " HAVING sum(" + Ident(schemas.ColRows) + ") > 0" // rows that have all been taken back make no group
	}
	s.step(stepAnswer, "SELECT "+strings.Join(cols, ", ")+" FROM "+Ident(stepDaily)+whereSQL(where)+tail, args...)
	if b.q.Grain == "" {
		return nil
	}
	return b.fill(s)
}

// daily writes the rows of the metric and slice: those of the table, and those that the changes above it make.
func (b *builder) daily(s *sql, v *views, r *rolled) {
	daily := b.env.Registry.Daily(b.dataset.Name)
	c := newContributor(b.env, daily, b.needed(r))
	var cols []schemas.Column
	var names []string
	for _, col := range daily.Columns(nil) {
		if b.reads(r, col.Name) {
			cols, names = append(cols, col), append(names, Ident(col.Name))
		}
	}
	source := c.changed(v, r.metric, r.through)
	seen, args := v.regions()
	s.step(stepDaily, "SELECT "+strings.Join(names, ", ")+" FROM "+v.from(b.dataset.DailyTable())+" WHERE "+Ident(schemas.ColMetric)+" = "+literal(r.metric.Name)+
		" AND "+Ident(schemas.ColBy)+" = "+literal(r.slice.Name)+" AND "+seen+
		" UNION ALL "+c.sum(r.metric, source, []schemas.Slice{r.slice}, cols, ""), args...)
}

// needed is the metric with only the slice and measures of the query.
func (b *builder) needed(r *rolled) schemas.DailyMetric {
	m := schemas.DailyMetric{Metric: r.metric.Metric, Slices: []schemas.Slice{r.slice}}
	for _, x := range r.metric.Measures {
		if b.reads(r, x.Column) {
			m.Measures = append(m.Measures, x)
		}
	}
	return m
}

// reads reports whether the query needs the column of the table.
func (b *builder) reads(r *rolled, name string) bool {
	switch name {
	case schemas.ColMetric, schemas.ColBy:
		return false
	case schemas.ColDay, schemas.ColRegion, schemas.ColRows:
		return true
	case schemas.ColHour:
		return r.slice.Hour
	}
	if slices.Contains(r.slice.Columns, name) {
		return true
	}
	return slices.ContainsFunc(b.measures, func(m schemas.Measure) bool {
		text, _ := b.rolledMeasure(r, m)
		return strings.Contains(text, Ident(name))
	})
}
