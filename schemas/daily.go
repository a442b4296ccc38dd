package schemas

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// Columns of a rollup table that every one has. No declared field's name begins with an underscore.
const (
	ColMetric = "_metric" // the metric whose rows and measures are counted
	ColBy     = "_by"     // the columns that its rows are split by beside day and region: a Slice's name
	ColDay    = "_day"    // the business day of the metric's time; null: none
	ColHour   = "_hour"   // the local hour of it, in slices that tell hours apart
	ColRows   = "_rows"   // how many rows of the metric, signed: what has left counts below zero
)

// Prefixes of the columns that hold measures, signed as ColRows is.
const (
	countPrefix = "_n_"
	sumPrefix   = "_sum_"
)

// Daily is what the rollup table of a dataset keeps: the metrics that can be kept up by adding.
type Daily struct {
	Dataset *Dataset
	Metrics []DailyMetric
	Hash    string // of all that the rows' meaning hangs on; rows made under another one are worthless
}

// DailyMetric is a metric as the rollup table keeps it.
type DailyMetric struct {
	*Metric
	Slices   []Slice
	Measures []DailyMeasure
}

// Slice is one way in which a metric's rows are split beside day and region.
type Slice struct {
	Name    string   // the columns, joined by commas
	Columns []string // of the dataset, sorted
	Hour    bool     // and the local hour, in ColHour
}

// DailyMeasure is a measure that adds up, or the part of one that does.
type DailyMeasure struct {
	Column string // of the rollup table
	Agg    string // count, sum
	Of     string // sum: a field; count: an expression that must not be null, or empty
	Where  string
}

// DailyTable returns the name of the dataset's rollup table.
func (d *Dataset) DailyTable() string { return d.Name + "_daily" }

// Daily returns what the dataset's rollup table keeps, nil where no metric of it can be kept.
func (r *Registry) Daily(dataset string) *Daily { return r.daily[dataset] }

// Metric returns the kept metric of that name, or nil.
func (d *Daily) Metric(name string) *DailyMetric {
	if d == nil {
		return nil
	}
	i := slices.IndexFunc(d.Metrics, func(m DailyMetric) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &d.Metrics[i]
}

// Measure returns the column of a measure's part, and whether it is kept.
func (m *DailyMetric) Measure(agg, of, where string) (string, bool) {
	i := slices.IndexFunc(m.Measures, func(x DailyMeasure) bool { return x.Agg == agg && x.Of == of && x.Where == where })
	if i < 0 {
		return "", false
	}
	return m.Measures[i].Column, true
}

// Slice returns the slice with the fewest columns that has all of these, and whether there is one.
func (m *DailyMetric) Slice(columns []string, hour bool) (Slice, bool) {
	var best *Slice
	for i := range m.Slices {
		s := &m.Slices[i]
		lacks := func(c string) bool { return !slices.Contains(s.Columns, c) }
		if hour && !s.Hour || slices.ContainsFunc(columns, lacks) {
			continue
		}
		if best == nil || s.width() < best.width() {
			best = s
		}
	}
	if best == nil {
		return Slice{}, false
	}
	return *best, true
}

func (s *Slice) width() int {
	if s.Hour {
		return len(s.Columns) + 1
	}
	return len(s.Columns)
}

// Columns returns the table's columns. Those that ids knows keep theirs, the others take the next: metrics come and go,
// so the table itself is what remembers.
func (d *Daily) Columns(ids map[string]int) []Column {
	cols := []Column{
		{Name: ColMetric, Type: String, Required: true}, {Name: ColBy, Type: String, Required: true}, {Name: ColDay, Type: Day},
		{Name: ColHour, Type: Int32}, {Name: ColRegion, Type: String, Required: true}, {Name: ColRows, Type: Int64, Required: true},
	}
	add := func(c Column) {
		if !slices.ContainsFunc(cols, func(have Column) bool { return have.Name == c.Name }) {
			cols = append(cols, c)
		}
	}
	for _, m := range d.Metrics {
		for _, s := range m.Slices {
			for _, name := range s.Columns {
				c, _ := d.Dataset.splitColumn(name)
				add(c)
			}
		}
		for _, x := range m.Measures {
			add(d.measureColumn(x))
		}
	}
	return number(cols, ids)
}

// Keys returns the names of the columns that tell the table's rows apart, in the order in which files are sorted.
func (d *Daily) Keys() []string {
	keys := []string{ColMetric, ColBy, ColDay, ColRegion, ColHour}
	for _, c := range d.Columns(nil) {
		if !strings.HasPrefix(c.Name, "_") && c.Name != ColRegion || c.Name == ColOp {
			keys = append(keys, c.Name)
		}
	}
	return keys
}

func (d *Daily) measureColumn(x DailyMeasure) Column {
	c := Column{Name: x.Column, Type: Int64}
	if f, ok := d.Dataset.Field(x.Of); ok && x.Agg == "sum" && f.Type == Decimal {
		c.Type, c.Precision, c.Scale = Decimal, 38, f.Scale
	}
	return c
}

// hash tells rollups of different meaning apart.
func (d *Daily) hash() string {
	said := []any{1, d.Dataset.Zone.String(), d.Dataset.Key}
	for _, m := range d.Metrics {
		said = append(said, m.Name, m.Source, m.Time, m.Filter, m.Slices, m.Measures)
	}
	text, err := json.Marshal(said)
	if err != nil {
		panic("names and texts cannot be written: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
