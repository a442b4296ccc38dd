package schemas

import (
	"fmt"
	"slices"
	"strings"
)

// Change is one difference between two releases of the schema files.
type Change struct {
	Dataset string `json:"dataset"`
	File    string `json:"file"` // of the dataset, in the newer release; of the older one where the dataset is gone
	Difference
	Breaks []string `json:"breaks,omitempty"` // what names it in the older release: "<file>: <metric, tile or list>"
}

// String returns the change as one line, and what breaks on lines below it.
func (c Change) String() string {
	text := c.File + ": " + c.Message
	if c.Field != "" {
		text = c.File + ": " + c.Field + ": " + c.Message
	}
	for _, b := range c.Breaks {
		text += "\n    breaks " + b
	}
	return text
}

// CompareReleases returns how a set of datasets differs from the last released one, by dataset. A change that is not
// Safe names the files, metrics and tiles of the released version that break.
func CompareReleases(before, after *Registry) []Change {
	var all []Change
	for _, old := range before.Datasets() {
		now, ok := after.Dataset(old.Name)
		if !ok {
			gone := Difference{Message: "the dataset " + old.Name + " is gone; its tables stay, and nothing fills or answers from them"}
			all = append(all, Change{old.Name, old.File, gone, before.metricUsers(old, nil)})
			continue
		}
		for _, d := range Compare(old, now) {
			c := Change{Dataset: old.Name, File: now.File, Difference: d}
			if !d.Safe {
				c.Breaks = before.breaks(old, d.Field)
			}
			all = append(all, c)
		}
	}
	for _, now := range after.Datasets() {
		if _, ok := before.Dataset(now.Name); !ok {
			all = append(all, Change{now.Name, now.File, Difference{Message: "the dataset " + now.Name + " is new", Safe: true}, nil})
		}
	}
	return append(all, compareTiles(before, after)...)
}

// compareTiles reports dashboards and tiles that are gone or new. People miss them, but nothing else breaks.
func compareTiles(before, after *Registry) []Change {
	var all []Change
	ids := func(r *Registry) (out []string) {
		for _, b := range r.Dashboards() {
			for _, t := range b.Tiles {
				out = append(out, b.Domain+"/"+b.Name+".dashboard.yaml: tiles."+t.ID)
			}
		}
		return out
	}
	old, now := ids(before), ids(after)
	add := func(have, other []string, word string) {
		for _, id := range have {
			if !slices.Contains(other, id) {
				file, path, _ := strings.Cut(id, ": ")
				all = append(all, Change{File: file, Difference: Difference{Field: path, Message: word, Safe: true}})
			}
		}
	}
	add(old, now, "is gone")
	add(now, old, "is new")
	return all
}

// breaks returns what in the registry names the part of the dataset that a difference's path points at.
func (r *Registry) breaks(d *Dataset, path string) []string {
	parts := strings.Split(path, ".")
	switch {
	case parts[0] == "fields" && len(parts) > 1:
		return append(d.lists(parts[1]), r.metricUsers(d, func(name string) bool {
			return strings.EqualFold(name, parts[1]) || strings.EqualFold(name, OldPrefix+parts[1])
		})...)
	case parts[0] == "metrics" && len(parts) > 1:
		at := slices.IndexFunc(d.Metrics, func(m Metric) bool { return m.Name == parts[1] })
		if at < 0 {
			return nil
		}
		var part []string
		if len(parts) > 2 {
			part = append(part, strings.Join(parts[2:], "."))
		}
		return r.tiles(func(t *Tile) bool { return t.Metric == parts[1] && d.Metrics[at].shows(t, part) })
	case slices.Contains([]string{"region", "date", "zone", "key"}, parts[0]):
		return r.metricUsers(d, nil)
	default:
		return nil
	}
}

// lists returns the parts of a dataset's own file that name a field.
func (d *Dataset) lists(field string) []string {
	var all []string
	add := func(named bool, format string, args ...any) {
		if named {
			all = append(all, d.File+": "+fmt.Sprintf(format, args...))
		}
	}
	add(d.Key.Partition == field || d.Key.Sort == field, "key")
	for _, x := range d.Indexes {
		add(x.Partition == field || x.Sort == field, "indexes.%s", x.Name)
	}
	add(d.Region.Field == field, "region")
	add(d.Date.Field == field, "date")
	add(d.Version == field, "version")
	add(d.TTL == field, "ttl")
	add(d.Lifecycle != nil && d.Lifecycle.Field == field, "lifecycle")
	add(slices.Contains(d.Track, field), "track")
	add(slices.Contains(d.Sort, field), "sort")
	for _, rule := range d.Rules {
		add(slices.Contains(identifiers(rule.When+" "+rule.Then), field), "rules.%s", rule.Name)
	}
	return all
}

// metricUsers returns the metrics of the dataset, and the tiles that show them, whose SQL names what named takes; with
// nil, all of them.
func (r *Registry) metricUsers(d *Dataset, named func(string) bool) []string {
	var all []string
	for i := range d.Metrics {
		m := &d.Metrics[i]
		var parts []string
		for _, e := range m.expressions() {
			if named == nil || slices.ContainsFunc(identifiers(e.sql), named) {
				parts = append(parts, e.path)
			}
		}
		if len(parts) == 0 {
			continue
		}
		where := d.Domain + "/" + d.Name + ".metrics.yaml: metrics." + m.Name
		if named == nil {
			parts = parts[:0]
		}
		all = append(all, strings.TrimSuffix(where+" ("+strings.Join(parts, ", ")+")", " ()"))
		all = append(all, r.tiles(func(t *Tile) bool { return t.Metric == m.Name && m.shows(t, parts) })...)
	}
	return all
}

// expression is one piece of a metric's SQL and its path in the metric.
type expression struct{ path, sql string }

func (m *Metric) expressions() []expression {
	all := []expression{{"view", m.View}, {"time", m.Time}, {"filter", m.Filter}}
	for _, d := range m.Dimensions {
		all = append(all, expression{"dimensions." + d.Name, d.Column})
	}
	for _, x := range m.Measures {
		sql := x.Where + " " + x.From + " " + x.Until
		if x.Agg != "ratio" {
			sql += " " + x.Of
		}
		all = append(all, expression{"measures." + x.Name, sql})
	}
	return all
}

// shows reports whether a tile of the metric needs one of the metric's parts; what is neither a measure nor a dimension
// is needed by all. No parts: the metric as a whole.
func (m *Metric) shows(t *Tile, parts []string) bool {
	if len(parts) == 0 {
		return true
	}
	needs := map[string]bool{}
	for _, name := range t.Measures {
		needs["measures."+name] = true
		for _, x := range m.Measures {
			if x.Name == name && x.Agg == "ratio" {
				needs["measures."+x.Of], needs["measures."+x.Per] = true, true
			}
		}
	}
	for _, name := range t.Dimensions {
		needs["dimensions."+name] = true
	}
	for _, f := range t.Filters {
		needs["dimensions."+f.Dimension] = true
	}
	return slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(p, ".") || needs[p] })
}

func (r *Registry) tiles(takes func(*Tile) bool) []string {
	var all []string
	for _, b := range r.Dashboards() {
		for i := range b.Tiles {
			if takes(&b.Tiles[i]) {
				all = append(all, b.Domain+"/"+b.Name+".dashboard.yaml: tiles."+b.Tiles[i].ID)
			}
		}
	}
	return all
}
