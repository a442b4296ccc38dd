package query

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

type catalogJSON struct {
	Datasets   []datasetJSON                  `json:"datasets"`
	Relations  []string                       `json:"relations"`
	Metrics    []metricJSON                   `json:"metrics"`
	Dashboards []dashboardJSON                `json:"dashboards"`
	Lookups    map[string][]map[string]string `json:"lookups"`
	Viewer     viewerJSON                     `json:"viewer"`
	Zone       string                         `json:"zone"`
}

type datasetJSON struct {
	Name        string       `json:"name"`
	Domain      string       `json:"domain"`
	Title       string       `json:"title"`
	Description string       `json:"description"`
	Zone        string       `json:"zone"`
	Key         []string     `json:"key"`
	Regions     []string     `json:"regions"`
	Columns     []columnJSON `json:"columns"` // of the current state
	Changes     []columnJSON `json:"changes"` // of the history
}

type columnJSON struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Lookup      string `json:"lookup,omitempty"`
	Description string `json:"description,omitempty"`
}

type metricJSON struct {
	Name        string          `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Dataset     string          `json:"dataset"`
	Source      string          `json:"source"`
	Timed       bool            `json:"timed"` // takes a range and a grain
	Measures    []measureJSON   `json:"measures"`
	Dimensions  []dimensionJSON `json:"dimensions"`
}

type measureJSON struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Agg         string `json:"agg"`
	Unit        string `json:"unit"`
	Format      string `json:"format"`
	Better      string `json:"better"`
}

type dimensionJSON struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Lookup string `json:"lookup"`
	Label  string `json:"label"`
	Hour   bool   `json:"hour"`
}

type dashboardJSON struct {
	Name   string     `json:"name"`
	Domain string     `json:"domain"`
	Title  string     `json:"title"`
	Tiles  []tileJSON `json:"tiles"`
}

type tileJSON struct {
	ID         string       `json:"id"`
	Title      string       `json:"title"`
	Note       string       `json:"note"`
	Kind       string       `json:"kind"`
	Metric     string       `json:"metric"`
	Measures   []string     `json:"measures"`
	Dimensions []string     `json:"dimensions"`
	Filters    []filterJSON `json:"filters"`
	Grain      string       `json:"grain"`
	Range      string       `json:"range"`
	Compare    bool         `json:"compare"`
	Limit      int          `json:"limit"`
	Width      int          `json:"width"`
}

type viewerJSON struct {
	ID      string   `json:"id"`
	Regions []string `json:"regions"`
	Roles   []string `json:"roles"`
}

func (s *Service) getCatalog(w http.ResponseWriter, r *http.Request) error {
	who, err := viewer.From(r.Context())
	if err != nil {
		return err
	}
	text, err := json.Marshal(s.catalog(who))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", formJSON)
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(text)
	return err
}

func (s *Service) catalog(who viewer.Viewer) catalogJSON {
	c := catalogJSON{Datasets: []datasetJSON{}, Metrics: []metricJSON{}, Dashboards: []dashboardJSON{}, Zone: "UTC",
		Lookups: map[string][]map[string]string{}, Relations: plan.Relations(s.registry),
		Viewer: viewerJSON{ID: who.ID, Regions: listed(who.Regions), Roles: listed(who.Roles)}}
	if !who.SeesAll() {
		c.Relations = slices.DeleteFunc(c.Relations, func(name string) bool { return name == schemas.LedgerTable })
	}
	for i, d := range s.registry.Datasets() {
		if i == 0 && d.Zone != nil {
			c.Zone = d.Zone.String()
		}
		c.Datasets = append(c.Datasets, datasetOf(d))
		for j := range d.Metrics {
			if !d.Metrics[j].Whole || who.SeesAll() {
				c.Metrics = append(c.Metrics, metricOf(&d.Metrics[j]))
			}
		}
	}
	for _, d := range s.registry.Dashboards() {
		c.Dashboards = append(c.Dashboards, s.dashboardFor(who, d))
	}
	for _, codes := range s.registry.CodeLists() {
		c.Lookups[codes.Name] = lookupOf(codes)
	}
	return c
}

// dashboardFor is the dashboard without the tiles that the viewer may not ask for.
func (s *Service) dashboardFor(who viewer.Viewer, d *schemas.Dashboard) dashboardJSON {
	seen := *d
	seen.Tiles = slices.DeleteFunc(slices.Clone(d.Tiles), func(t schemas.Tile) bool {
		m, _, ok := s.registry.Metric(t.Metric)
		return ok && m.Whole && !who.SeesAll()
	})
	return dashboardOf(&seen)
}

func listed(names []string) []string { return append([]string{}, names...) }

func datasetOf(d *schemas.Dataset) datasetJSON {
	out := datasetJSON{Name: d.Name, Domain: d.Domain, Title: d.Title, Description: d.Description, Zone: "UTC",
		Key: []string{}, Regions: listed(d.Region.Values)}
	if d.Zone != nil {
		out.Zone = d.Zone.String()
	}
	for _, k := range []string{d.Key.Partition, d.Key.Sort} {
		if k != "" {
			out.Key = append(out.Key, k)
		}
	}
	describe := func(cols []schemas.Column) []columnJSON {
		var all []columnJSON
		for _, c := range cols {
			one := columnJSON{Name: c.Name, Type: string(c.Type)}
			if f, ok := d.Field(c.Name); ok {
				one.Lookup, one.Description = f.CodeList, f.Description
			}
			all = append(all, one)
		}
		return all
	}
	out.Columns = describe(d.StateColumns())
	out.Changes = append(describe(d.ChangeColumns()), columnJSON{Name: plan.ChangeID, Type: string(schemas.String)})
	return out
}

func metricOf(m *schemas.Metric) metricJSON {
	out := metricJSON{Name: m.Name, Title: m.Title, Description: m.Description, Dataset: m.Dataset, Source: m.Source,
		Timed: m.Time != "", Measures: []measureJSON{}, Dimensions: []dimensionJSON{}}
	for _, x := range m.Measures {
		out.Timed = out.Timed || x.Agg == "active"
		out.Measures = append(out.Measures, measureJSON{x.Name, x.Title, x.Description, x.Agg, x.Unit, x.Format, x.Better})
	}
	for _, d := range m.Dimensions {
		out.Dimensions = append(out.Dimensions, dimensionJSON{d.Name, d.Title, d.Lookup, d.Label, d.Hour})
	}
	return out
}

func dashboardOf(d *schemas.Dashboard) dashboardJSON {
	out := dashboardJSON{Name: d.Name, Domain: d.Domain, Title: d.Title, Tiles: []tileJSON{}}
	for _, t := range d.Tiles {
		one := tileJSON{ID: t.ID, Title: t.Title, Note: t.Note, Kind: t.Kind, Metric: t.Metric, Measures: listed(t.Measures),
			Dimensions: listed(t.Dimensions), Filters: []filterJSON{}, Grain: t.Grain, Range: t.Range, Compare: t.Compare, Limit: t.Limit, Width: t.Width}
		for _, f := range t.Filters {
			one.Filters = append(one.Filters, filterJSON{f.Dimension, listed(f.Values), f.Not})
		}
		out.Tiles = append(out.Tiles, one)
	}
	return out
}

// lookupOf is a code list's rows by column name, each with its code and label under these names too.
func lookupOf(codes *schemas.Codes) []map[string]string {
	rows := []map[string]string{}
	for _, row := range codes.Rows {
		one := map[string]string{}
		for i, text := range row {
			if i < len(codes.Columns) {
				one[codes.Columns[i].Name] = text
			}
		}
		if len(row) > 0 {
			one["code"], one["label"] = row[0], row[min(1, len(row)-1)]
		}
		rows = append(rows, one)
	}
	return rows
}
