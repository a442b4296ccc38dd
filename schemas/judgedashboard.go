package schemas

import "regexp"

var tileRange = regexp.MustCompile(`^(today|all|(last|next)-[1-9][0-9]{0,3}[hd])$`)

// judge reports what is wrong with a dashboard, whose tiles name metrics of any dataset.
func (p *page) judge(metrics map[string]*Metric) {
	if !slug.MatchString(p.board.Name) {
		p.fault("", "the dashboard's name %q must be lower-case letters, digits, hyphens and underscores; rename the file", p.board.Name)
	}
	if len(p.board.Tiles) == 0 && !p.said("tiles") {
		p.fault("tiles", "is missing; give at least one tile")
	}
	seen := map[string]bool{}
	for i := range p.board.Tiles {
		t := &p.board.Tiles[i]
		path := item("tiles", i, t.ID, !seen[t.ID])
		switch {
		case t.ID == "": // said by the reader
		case seen[t.ID]:
			p.fault(path+".id", "the tile %q is there twice; rename one", t.ID)
		case !slug.MatchString(t.ID):
			p.fault(path+".id", "%q stands in addresses; use lower-case letters, digits, hyphens and underscores", t.ID)
		}
		seen[t.ID] = true
		p.judgeTile(path, t, metrics)
	}
}

func (p *page) judgeTile(path string, t *Tile, metrics map[string]*Metric) {
	if t.Kind == "" && !p.said(path+".kind") {
		p.fault(path+".kind", "is missing; give number, line, area, bar, heat or table")
	}
	if t.Range != "" && !tileRange.MatchString(t.Range) {
		p.fault(path+".range", "%q is not a range; give today, all, or a span such as last-24h, last-7d, next-12h", t.Range)
	}
	m, ok := metrics[t.Metric]
	if !ok {
		if t.Metric != "" {
			p.fault(path+".metric", "there is no metric %q%s", t.Metric, meant(t.Metric, keys(metrics)))
		}
		return
	}
	if len(t.Measures) == 0 && !p.said(path+".measures") {
		p.fault(path+".measures", "is missing; name at least one measure of %q", t.Metric)
	}
	measures, dimensions := m.names()
	p.unknown(path+".measures", "measure", t.Measures, measures)
	p.unknown(path+".dimensions", "dimension", t.Dimensions, dimensions)
	for i, f := range t.Filters {
		if f.Dimension != "" {
			p.unknown(item(path+".filters", i, "", false)+".dimension", "dimension", []string{f.Dimension}, dimensions)
		}
	}
	if t.Grain != "" && m.Time == "" {
		p.fault(path+".grain", "the metric %q has no time; remove it, or give the metric a time", t.Metric)
	}
}
