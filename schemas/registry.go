package schemas

import (
	"slices"
	"sort"
)

// Registry is every loaded dataset and code list. It is read-only and safe for concurrent use.
type Registry struct {
	datasets   map[string]*Dataset
	codes      map[string]*Codes
	dashboards []*Dashboard
	daily      map[string]*Daily // by dataset: what its rollup table keeps
}

// Dashboards returns every dashboard, by name.
func (r *Registry) Dashboards() []*Dashboard { return r.dashboards }

// Metric returns the metric of that name, the dataset it belongs to, and whether there is one.
func (r *Registry) Metric(name string) (*Metric, *Dataset, bool) {
	for _, d := range r.datasets {
		for i := range d.Metrics {
			if d.Metrics[i].Name == name {
				return &d.Metrics[i], d, true
			}
		}
	}
	return nil, nil, false
}

// NewRegistry returns a registry of the datasets, code lists and dashboards, which it keeps.
func NewRegistry(datasets []*Dataset, codes []*Codes, dashboards []*Dashboard) *Registry {
	r := &Registry{datasets: map[string]*Dataset{}, codes: map[string]*Codes{}, dashboards: dashboards, daily: map[string]*Daily{}}
	for _, d := range datasets {
		r.datasets[d.Name] = d
		if kept := daily(d, dashboards); kept != nil {
			r.daily[d.Name] = kept
		}
	}
	for _, c := range codes {
		r.codes[c.Name] = c
	}
	return r
}

// Dataset returns the dataset of that name and whether there is one.
func (r *Registry) Dataset(name string) (*Dataset, bool) {
	d, ok := r.datasets[name]
	return d, ok
}

// Datasets returns every dataset, by name.
func (r *Registry) Datasets() []*Dataset {
	all := make([]*Dataset, 0, len(r.datasets))
	for _, d := range r.datasets {
		all = append(all, d)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// Codes returns the code list of that name and whether there is one.
func (r *Registry) Codes(name string) (*Codes, bool) {
	c, ok := r.codes[name]
	return c, ok
}

// CodeLists returns every code list, by name.
func (r *Registry) CodeLists() []*Codes {
	all := make([]*Codes, 0, len(r.codes))
	for _, c := range r.codes {
		all = append(all, c)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// ByStream returns the datasets that the stream feeds, by name.
func (r *Registry) ByStream(stream string) []*Dataset {
	var fed []*Dataset
	for _, d := range r.Datasets() {
		if d.Stream == stream {
			fed = append(fed, d)
		}
	}
	return fed
}

// Landing returns the datasets of which rows land in the folder of that name: those that the stream feeds, or else the
// dataset itself, as loaded facts do. There is none of a name that no schema knows.
func (r *Registry) Landing(name string) []*Dataset {
	fed := r.ByStream(name)
	if d, ok := r.Dataset(name); ok && len(fed) == 0 {
		fed = append(fed, d)
	}
	return fed
}

// Streams returns the name of every stream that feeds a dataset, sorted.
func (r *Registry) Streams() []string {
	var names []string
	for _, d := range r.datasets {
		if d.Stream != "" && !slices.Contains(names, d.Stream) {
			names = append(names, d.Stream)
		}
	}
	slices.Sort(names)
	return names
}
