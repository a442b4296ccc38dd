package schemas

import (
	"slices"
	"strings"
)

// maxSlices bounds how often one change is counted for one metric.
const maxSlices = 24

// steady are the functions whose value hangs on nothing but their arguments. A measure or filter with any other is not
// kept: its rows could not be taken back out.
var steady = strings.Fields(`
	seconds_between minute_of local_day coalesce nullif abs lower upper trim length substr substring cast try_cast
	in and or not between when then else`)

// daily returns what of a dataset's metrics a rollup keeps.
func daily(d *Dataset, boards []*Dashboard) *Daily {
	out := &Daily{Dataset: d}
	for i := range d.Metrics {
		k := keeper{d: d, m: &d.Metrics[i]}
		if one, ok := k.keep(boards); ok {
			out.Metrics = append(out.Metrics, one)
		}
	}
	if len(out.Metrics) == 0 {
		return nil
	}
	out.Hash = out.hash()
	return out
}

// keeper finds out what of one metric can be kept.
type keeper struct {
	d *Dataset
	m *Metric
}

func (k *keeper) keep(boards []*Dashboard) (DailyMetric, bool) {
	out := DailyMetric{Metric: k.m}
	if k.m.Source == "view" || k.m.Whole || !k.timed() || !k.plain(k.m.Filter) {
		return out, false
	}
	for _, x := range k.m.Measures {
		k.measure(&out, x)
	}
	if len(out.Measures) == 0 {
		return out, false
	}
	k.slices(&out, boards)
	return out, true
}

// timed reports whether the metric's time is one that both images of a change have.
func (k *keeper) timed() bool {
	if k.m.Time == "" {
		return true
	}
	if !k.rows() && k.m.Time == ColAt {
		return true
	}
	f, ok := k.d.Field(k.m.Time)
	return ok && f.Type == Timestamp && k.plain(k.m.Time)
}

// rows reports whether the metric counts current records instead of changes. Facts have no records but their changes.
func (k *keeper) rows() bool { return k.m.Source == "current" && !k.d.Key.IsZero() }

// plain reports whether an expression hangs on nothing but columns that are known of a row before a change as they are
// known of the row after it.
func (k *keeper) plain(sql string) bool {
	for _, name := range identifiers(sql) {
		switch {
		case name == ColRegion || !k.rows() && slices.ContainsFunc(k.d.ChangeColumns(), func(c Column) bool { return c.Name == name }):
		default:
			f, ok := k.d.Field(name)
			if !ok || f.Privacy.Rule == "drop" || k.rows() && !k.kept(name) {
				return false
			}
		}
	}
	return calm(sql)
}

// kept reports whether a field's value before a change is in the change.
func (k *keeper) kept(name string) bool {
	return name == k.d.Key.Partition || name == k.d.Key.Sort || slices.Contains(k.d.Track, name)
}

// calm reports whether a text calls nothing but steady functions and asks no clock.
func calm(sql string) bool {
	low := strings.ToLower(sql)
	if strings.Contains(low, "current_") || strings.Contains(low, "select") || strings.Contains(low, "localtime") {
		return false
	}
	for i := 0; i < len(low); {
		switch c := low[i]; {
		case c == '\'' || c == '"':
			i = closing(low, i) + 1
		case letter(c):
			end := i
			for end < len(low) && (letter(low[end]) || low[end] >= '0' && low[end] <= '9') {
				end++
			}
			if called(low, end) && !slices.Contains(steady, low[i:end]) {
				return false
			}
			i = end
		default:
			i++
		}
	}
	return true
}

// measure adds the parts of a measure that add up.
func (k *keeper) measure(out *DailyMetric, x Measure) {
	if x.Agg == "ratio" {
		k.ratio(out, x)
		return
	}
	k.parts(out, x.Name, x)
}

// ratio adds the numerator where the ratio's own condition makes it one that no other measure is.
func (k *keeper) ratio(out *DailyMetric, x Measure) {
	i := slices.IndexFunc(k.m.Measures, func(m Measure) bool { return m.Name == x.Of })
	if x.Where == "" || i < 0 {
		return
	}
	k.parts(out, x.Name, Narrow(k.m.Measures[i], x.Where))
}

