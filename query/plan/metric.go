package plan

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

// Limits of a metric query.
const (
	maxDimensions = 6
	maxMeasures   = 16
	maxValues     = 1_000
	maxLimit      = 1_000_000
)

// Metric plans a metric query, and the one of the period before where it asks for that. Whatever the query names and the
// registry does not have is Invalid, with the nearest name.
func Metric(q Query, env Env) (*Plan, error) {
	b, err := newBuilder(q, env)
	if err != nil {
		return nil, err
	}
	p, err := b.build()
	if err != nil || q.Compare == "" {
		return p, err
	}
	if q.Compare != "previous" {
		return nil, unknown("compare", q.Compare, []string{"previous"})
	}
	if b.span, err = b.span.previous(b.zone, env.Now); err != nil {
		return nil, err
	}
	p.Compare, err = b.build()
	return p, err
}

// builder holds one query's resolved parts.
type builder struct {
	q        Query
	env      Env
	metric   *schemas.Metric
	dataset  *schemas.Dataset
	zone     *time.Location
	span     span
	dims     []schemas.Dimension
	measures []schemas.Measure
	rolled   *rolled // while the rows are those of a rollup
}

func newBuilder(q Query, env Env) (*builder, error) {
	m, d, ok := env.Registry.Metric(q.Metric)
	if !ok {
		return nil, unknown("metric", q.Metric, metricNames(env.Registry))
	}
	if m.Whole && !slices.Contains(env.Regions, viewer.All) {
		return nil, fault.New(fault.Denied, "metric %s compares records of different regions and is only for viewers who see all of them", m.Name)
	}
	b := &builder{q: q, env: env, metric: m, dataset: d, zone: d.Zone}
	if b.zone == nil {
		b.zone = time.UTC
	}
	if len(q.Dimensions) > maxDimensions || len(q.Measures) > maxMeasures {
		return nil, fault.New(fault.Exceeded, "a query takes at most %d dimensions and %d measures", maxDimensions, maxMeasures)
	}
	if q.Limit < 0 || q.Limit > maxLimit {
		return nil, fault.New(fault.Invalid, "limit: %d is not between 0 and %d", q.Limit, maxLimit)
	}
	for i, name := range q.Dimensions {
		dim, err := b.dimension(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(q.Dimensions[:i], name) {
			return nil, fault.New(fault.Invalid, "dimension %q is named twice", name)
		}
		b.dims = append(b.dims, dim)
	}
	if err := b.pickMeasures(); err != nil {
		return nil, err
	}
	if q.Grain != "" && !slices.Contains(Grains(), q.Grain) {
		return nil, unknown("grain", q.Grain, Grains())
	}
	var err error
	if b.span, err = resolve(q.Range, b.zone, env.Now); err != nil {
		return nil, err
	}
	return b, b.checkTime()
}

// expand writes the subset's own functions in the query's dialect.
func (b *builder) expand(sql string) string {
	return expander{b.env.Dialect, b.zone, b.span}.expand(sql)
}

func metricNames(reg *schemas.Registry) []string {
	var names []string
	for _, d := range reg.Datasets() {
		for _, m := range d.Metrics {
			names = append(names, m.Name)
		}
	}
	return names
}

func (b *builder) dimension(name string) (schemas.Dimension, error) {
	var names []string
	for _, d := range b.metric.Dimensions {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return schemas.Dimension{}, unknown("dimension", name, names)
}

func (b *builder) measure(name string) (schemas.Measure, error) {
	var names []string
	for _, m := range b.metric.Measures {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return schemas.Measure{}, unknown("measure", name, names)
}

// pickMeasures resolves the measures, or takes all that can stand beside the first.
func (b *builder) pickMeasures() error {
	for i, name := range b.q.Measures {
		m, err := b.measure(name)
		if err != nil {
			return err
		}
		if slices.Contains(b.q.Measures[:i], name) {
			return fault.New(fault.Invalid, "measure %q is named twice", name)
		}
		if i > 0 && !together(b.measures[0], m) {
			return fault.New(fault.Invalid, "measures %q and %q cannot stand in one query: one counts rows at an instant, the other in a span", b.measures[0].Name, name)
		}
		b.measures = append(b.measures, m)
	}
	if len(b.q.Measures) > 0 {
		return nil
	}
	for _, m := range b.metric.Measures {
		if len(b.measures) < maxMeasures && (len(b.measures) == 0 || together(b.measures[0], m)) {
			b.measures = append(b.measures, m)
		}
	}
	if len(b.measures) == 0 {
		return fault.New(fault.Invalid, "metric %q has no measures", b.metric.Name)
	}
	return nil
}

// together reports whether two measures are taken over the same rows.
func together(a, b schemas.Measure) bool {
	if a.Agg == "active" || b.Agg == "active" {
		return a.Agg == b.Agg && a.From == b.From && a.Until == b.Until
	}
	return true
}

func (b *builder) active() bool { return b.measures[0].Agg == "active" }

func (b *builder) checkTime() error {
	hour := slices.ContainsFunc(b.dims, func(d schemas.Dimension) bool { return d.Hour })
	timed := b.metric.Time != "" || b.active()
	if !timed && (b.q.Grain != "" || hour || b.span != span{}) {
		return fault.New(fault.Invalid, "metric %q has no time: it takes neither range, grain nor hour", b.metric.Name)
	}
	if b.active() && b.q.Grain != "" && (b.span.from.IsZero() || b.span.to.IsZero()) {
		return fault.New(fault.Invalid, "measure %q by %s needs a range with a beginning and an end", b.measures[0].Name, b.q.Grain)
	}
	for _, o := range b.q.Order {
		if o.By != TimeColumn && !slices.Contains(b.columnNames(), o.By) {
			return unknown("order", o.By, b.columnNames())
		}
		if o.By == TimeColumn && b.q.Grain == "" {
			return fault.New(fault.Invalid, "order: without a grain there is no time column")
		}
	}
	return nil
}

// columnNames is what an answer may be ordered by.
func (b *builder) columnNames() []string {
	var names []string
	for _, d := range b.dims {
		names = append(names, d.Name)
	}
	for _, m := range b.measures {
		names = append(names, m.Name)
	}
	return names
}

// columns describes the answer.
func (b *builder) columns() []Column {
	var cols []Column
	if b.q.Grain != "" {
		cols = append(cols, Column{Name: TimeColumn, Title: grainTitle(b.q.Grain), Role: "time"})
	}
	for _, d := range b.dims {
		cols = append(cols, Column{Name: d.Name, Title: title(d.Title, d.Name), Role: "dimension"})
		if d.Lookup != "" {
			cols = append(cols, Column{Name: d.Name + labelSuffix, Title: title(d.Title, d.Name), Role: "label", Of: d.Name})
		}
	}
	for _, m := range b.measures {
		cols = append(cols, Column{Name: m.Name, Title: title(m.Title, m.Name), Role: "measure", Unit: m.Unit, Format: m.Format, Better: m.Better})
	}
	return cols
}

func grainTitle(grain string) string { return strings.ToUpper(grain[:1]) + grain[1:] }

func title(text, name string) string {
	if text != "" {
		return text
	}
	return name
}

// limit is the row limit as SQL; empty: none.
func (b *builder) limit() string {
	if b.q.Limit == 0 {
		return ""
	}
	return " LIMIT " + strconv.Itoa(b.q.Limit)
}
