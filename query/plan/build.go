package plan

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/schemas"
)

// labelSuffix ends the name of the column that holds a dimension's label.
const labelSuffix = "_label"

// Names of the steps between the views and the answer. No dataset's name begins with an underscore.
const (
	stepRows   = "_source"
	stepAnswer = "_answer"
	stepGrid   = "_grid"
	stepSeries = "_series"
	stepFilled = "_filled"
)

// sql gathers common table expressions and their arguments, in the order of the text.
type sql struct {
	steps []string
	args  []any
}

func (s *sql) step(name, text string, args ...any) {
	s.steps = append(s.steps, Ident(name)+" AS ("+text+")")
	s.args = append(s.args, args...)
}

// build writes the statement for the builder's span.
func (b *builder) build() (*Plan, error) {
	v := newViews(b.env)
	p := &Plan{Columns: b.columns(), From: b.span.from, To: b.span.to, Zone: b.zone, Grain: b.q.Grain, Source: b.metric.Source}
	var s sql
	if err := b.answer(p, &s, v); err != nil {
		return nil, err
	}
	tail := b.tail()
	p.SQL = "WITH " + strings.Join(append(v.text, s.steps...), ",\n") + "\n" + tail
	p.Args = append(v.args, s.args...)
	p.Relations, p.Datasets = sorted(v.physical), sorted(v.datasets)
	return p, nil
}

// answer writes the steps up to the answer's rows.
func (b *builder) answer(p *Plan, s *sql, v *views) error {
	if r := b.roll(); r != nil {
		p.Source = FromRollup
		return b.fromRollup(s, v, r)
	}
	p.Prune = b.prune(v)
	source, err := b.source(v)
	switch {
	case err != nil:
		return err
	case b.active():
		return b.atInstants(s, source)
	}
	return b.inSpan(s, source)
}

// source writes what the measures are taken over and returns its name.
func (b *builder) source(v *views) (string, error) {
	switch b.metric.Source {
	case "changes":
		v.add(b.dataset.ChangesTable())
		return Ident(b.dataset.ChangesTable()), nil
	case "view":
		words(b.metric.View, func(name string, _, _ int) { v.add(name) })
		v.put(stepRows, b.expand(b.metric.View))
		return Ident(stepRows), nil
	}
	v.add(b.dataset.Name)
	return Ident(b.dataset.Name), nil
}

// prune bounds dt where the time of the metric is the clock that dt is read from. A day on either side is for clocks
// that disagree.
func (b *builder) prune(v *views) Prune {
	clock := schemas.ColAt
	if b.dataset.Date.From == "field" {
		clock = b.dataset.Date.Field
	}
	if b.metric.Source != "changes" || b.metric.Time != clock || b.active() {
		return Prune{}
	}
	var p Prune
	if !b.span.from.IsZero() {
		p.From = bucket(b.span.from.UTC().AddDate(0, 0, -1), b.dateGrain())
		v.dates, v.dateArgs = schemas.ColDate+" >= cast(? as date)", []any{p.From.Format(time.DateOnly)}
	}
	if !b.span.to.IsZero() {
		p.To = bucket(b.span.to.UTC().AddDate(0, 0, 1), "day")
		if v.dates != "" {
			v.dates += " AND "
		}
		v.dates += schemas.ColDate + " <= cast(? as date)"
		v.dateArgs = append(v.dateArgs, p.To.Format(time.DateOnly))
	}
	return p
}

func (b *builder) dateGrain() string {
	if b.dataset.Date.Grain == "month" {
		return "month"
	}
	return "day"
}

