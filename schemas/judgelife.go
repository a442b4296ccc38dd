package schemas

import "slices"

func (s *set) judgeLifecycle() {
	l := s.ds.Lifecycle
	if l == nil {
		return
	}
	f := s.named("lifecycle.field", l.Field, Enum, String)
	state := func(path, name string) {
		if name != "" && f != nil && len(f.Codes) > 0 && !slices.Contains(f.Codes, name) {
			s.fault(path, "%q is not a code of the field %q%s", name, l.Field, meant(name, f.Codes))
		}
	}
	state("lifecycle.initial", l.Initial)
	seen := map[string]bool{}
	for i, t := range l.Transitions {
		path := item("lifecycle.transitions", i, t.Name, !seen[t.Name])
		switch {
		case t.Name == "": // said by the reader
		case seen[t.Name]:
			s.fault(path+".name", "the transition %q is there twice; rename one", t.Name)
		case !verb.MatchString(t.Name):
			s.fault(path+".name", "%q stands in addresses; use lower-case letters, digits and hyphens", t.Name)
		}
		seen[t.Name] = true
		if len(t.From) == 0 && !s.said(path+".from") {
			s.fault(path+".from", "is missing; list the states it may start from")
		}
		for j, from := range t.From {
			state(item(path+".from", j, "", false), from)
		}
		state(path+".to", t.To)
		if len(t.Roles) == 0 && !s.said(path+".roles") {
			s.fault(path+".roles", "is missing; list the roles that may take it")
		}
		s.named(path+".at", t.At, Timestamp)
		s.named(path+".by", t.By, String)
	}
}

// judgeCounters checks every counter of the dataset against the dataset whose number it moves.
func (s *set) judgeCounters(all map[string]*set) {
	s.judgeMoves("onCreate", s.ds.OnCreate, all)
	if s.ds.Lifecycle == nil {
		return
	}
	for i, t := range s.ds.Lifecycle.Transitions {
		s.judgeMoves(item("lifecycle.transitions", i, t.Name, true)+".counters", t.Counters, all)
	}
}

func (s *set) judgeMoves(key string, counters []Counter, all map[string]*set) {
	for i, c := range counters {
		path := item(key, i, "", false)
		s.named(path+".key", c.Key)
		other, ok := all[c.Dataset]
		if !ok {
			if c.Dataset != "" {
				s.fault(path+".dataset", "there is no dataset %q%s", c.Dataset, meant(c.Dataset, keys(all)))
			}
			continue
		}
		if f, ok := other.ds.Field(c.Field); c.Field != "" && (!ok || !slices.Contains(wholes, f.Type)) {
			s.fault(path+".field", "%q is not an int32 or int64 field of %q%s", c.Field, c.Dataset, meant(c.Field, other.fieldNames()))
		}
	}
}

// judgeStream checks that datasets that share a stream can be told apart.
func (s *set) judgeStream(all map[string]*set) {
	for _, name := range keys(all) {
		other := all[name].ds
		if s.ds.Stream == "" || name == s.ds.Name || other.Stream != s.ds.Stream {
			continue
		}
		mine := s.ds.Discriminator
		switch {
		case mine == nil:
			s.fault("stream", "feeds %q too; add a discriminator, so that records can be told apart", name)
		case other.Discriminator == nil: // said over there
		case other.Discriminator.Attribute == mine.Attribute:
			for _, v := range mine.Values {
				if slices.Contains(other.Discriminator.Values, v) {
					s.fault("discriminator.values", "%q is also a value of %q; a record can belong to one dataset only", v, name)
				}
			}
		}
	}
}
