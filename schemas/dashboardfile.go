package schemas

// A dashboard file, <domain>/<name>.dashboard.yaml, has the keys title and tiles, a list of:
//
//	id, title, note
//	kind        number | line | area | bar | heat | table
//	metric      name of a metric
//	measures    [] of its measures' names
//	dimensions  [] of its dimensions' names
//	filters     [{dimension, values: [], not}]
//	grain       minute | hour | day | week | month; absent: none
//	range       today, all, last-<n>h, last-<n>d, next-<n>h, next-<n>d; absent: the page's own
//	compare     true: beside the period before
//	limit, width
func (s *sheet) dashboard(o *object, name, domain string) *Dashboard {
	d := &Dashboard{Name: name, Domain: domain, Title: o.need("title")}
	for _, t := range o.many("tiles", "id") {
		one := Tile{ID: t.need("id"), Title: t.need("title"), Note: t.text("note"),
			Kind:   t.choice("kind", "", "number", "line", "area", "bar", "heat", "table"),
			Metric: t.need("metric"), Measures: t.texts("measures"), Dimensions: t.texts("dimensions"),
			Grain: t.choice("grain", "", "minute", "hour", "day", "week", "month"), Range: t.text("range"),
			Compare: t.flag("compare"), Limit: int(t.whole("limit", 1, 10_000)), Width: int(t.whole("width", 1, 12))}
		for _, f := range t.many("filters", "") {
			one.Filters = append(one.Filters, Filter{Dimension: f.need("dimension"), Values: f.texts("values"), Not: f.flag("not")})
			f.done()
		}
		t.done()
		d.Tiles = append(d.Tiles, one)
	}
	o.done()
	return d
}