// inSpan writes the measures of the rows whose time lies in the span.
func (b *builder) inSpan(s *sql, source string) error {
	where, args, err := b.where()
	if err != nil {
		return err
	}
	if b.metric.Time != "" {
		if !b.span.from.IsZero() {
			where = append(where, column(b.metric.Time)+" >= "+b.env.Dialect.instant(b.span.from))
		}
		if !b.span.to.IsZero() {
			where = append(where, column(b.metric.Time)+" < "+b.env.Dialect.instant(b.span.to))
		}
	}
	var cols []string
	if b.q.Grain != "" {
		cols = append(cols, bucketSQL(b.localTime(), b.q.Grain)+" AS "+Ident(TimeColumn))
	}
	cols = append(cols, b.dimensionSQL()...)
	groups := len(cols)
	for _, m := range b.measures {
		text, err := b.measureSQL(m)
		if err != nil {
			return err
		}
		cols = append(cols, text+" AS "+Ident(m.Name))
	}
	s.step(stepAnswer, "SELECT "+strings.Join(cols, ", ")+" FROM "+source+whereSQL(where)+groupSQL(groups), args...)
	if b.q.Grain == "" {
		return nil
	}
	return b.fill(s)
}

func whereSQL(conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(conditions, " AND ")
}

func groupSQL(n int) string {
	if n == 0 {
		return ""
	}
	var by []string
	for i := range n {
		by = append(by, strconv.Itoa(i+1))
	}
	return " GROUP BY " + strings.Join(by, ", ")
}

// localTime is the metric's time on the zone's wall clock.
func (b *builder) localTime() string {
	return b.env.Dialect.local(column(b.metric.Time), b.zone, b.span.from, b.span.to)
}

func (b *builder) dimensionSQL() []string {
	var cols []string
	for _, d := range b.dims {
		cols = append(cols, b.dimensionExpr(d)+" AS "+Ident(d.Name))
	}
	return cols
}

func (b *builder) dimensionExpr(d schemas.Dimension) string {
	if d.Hour && b.rolled != nil {
		return Ident(schemas.ColHour)
	}
	if d.Hour {
		return "cast(extract(hour from " + b.localTime() + ") as integer)"
	}
	return b.expand(column(d.Column))
}

// fill puts a row for every bucket of the span into the answer, so that a chart shows that there was nothing instead of
// leaving it out. Without bounds, or in the order of a measure, there is nothing to fill.
func (b *builder) fill(s *sql) error {
	if b.span.from.IsZero() || b.span.to.IsZero() || b.byMeasure() {
		return nil
	}
	buckets, err := grid(b.span, b.q.Grain, b.zone, b.env.Now)
	if err != nil || len(buckets) == 0 {
		return err
	}
	s.step(stepGrid, gridSQL(buckets, b.q.Grain))
	on := []string{"a." + Ident(TimeColumn) + " = g." + Ident(TimeColumn)}
	from := Ident(stepGrid) + " g"
	cols := []string{"g." + Ident(TimeColumn)}
	if len(b.dims) > 0 {
		s.step(stepSeries, b.seriesSQL())
		from += " CROSS JOIN " + Ident(stepSeries) + " s"
	}
	for _, d := range b.dims {
		on = append(on, "a."+Ident(d.Name)+" IS NOT DISTINCT FROM s."+Ident(d.Name))
		cols = append(cols, "s."+Ident(d.Name))
	}
	for _, m := range b.measures {
		if additive(m) {
			cols = append(cols, "coalesce(a."+Ident(m.Name)+", 0) AS "+Ident(m.Name))
		} else {
			cols = append(cols, "a."+Ident(m.Name))
		}
	}
	s.step(stepFilled, "SELECT "+strings.Join(cols, ", ")+" FROM "+from+" LEFT JOIN "+Ident(stepAnswer)+" a ON "+strings.Join(on, " AND "))
	return nil
}

// seriesSQL is the combinations of dimensions that the answer holds, the largest of the first measure first where only
// some are wanted.
func (b *builder) seriesSQL() string {
	var names []string
	for _, d := range b.dims {
		names = append(names, Ident(d.Name))
	}
	list := strings.Join(names, ", ")
	if b.q.Limit == 0 {
		return "SELECT DISTINCT " + list + " FROM " + Ident(stepAnswer)
	}
	return "SELECT " + list + " FROM " + Ident(stepAnswer) + groupSQL(len(names)) +
		" ORDER BY sum(" + Ident(b.measures[0].Name) + ") DESC NULLS LAST, " + list + b.limit()
}

