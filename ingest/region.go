package ingest

import (
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

// region tells the region of a record, as the lake does.
type region struct {
	path    []string
	lookup  map[string]string // nil: the value itself
	lower   bool
	values  []string // nil: any
	fixed   string   // for all records; empty: by the path
	unknown string
}

func newRegion(ds *schemas.Dataset, registry *schemas.Registry) region {
	r := region{unknown: ds.Region.Unknown, lower: ds.Region.Lower, values: ds.Region.Values}
	if r.unknown == "" {
		r.unknown = "unknown"
	}
	switch ds.Region.From {
	case "field":
		r.path = strings.Split(ds.Region.Field, ".")
	case "constant":
		r.fixed = ds.Region.Value
	default: // told by the change feed, which no request knows
		r.fixed = r.unknown
	}
	if codes, ok := registry.Codes(ds.Region.Lookup); ok && ds.Region.Lookup != "" {
		r.lookup = codes.Map(ds.Region.Column)
	}
	return r
}

// of returns the item's region.
func (r *region) of(item record.Item) string {
	if r.fixed != "" {
		return r.fixed
	}
	v := record.Value{Kind: record.M, Map: item}
	for _, step := range r.path {
		v = v.Map[step]
	}
	text := v.Text
	if r.lower {
		text = strings.ToLower(text)
	}
	if r.lookup != nil {
		text = r.lookup[text]
	}
	if text == "" || r.values != nil && !slices.Contains(r.values, text) {
		return r.unknown
	}
	return text
}

// seenBy reports whether the viewer may see the item.
func (p *plan) seenBy(who viewer.Viewer, item record.Item) bool {
	return who.SeesAll() || slices.Contains(who.Regions, p.region.of(item))
}
