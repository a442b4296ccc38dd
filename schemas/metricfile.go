package schemas

// A metrics file, <domain>/<dataset>.metrics.yaml, has one key, metrics, a list of:
//
//	name, title, description
//	source      changes | current | view; changes unless said
//	view        SQL, for source view
//	time        timestamp column that ranges and grains are taken from
//	filter      SQL condition of every measure
//	whole       true: only for viewers who see every region, because it compares records of different ones
//	dimensions  [{name, title, column, lookup, label, hour}]
//	measures    [{name, title, description, agg, of, per, p, where, from, until, unit, format, better}]
func (s *sheet) metrics(o *object, dataset string) []Metric {
	var out []Metric
	for _, m := range o.many("metrics", "name") {
		one := Metric{Name: m.need("name"), Title: m.text("title"), Description: m.text("description"), Dataset: dataset,
			Source: m.choice("source", "changes", "current", "view"), View: m.text("view"), Time: m.text("time"), Filter: m.text("filter"), Whole: m.flag("whole")}
		for _, d := range m.many("dimensions", "name") {
			one.Dimensions = append(one.Dimensions, Dimension{Name: d.need("name"), Title: d.text("title"), Column: d.text("column"),
				Lookup: d.text("lookup"), Label: d.text("label"), Hour: d.flag("hour")})
			d.done()
		}
		for _, x := range m.many("measures", "name") {
			one.Measures = append(one.Measures, measure(x))
		}
		m.done()
		out = append(out, one)
	}
	o.done()
	return out
}

func measure(o *object) Measure {
	m := Measure{Name: o.need("name"), Title: o.text("title"), Description: o.text("description"),
		Agg: o.choice("agg", "", "count", "sum", "min", "max", "avg", "distinct", "percentile", "ratio", "active"),
		Of:  o.text("of"), Per: o.text("per"), Where: o.text("where"), From: o.text("from"), Until: o.text("until"),
		Unit: o.text("unit"), Format: o.choice("format", "", "integer", "decimal", "percent", "duration"),
		Better: o.choice("better", "", "up", "down")}
	if p := o.number("p"); p != nil {
		m.P = *p
	}
	o.done()
	return m
}
