package schemas

import (
	"slices"
	"strings"
)

// judge reports what is wrong with a dataset's metrics. Names must be new to the whole registry, which seen holds.
func (f *family) judge(d *Dataset, seen map[string]string) {
	local := map[string]bool{}
	for i := range f.metrics {
		m := &f.metrics[i]
		path := item("metrics", i, m.Name, !local[m.Name])
		local[m.Name] = true
		switch {
		case m.Name == "": // said by the reader
		case seen[m.Name] != "":
			f.fault(path+".name", "the metric %q is already in %s; rename one", m.Name, seen[m.Name])
		case !datasetName.MatchString(m.Name):
			f.fault(path+".name", "%q is not a metric name; use lower-case letters, digits and underscores", m.Name)
		}
		if seen[m.Name] == "" {
			seen[m.Name] = f.file
		}
		f.judgeMetric(path, m, d)
	}
}

func (f *family) judgeMetric(path string, m *Metric, d *Dataset) {
	if (m.View != "") != (m.Source == "view") {
		f.fault(path+".view", "SQL in view and source: view go together; give both or neither")
	}
	q := &question{family: f, metric: m, ds: d, columns: d.visible(m.Source)}
	q.columnsOf(path+".time", m.Time)
	q.columnsOf(path+".filter", m.Filter)
	q.dimensions(path + ".dimensions")
	q.measures(path + ".measures")
}

// visible returns the columns that a metric's SQL may name; nil where a view of its own says so. It looks at names
// only, for the fields may still be wrong.
func (d *Dataset) visible(source string) []string {
	if source == "view" {
		return nil
	}
	names := []string{"_change_id", ColExtra}
	for _, c := range system() {
		names = append(names, c.Name)
	}
	for _, f := range d.Fields {
		if f.Privacy.Rule != "drop" {
			names = append(names, f.Name)
		}
	}
	if source == "changes" {
		names = append(names, ColChanged)
		for _, t := range d.Track {
			names = append(names, OldPrefix+t)
		}
	}
	return names
}

// question judges one metric's expressions.
type question struct {
	*family
	metric  *Metric
	ds      *Dataset
	columns []string // nil: not known
}

// columnsOf reports names in an expression that are no columns, and fields whose old value the metric needs and the
// history does not keep: without it a change cannot be taken back out of a sum.
func (q *question) columnsOf(path, sql string) {
	if q.columns == nil {
		return
	}
	for _, name := range slices.Compact(identifiers(sql)) {
		_, declared := q.ds.Field(name)
		switch {
		case slices.ContainsFunc(q.columns, func(c string) bool { return strings.EqualFold(c, name) }):
			if q.metric.Source == "current" && declared && !q.kept(name) {
				q.fault(path, "the metric is kept up from changes and needs the old value of %q; add it to track in %s.yaml", name, q.ds.Name)
			}
		case strings.HasPrefix(name, OldPrefix) && q.metric.Source == "changes" && q.isField(strings.TrimPrefix(name, OldPrefix)):
			q.fault(path, "needs the old value of %q; add it to track in %s.yaml", strings.TrimPrefix(name, OldPrefix), q.ds.Name)
		case declared:
			q.fault(path, "the field %q is of privacy drop and not in the lake; choose another", name)
		default:
			q.fault(path, "there is no column %q%s", name, meant(name, q.columns))
		}
	}
}

func (q *question) isField(name string) bool { _, ok := q.ds.Field(name); return ok }

// kept tells whether a field's old value is known: it is tracked, or part of the key and never changes. Facts do not.
func (q *question) kept(name string) bool {
	return q.ds.Key.IsZero() || name == q.ds.Key.Partition || name == q.ds.Key.Sort || slices.Contains(q.ds.Track, name)
}

func (q *question) dimensions(key string) {
	seen := map[string]bool{}
	for i, d := range q.metric.Dimensions {
		path := item(key, i, d.Name, !seen[d.Name])
		if seen[d.Name] {
			q.fault(path+".name", "the dimension %q is there twice; rename one", d.Name)
		}
		seen[d.Name] = true
		switch {
		case d.Hour && q.metric.Time == "":
			q.fault(path+".hour", "needs the metric's time; give time")
		case !d.Hour && d.Column == "":
			q.fault(path+".column", "is missing; give a column or an SQL expression")
		}
		q.columnsOf(path+".column", d.Column)
		q.lookup(path, d)
	}
}

func (q *question) lookup(path string, d Dimension) {
	c, ok := q.ds.Lists[d.Lookup]
	switch {
	case d.Lookup == "" && d.Label != "":
		q.fault(path+".label", "is the column of a code list; name the list in lookup")
	case d.Lookup == "":
	case !ok:
		q.fault(path+".lookup", "there is no code list %q%s", d.Lookup, meant(d.Lookup, keys(q.ds.Lists)))
	case c.column(d.Label) < 0:
		q.fault(path+".label", "the code list %q has no column %q%s", d.Lookup, d.Label, meant(d.Label, c.names()))
	}
}
