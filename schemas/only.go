package schemas

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Only returns the registry with these datasets alone: with their metrics and rollups as they were, the tiles that show
// them, and every code list. Names of no dataset are Invalid, all of them.
func (r *Registry) Only(datasets []string) (*Registry, error) {
	only := &Registry{datasets: map[string]*Dataset{}, codes: r.codes, daily: map[string]*Daily{}}
	var unknown []string
	for _, name := range datasets {
		d, ok := r.datasets[name]
		if !ok {
			unknown = append(unknown, fmt.Sprintf("%q", name))
			continue
		}
		only.datasets[name] = d
		if kept := r.daily[name]; kept != nil {
			only.daily[name] = kept // not made anew: it is what the rollup's table was made by
		}
	}
	if len(unknown) > 0 {
		var known []string
		for _, d := range r.Datasets() {
			known = append(known, d.Name)
		}
		return nil, fault.New(fault.Invalid, "there is no dataset %s; there are %s", strings.Join(unknown, ", "), strings.Join(known, ", "))
	}
	for _, page := range r.dashboards {
		seen := *page
		seen.Tiles = slices.DeleteFunc(slices.Clone(page.Tiles), func(t Tile) bool {
			_, _, ok := only.Metric(t.Metric)
			return !ok
		})
		if len(seen.Tiles) > 0 {
			only.dashboards = append(only.dashboards, &seen)
		}
	}
	return only, nil
}
