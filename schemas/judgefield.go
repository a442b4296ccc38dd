package schemas

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	numbers   = []Type{Int32, Int64, Decimal}
	wholes    = []Type{Int32, Int64}
	instants  = []Type{Day, Timestamp}
	nested    = []Type{List, Set, Map, Object}
	hasLength = []Type{String, Binary, List, Set, Map}
)

// judgeFields reports what is wrong with a level of fields: names, and each field by itself.
func (s *sheet) judgeFields(key string, fields []Field, lists map[string]*Codes) {
	seen, exact := map[string]string{}, map[string]bool{}
	for i := range fields {
		f := &fields[i]
		path := item(key, i, f.Name, !exact[f.Name])
		exact[f.Name] = true
		switch first := seen[strings.ToLower(f.Name)]; {
		case f.Name == "": // said by the reader
		case first != "":
			s.fault(path+".name", "%q is the same name as %q, for query engines do not tell capitals apart; rename one", f.Name, first)
		case key == "fields":
			s.judgeName(path, f.Name)
		}
		if f.Name != "" && seen[strings.ToLower(f.Name)] == "" {
			seen[strings.ToLower(f.Name)] = f.Name
		}
		s.judgeField(path, f, lists, key == "fields")
	}
}

// item is the path of a list's member: by its name, or by its place where the name is absent or taken.
func item(key string, i int, name string, first bool) string {
	if name != "" && first {
		return key + "." + name
	}
	return fmt.Sprintf("%s.%d", key, i+1)
}

func (s *sheet) judgeName(path, name string) {
	switch {
	case strings.HasPrefix(name, "_"), name == ColDate, name == ColRegion, strings.HasPrefix(name, OldPrefix):
		s.fault(path+".name", "%q is kept for Tarn's own columns (a leading underscore, dt, region, old_…); rename the field", name)
	case !plainName.MatchString(name):
		s.fault(path+".name", "%q is not a field name; use at most 63 letters, digits and underscores, a letter first", name)
	}
}

func (s *sheet) judgeField(path string, f *Field, lists map[string]*Codes, top bool) {
	if f.Type == "" {
		if !s.said(path + ".type") {
			s.fault(path+".type", "is missing; give one of string, int32, int64, decimal, bool, date, timestamp, enum, binary, list, set, map, object")
		}
		return
	}
	s.judgeShape(path, f, lists)
	s.judgeLimits(path, f)
	s.judgeCodes(path, f, lists)
	s.judgeServer(path, f, top)
	s.judgePrivacy(path, f, top)
}

// said tells whether something was already said about the path.
func (s *sheet) said(path string) bool {
	return slices.ContainsFunc(s.faults, func(f Fault) bool { return f.Field == path })
}

// only reports a key that is given on a field of a type it does not belong to.
func (s *sheet) only(path, key string, given bool, f *Field, types ...Type) bool {
	if !given || slices.Contains(types, f.Type) {
		return given
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	s.fault(path+"."+key, "belongs to %s, this field is %s; remove it", strings.Join(names, ", "), f.Type)
	return false
}

func (s *sheet) judgeShape(path string, f *Field, lists map[string]*Codes) {
	s.only(path, "precision", f.Precision > 0, f, Decimal)
	s.only(path, "scale", f.Scale > 0, f, Decimal)
	s.only(path, "elem", f.Elem != nil, f, List, Set, Map)
	s.only(path, "fields", f.Fields != nil, f, Object)
	switch f.Type {
	case Decimal:
		if f.Precision == 0 && !s.said(path+".precision") {
			s.fault(path+".precision", "is missing; give the number of digits, from 1 to 38")
		} else if f.Precision > 0 && f.Scale > f.Precision {
			s.fault(path+".scale", "is %d, more than the precision of %d; at most all digits can follow the point", f.Scale, f.Precision)
		}
	case List, Set, Map:
		s.judgeElem(path, f, lists)
	case Object:
		if len(f.Fields) == 0 {
			s.fault(path+".fields", "is missing; name the members of the object, or use a map")
		}
		s.judgeFields(path+".fields", f.Fields, lists)
	}
}

func (s *sheet) judgeElem(path string, f *Field, lists map[string]*Codes) {
	if f.Elem == nil {
		if !s.said(path + ".elem") {
			s.fault(path+".elem", "is missing; say what the %s holds, such as {type: string}", f.Type)
		}
		return
	}
	if f.Type == Set && slices.Contains(append([]Type{Boolean}, nested...), f.Elem.Type) {
		s.fault(path+".elem.type", "is %s, but a set holds texts, numbers or binaries; use a list", f.Elem.Type)
	}
	s.judgeField(path+".elem", f.Elem, lists, false)
}

func (s *sheet) judgeLimits(path string, f *Field) {
	if s.only(path, "pattern", f.Pattern != "", f, String) {
		if _, err := regexp.Compile(f.Pattern); err != nil {
			s.fault(path+".pattern", "is not a regular expression (RE2): %v", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
	}
	low := s.only(path, "min", f.Min != nil, f, numbers...)
	high := s.only(path, "max", f.Max != nil, f, numbers...)
	if low && high && *f.Min > *f.Max {
		s.fault(path+".min", "is %v, above max, which is %v; exchange them", *f.Min, *f.Max)
	}
	short := s.only(path, "minLength", f.MinLength > 0, f, hasLength...)
	long := s.only(path, "maxLength", f.MaxLength > 0, f, hasLength...)
	if short && long && f.MinLength > f.MaxLength {
		s.fault(path+".minLength", "is %d, above maxLength, which is %d; exchange them", f.MinLength, f.MaxLength)
	}
}

func (s *sheet) judgeCodes(path string, f *Field, lists map[string]*Codes) {
	c, known := lists[f.CodeList]
	switch {
	case f.CodeList == "":
		if f.Type == Enum && len(f.Codes) == 0 && !s.said(path+".codes") {
			s.fault(path, "an enum needs codes; name a code list (codeList: genders) or write them here (codes: [F, M])")
		}
	case !s.only(path, "codeList", true, f, Enum, String, Int32, Int64):
	case !known:
		s.fault(path+".codeList", "there is no code list %q; add codes/%s.csv%s", f.CodeList, f.CodeList, meant(f.CodeList, keys(lists)))
	case slices.Contains(wholes, f.Type) && c.Columns[0].Type == String:
		s.fault(path+".codeList", "the codes of %q are texts, the field is %s; change the type to string", f.CodeList, f.Type)
	}
	s.only(path, "codes", len(f.Codes) > 0, f, Enum)
	if doubled := repeated(f.Codes); doubled != "" && f.CodeList == "" {
		s.fault(path+".codes", "the code %q is there twice; keep one", doubled)
	}
}