// Narrow returns the measure over those of its rows that meet a condition too.
func Narrow(m Measure, where string) Measure {
	if m.Where == "" {
		m.Where = where
	} else {
		m.Where = "(" + m.Where + ") AND (" + where + ")"
	}
	return m
}

func (k *keeper) parts(out *DailyMetric, name string, x Measure) {
	if !k.plain(x.Of) || !k.plain(x.Where) {
		return
	}
	add := func(column, agg, of string) {
		if _, ok := out.Measure(agg, of, x.Where); !ok {
			out.Measures = append(out.Measures, DailyMeasure{Column: column, Agg: agg, Of: of, Where: x.Where})
		}
	}
	switch x.Agg {
	case "count":
		add(countPrefix+name, "count", x.Of)
	case "sum", "avg":
		// Sums of doubles hang on the order of their terms, so only exact numbers are kept.
		if f, ok := k.d.Field(x.Of); !ok || f.Privacy.Rule == "mask" || f.Privacy.Rule == "band" || f.Type != Int32 && f.Type != Int64 && f.Type != Decimal {
			return
		}
		add(sumPrefix+name+"_"+x.Of, "sum", x.Of)
		if x.Agg == "avg" {
			add(countPrefix+name, "count", x.Of)
		}
	}
}

// slices adds the slices that questions want: one without a dimension, one for each dimension, and one for each set that
// a tile of a dashboard asks for.
func (k *keeper) slices(out *DailyMetric, boards []*Dashboard) {
	k.slice(out, nil)
	for _, dim := range k.m.Dimensions {
		k.slice(out, []string{dim.Name})
	}
	for _, b := range boards {
		for _, t := range b.Tiles {
			if t.Metric != k.m.Name {
				continue
			}
			dims := slices.Clone(t.Dimensions)
			for _, f := range t.Filters {
				dims = append(dims, f.Dimension)
			}
			k.slice(out, dims)
		}
	}
}

func (k *keeper) slice(out *DailyMetric, dims []string) {
	var s Slice
	for _, name := range dims {
		i := slices.IndexFunc(k.m.Dimensions, func(d Dimension) bool { return d.Name == name })
		if i < 0 {
			return
		}
		if k.m.Dimensions[i].Hour {
			s.Hour = true
			continue
		}
		cols, ok := k.d.SplitColumns(k.m.Dimensions[i].Column)
		if !ok || !k.plain(k.m.Dimensions[i].Column) {
			return
		}
		s.Columns = append(s.Columns, cols...)
	}
	slices.Sort(s.Columns)
	s.Columns = slices.Compact(s.Columns)
	s.Name = strings.Join(s.Columns, ",")
	if s.Hour {
		s.Name = strings.TrimPrefix(s.Name+","+ColHour, ",")
	}
	same := func(have Slice) bool { return have.Name == s.Name }
	if len(out.Slices) < maxSlices && !slices.ContainsFunc(out.Slices, same) {
		out.Slices = append(out.Slices, s)
	}
}

// SplitColumns returns the columns that a dimension's expression is made of, region left out, and whether rows can be
// kept apart by them.
func (d *Dataset) SplitColumns(sql string) ([]string, bool) {
	var names []string
	for _, name := range identifiers(sql) {
		if name == ColRegion || slices.Contains(names, name) {
			continue
		}
		if _, ok := d.splitColumn(name); !ok {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// splitColumn returns the rollup's column for one of the history's that rows are split by.
func (d *Dataset) splitColumn(name string) (Column, bool) {
	if name == ColOp {
		return Column{Name: ColOp, Type: String}, true
	}
	f, ok := d.Field(name)
	if !ok || f.Privacy.Rule == "drop" {
		return Column{}, false
	}
	c := f.column()
	switch c.Type {
	case String, Int32, Int64, Boolean, Day:
		return c, true
	}
	return Column{}, false
}
