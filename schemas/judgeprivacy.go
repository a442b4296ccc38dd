package schemas

import "slices"

func (s *sheet) judgeServer(path string, f *Field, top bool) {
	switch {
	case f.Generated != "" && !top:
		s.fault(path+".generated", "only a field of the record itself is generated, not one inside another; remove it")
	case f.Generated == "now" || f.Generated == "updated":
		s.only(path, "generated", true, f, Timestamp)
	case f.Generated != "":
		s.only(path, "generated", true, f, String)
	}
	if f.Format == "uri" || f.Format == "email" {
		s.only(path, "format", true, f, String)
	} else if f.Format != "" {
		s.only(path, "format", true, f, Timestamp)
	}
	switch v := f.Default.(type) {
	case bool:
		s.only(path, "default", true, f, Boolean)
	case int64:
		s.only(path, "default", true, f, numbers...)
	case string:
		if s.only(path, "default", true, f, String, Enum) && f.Type == Enum && len(f.Codes) > 0 && !slices.Contains(f.Codes, v) {
			s.fault(path+".default", "%q is not one of the field's codes%s", v, meant(v, f.Codes))
		}
	}
}

func (s *sheet) judgePrivacy(path string, f *Field, top bool) {
	p := f.Privacy
	path += ".privacy"
	if !top && p.Rule != "" {
		s.fault(path, "stands on a field of the record itself, for the lake keeps or hides it as a whole; move it there")
		return
	}
	if len(p.Bands) > 0 && (p.Rule != "band" || !slices.Contains(instants, f.Type)) {
		s.fault(path+".bands", "are ages, for rule band on a date or timestamp; remove them")
	}
	if p.Length > 0 && (p.Rule != "band" || f.Type != String) {
		s.fault(path+".length", "is for rule band on a string; remove it")
	}
	switch {
	case p.Rule == "mask" && slices.Contains(nested, f.Type):
		s.fault(path+".rule", "a %s cannot be masked; use drop", f.Type)
	case p.Rule != "band":
	case slices.Contains(instants, f.Type):
		if len(p.Bands) == 0 || !slices.IsSorted(p.Bands) || p.Bands[0] < 0 || repeated(p.Bands) != 0 {
			s.fault(path+".bands", "must be ages in years, rising, such as [18, 25, 35]")
		}
	case f.Type == String:
		if p.Length == 0 {
			s.fault(path+".length", "is missing; say how many leading characters stay")
		}
	default:
		s.fault(path+".rule", "a %s has no bands; use mask or drop", f.Type)
	}
}

// repeated returns the first value that occurs twice, or the zero value.
func repeated[T comparable](values []T) (zero T) {
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			return v
		}
	}
	return zero
}
