package schemas

import (
	"fmt"
	"slices"
)

func (q *question) measures(key string) {
	if len(q.metric.Measures) == 0 {
		q.fault(key, "is missing; give at least one measure")
	}
	seen := map[string]bool{}
	for i := range q.metric.Measures {
		m := &q.metric.Measures[i]
		path := item(key, i, m.Name, !seen[m.Name])
		if seen[m.Name] {
			q.fault(path+".name", "the measure %q is there twice; rename one", m.Name)
		}
		seen[m.Name] = true
		q.measure(path, m)
	}
}

func (q *question) measure(path string, m *Measure) {
	need := func(given bool, key, what string) {
		if !given && !q.said(path+"."+key) {
			q.fault(path+"."+key, "is missing; a measure of agg %s needs %s", m.Agg, what)
		}
	}
	switch m.Agg {
	case "":
		if !q.said(path + ".agg") {
			q.fault(path+".agg", "is missing; give count, sum, min, max, avg, distinct, percentile, ratio or active")
		}
	case "ratio":
		q.measureNamed(path+".of", m.Of)
		q.measureNamed(path+".per", m.Per)
		need(m.Of != "", "of", "the measure above the line")
		need(m.Per != "", "per", "the measure below the line")
	case "active":
		need(m.From != "", "from", "the column where a row begins to count")
		need(m.Until != "", "until", "the column where it ends")
	case "percentile":
		need(m.Of != "", "of", "an expression")
		if m.P <= 0 || m.P >= 1 {
			q.fault(path+".p", "must be between 0 and 1, such as 0.95, is %v", m.P)
		}
	case "count":
	default:
		need(m.Of != "", "of", "an expression")
	}
	if m.Agg != "ratio" {
		q.columnsOf(path+".of", m.Of)
	}
	q.columnsOf(path+".where", m.Where)
	q.columnsOf(path+".from", m.From)
	q.columnsOf(path+".until", m.Until)
}

func (q *question) measureNamed(path, name string) {
	var names []string
	for _, m := range q.metric.Measures {
		if m.Agg != "ratio" {
			names = append(names, m.Name)
		}
	}
	if name != "" && !slices.Contains(names, name) {
		q.fault(path, "there is no measure %q beside this one that is not a ratio%s", name, meant(name, names))
	}
}

// names returns the measures' and dimensions' names of a metric.
func (m *Metric) names() (measures, dimensions []string) {
	for _, x := range m.Measures {
		measures = append(measures, x.Name)
	}
	for _, x := range m.Dimensions {
		dimensions = append(dimensions, x.Name)
	}
	return measures, dimensions
}

// unknown reports each of the given names that is not known, at its place in the list under path.
func (s *sheet) unknown(path, what string, given, known []string) {
	for i, name := range given {
		if !slices.Contains(known, name) {
			s.fault(fmt.Sprintf("%s.%d", path, i+1), "there is no %s %q%s", what, name, meant(name, known))
		}
	}
}
