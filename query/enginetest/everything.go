package enginetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// Asked is a metric query by somebody who sees some regions.
type Asked struct {
	Regions []string
	Query   plan.Query
}

// String says what is asked.
func (a Asked) String() string {
	q := a.Query
	text := strings.Join(append([]string{q.Metric}, q.Measures...), " ")
	if len(q.Dimensions) > 0 {
		text += " by " + strings.Join(q.Dimensions, ", ")
	}
	for _, f := range q.Filters {
		text += fmt.Sprintf(" %s in %q (not: %v)", f.Dimension, f.Values, f.Not)
	}
	return text + fmt.Sprintf(" %s %+v %s seen by %v", q.Grain, q.Range, q.Compare, a.Regions)
}

// days is a range that begins and ends within the data, told in local days.
var days = plan.Range{From: "2026-11-18", To: "2026-11-20"}

// hours is half a day across local midnight.
var hours = plan.Range{From: "2026-11-18T15:00:00Z", To: "2026-11-19T03:00:00Z"}

// Everything returns a question for each metric with each dimension, each grain, both ways to filter, a comparison and a
// viewer of some regions. Filters take their values from filter.
func Everything(reg *schemas.Registry, filter func(metric, dimension string) []string) []Asked {
	all := []string{"*"}
	var asked []Asked
	for _, d := range reg.Datasets() {
		for i := range d.Metrics {
			m := &d.Metrics[i]
			ask := func(q plan.Query) {
				q.Metric = m.Name
				asked = append(asked, Asked{all, q})
			}
			ask(plan.Query{})
			for _, x := range m.Measures {
				ask(plan.Query{Measures: []string{x.Name}, Range: when(m, days)})
			}
			if timed(m) {
				ask(plan.Query{Range: days, Grain: "day", Compare: "previous"})
				ask(plan.Query{Range: hours, Grain: "hour"})
				ask(plan.Query{Range: plan.Range{From: "2026-11-01", To: "2026-12-01"}, Grain: "week"})
				ask(plan.Query{Range: plan.Range{From: "2026-11-18T20:00:00Z", To: "2026-11-18T20:20:00Z"}, Grain: "minute"})
			}
			for j, dim := range m.Dimensions {
				ask(plan.Query{Dimensions: []string{dim.Name}, Range: when(m, days), Limit: 20})
				if values := filter(m.Name, dim.Name); len(values) > 0 {
					ask(plan.Query{Filters: []schemas.Filter{{Dimension: dim.Name, Values: values}}, Range: when(m, days)})
					ask(plan.Query{Filters: []schemas.Filter{{Dimension: dim.Name, Values: append(slices.Clone(values), ""), Not: true}}})
				}
				if j > 0 && timed(m) {
					ask(plan.Query{Dimensions: []string{m.Dimensions[j-1].Name, dim.Name}, Range: days, Grain: "day", Limit: 5})
				}
			}
			if !m.Whole {
				asked = append(asked, Asked{[]string{"dhaka", "unknown"}, plan.Query{Metric: m.Name, Range: when(m, days)}})
			}
		}
	}
	return asked
}

func timed(m *schemas.Metric) bool { return m.Time != "" }

func when(m *schemas.Metric, r plan.Range) plan.Range {
	if timed(m) {
		return r
	}
	return plan.Range{}
}