// filled reports which step holds the answer's rows and whether the limit has counted series already.
func (b *builder) filled() bool {
	if b.q.Grain == "" || b.active() || b.span.from.IsZero() || b.span.to.IsZero() || b.byMeasure() {
		return false
	}
	buckets, err := grid(b.span, b.q.Grain, b.zone, b.env.Now)
	return err == nil && len(buckets) > 0
}

func (b *builder) byMeasure() bool {
	return len(b.q.Order) > 0 && slices.ContainsFunc(b.measures, func(m schemas.Measure) bool { return m.Name == b.q.Order[0].By })
}

// tail joins the labels, orders and cuts.
func (b *builder) tail() string {
	from := stepAnswer
	limit := b.limit()
	if b.filled() {
		from = stepFilled
		if len(b.dims) > 0 {
			limit = ""
		}
	}
	if limit == "" && b.env.MaxRows > 0 {
		limit = " LIMIT " + strconv.Itoa(b.env.MaxRows)
	}
	var cols []string
	var joins strings.Builder
	if b.q.Grain != "" {
		cols = append(cols, "r."+Ident(TimeColumn))
	}
	for i, d := range b.dims {
		cols = append(cols, "r."+Ident(d.Name))
		if d.Lookup == "" {
			continue
		}
		alias := "l" + strconv.Itoa(i)
		cols = append(cols, alias+".label AS "+Ident(d.Name+labelSuffix))
		joins.WriteString("\nLEFT JOIN (" + b.labels(d) + ") AS " + alias + "(code, label) ON " + alias + ".code = cast(r." + Ident(d.Name) + " as varchar)")
	}
	for _, m := range b.measures {
		cols = append(cols, "r."+Ident(m.Name))
	}
	return "SELECT " + strings.Join(cols, ", ") + "\nFROM " + Ident(from) + " r" + joins.String() + "\nORDER BY " + b.orderSQL() + limit
}

// labels is a code list's codes, as text, and labels as rows.
func (b *builder) labels(d schemas.Dimension) string {
	codes, ok := b.dataset.Lists[d.Lookup]
	if !ok {
		codes, ok = b.env.Registry.Codes(d.Lookup)
	}
	if !ok || len(codes.Rows) == 0 || len(codes.Columns) == 0 {
		return "SELECT cast(null as varchar), cast(null as varchar)"
	}
	at := slices.IndexFunc(codes.Columns, func(c schemas.Column) bool { return c.Name == d.Label })
	if at < 0 {
		at = min(1, len(codes.Columns)-1)
	}
	var rows []string
	for _, row := range codes.Rows {
		if at < len(row) {
			rows = append(rows, "("+literal(row[0])+", "+literal(row[at])+")")
		}
	}
	return "VALUES " + strings.Join(rows, ", ")
}

// orderSQL is the order asked for, else time, else the first measure downward; every dimension breaks ties, so that equal
// questions have equal answers.
func (b *builder) orderSQL() string {
	var by []string
	seen := map[string]bool{}
	add := func(name string, desc bool) {
		if seen[name] {
			return
		}
		seen[name] = true
		text := "r." + Ident(name)
		if desc {
			text += " DESC"
		}
		by = append(by, text+" NULLS LAST")
	}
	for _, o := range b.q.Order {
		add(o.By, o.Desc)
	}
	if b.q.Grain != "" {
		add(TimeColumn, false)
	}
	if len(b.q.Order) == 0 && b.q.Grain == "" {
		add(b.measures[0].Name, true)
	}
	for _, d := range b.dims {
		add(d.Name, false)
	}
	add(b.measures[0].Name, true)
	return strings.Join(by, ", ")
}
