package schemas

import (
	"slices"
	"strings"
)

// join gives datasets their metrics and code lists, and judges what has become of them.
func (l *loader) join() {
	lists := map[string]*Codes{}
	for name, c := range l.lists {
		lists[name] = c.codes
	}
	for _, s := range l.sets {
		s.ds.Lists = lists
		s.link()
	}
	for _, s := range l.sets {
		s.judge()
		s.judgeCounters(l.sets)
		s.judgeStream(l.sets)
	}
	l.joinMetrics()
}

func (l *loader) joinMetrics() {
	metrics, seen := map[string]*Metric{}, map[string]string{}
	for _, f := range l.metrics {
		s, ok := l.sets[f.dataset]
		if !ok {
			f.fault("", "there is no dataset %q%s; name the file after one", f.dataset, meant(f.dataset, keys(l.sets)))
			continue
		}
		f.judge(s.ds, seen)
		for i := range f.metrics {
			metrics[f.metrics[i].Name] = &f.metrics[i]
		}
		s.ds.Metrics = append(s.ds.Metrics, f.metrics...)
	}
	boards := map[string]string{}
	for _, p := range l.dashboards {
		if other := boards[p.board.Name]; other != "" {
			p.fault("", "the dashboard %q is already in %s; rename one", p.board.Name, other)
		}
		boards[p.board.Name] = p.file
		p.judge(metrics)
	}
}

// link fills what code lists tell of a dataset.
func (s *set) link() {
	for i := range s.ds.Fields {
		s.linkField(&s.ds.Fields[i])
	}
	r := &s.ds.Region
	if f, ok := s.ds.Path(r.Field); ok && (f.Type == String || f.Type == Enum) {
		s.textCodes(r.Lookup)
	}
	if c, ok := s.ds.Lists[r.Lookup]; ok && len(r.Values) == 0 {
		r.Values = c.Values(r.Column)
	}
	if f, ok := s.ds.Path(r.Field); ok && r.Lookup == "" && f.Type == Enum && len(r.Values) == 0 {
		for _, code := range f.Codes {
			if r.Lower {
				code = strings.ToLower(code)
			}
			r.Values = append(r.Values, code)
		}
	}
	if r.From == "constant" {
		r.Values = []string{r.Value}
	}
	if len(r.Values) > 0 {
		r.Values = append(slices.DeleteFunc(r.Values, func(v string) bool { return v == r.Unknown }), r.Unknown)
	}
}

func (s *set) linkField(f *Field) {
	c, ok := s.ds.Lists[f.CodeList]
	if ok && f.Type == Enum && len(f.Codes) == 0 {
		f.Codes = c.Codes()
	}
	if f.Type == String || f.Type == Enum {
		s.textCodes(f.CodeList)
	}
	if re, err := wholePattern(f.Pattern); err == nil && f.Pattern != "" {
		f.pattern = re
	}
	if f.Elem != nil {
		s.linkField(f.Elem)
	}
	for i := range f.Fields {
		s.linkField(&f.Fields[i])
	}
}

// textCodes makes the codes of a list texts where a text field uses it, even if all of them look like numbers.
func (s *set) textCodes(name string) {
	if c, ok := s.ds.Lists[name]; ok {
		c.Columns[0].Type = String
	}
}
