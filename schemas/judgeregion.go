package schemas

import (
	"slices"
	"strings"
)

func (s *set) judgeRegion() {
	r := s.ds.Region
	switch {
	case s.said("region"):
		return
	case r.From == "" && !s.said("region.from"):
		s.fault("region.from", "is missing; give field, constant or metadata")
	case r.From == "field" && r.Field == "":
		s.fault("region.field", "is missing; name the field that tells the region")
	case r.From == "constant" && r.Value == "":
		s.fault("region.value", "is missing; name the region")
	}
	for _, c := range []struct {
		key, value, from string
	}{{"field", r.Field, "field"}, {"lookup", r.Lookup, "field"}, {"value", r.Value, "constant"}} {
		if c.value != "" && r.From != "" && r.From != c.from {
			s.fault("region."+c.key, "belongs to from: %s, not to from: %s; remove it", c.from, r.From)
		}
	}
	if r.From == "field" && r.Field != "" {
		s.judgeRegionField()
	}
	s.judgeLookup()
	s.judgeRegions()
}

func (s *set) judgeRegionField() {
	r := s.ds.Region
	f, ok := s.ds.Path(r.Field)
	switch {
	case !ok:
		s.fault("region.field", "there is no field %q%s", r.Field, meant(r.Field, s.fieldNames()))
	case f.Type != "" && !slices.Contains([]Type{String, Enum, Int32, Int64}, f.Type):
		s.fault("region.field", "the field %q is %s; a region comes from a string, enum, int32 or int64", r.Field, f.Type)
	case slices.Contains(wholes, f.Type) && r.Lookup == "":
		s.fault("region.field", "the field %q is %s; name a code list that turns its numbers into regions (lookup, column)", r.Field, f.Type)
	}
}

func (s *set) judgeLookup() {
	r := s.ds.Region
	c, ok := s.ds.Lists[r.Lookup]
	switch {
	case r.Lookup == "" && r.Column != "":
		s.fault("region.column", "is the column of a code list; name the list in lookup")
	case r.Lookup == "":
	case !ok:
		s.fault("region.lookup", "there is no code list %q; add codes/%s.csv%s", r.Lookup, r.Lookup, meant(r.Lookup, keys(s.ds.Lists)))
	case r.Column == "":
		s.fault("region.column", "is missing; name the column of %q that holds the region", r.Lookup)
	case c.column(r.Column) < 0:
		s.fault("region.column", "the code list %q has no column %q%s", r.Lookup, r.Column, meant(r.Column, c.names()))
	}
}

func (s *set) judgeRegions() {
	r := s.ds.Region
	if n := len(r.Values) - 1; n > maxRegions {
		s.fault("region", "there are %d regions, more than %d: every day would fall into files too small to read fast; use a coarser area and sort by the finer one", n, maxRegions)
		return
	}
	for _, v := range append(slices.Clone(r.Values), r.Unknown) {
		if !slug.MatchString(v) {
			hint := ""
			if lower := strings.ToLower(v); slug.MatchString(lower) {
				hint = " such as " + lower
			}
			s.fault("region", "the region %q names a folder; use lower-case letters, digits, hyphens and underscores%s", v, hint)
			return
		}
	}
}

func (s *set) judgeDate() {
	d := s.ds.Date
	switch {
	case s.said("date"):
	case d.From == "" && !s.said("date.from"):
		s.fault("date.from", "is missing; give change or field")
	case d.From == "field" && d.Field == "":
		s.fault("date.field", "is missing; name the date or timestamp field that gives dt")
	case d.From == "change" && d.Field != "":
		s.fault("date.field", "belongs to from: field; remove it, or change from")
	case d.From == "field":
		if f := s.named("date.field", d.Field, instants...); f != nil && f.Privacy.Rule != "" && f.Privacy.Rule != "keep" {
			s.fault("date.field", "the field %q is of privacy %s, but dt would show it; use another clock", d.Field, f.Privacy.Rule)
		}
	}
}

// Path returns the field under a dotted path, such as address.state, and whether there is one.
func (d *Dataset) Path(dotted string) (*Field, bool) {
	fields := d.Fields
	for {
		name, rest, more := strings.Cut(dotted, ".")
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			return nil, false
		}
		if !more {
			return &fields[i], true
		}
		fields, dotted = fields[i].Fields, rest
	}
}
