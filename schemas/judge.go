package schemas

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// maxRegions bounds the folders of one day: more, and every day falls apart into files too small to read fast.
const maxRegions = 16

var (
	datasetName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	slug        = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	indexName   = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)
	verb        = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	ownNames    = []string{QuarantineTable, LedgerTable, HeartbeatTable}
)

// judge reports what is wrong with a dataset by itself: nothing here looks at other datasets.
func (s *set) judge() {
	d := s.ds
	if !datasetName.MatchString(d.Name) {
		s.fault("", "the dataset's name %q must be lower-case letters, digits and underscores, a letter first; rename the file", d.Name)
	}
	if slices.Contains(ownNames, d.Name) || strings.HasPrefix(d.Name, "lookup_") || ownSuffix(d.Name) {
		s.fault("", "the dataset's name %q is that of one of Tarn's own tables; rename the file", d.Name)
	}
	if !slug.MatchString(d.Domain) {
		s.fault("", "the folder's name %q must be lower-case letters, digits and hyphens", d.Domain)
	}
	if len(d.Fields) == 0 && !s.said("fields") {
		s.fault("fields", "is missing; name at least one field")
	}
	s.judgeFields("fields", d.Fields, d.Lists)
	s.judgeKey()
	s.judgeIndexes()
	s.judgeLifecycle()
	s.judgeRegion()
	s.judgeDate()
	s.judgeColumns()
	s.judgeRules()
}

func ownSuffix(name string) bool {
	return slices.ContainsFunc([]string{"_changes", "_base", "_daily"}, func(end string) bool { return strings.HasSuffix(name, end) })
}

// named returns the field that the key names, reported when it does not exist or is not of one of the types.
func (s *set) named(path, name string, types ...Type) *Field {
	if name == "" {
		return nil
	}
	f, ok := s.ds.Field(name)
	if !ok {
		s.fault(path, "there is no field %q%s", name, meant(name, s.fieldNames()))
		return nil
	}
	if f.Type != "" && len(types) > 0 && !slices.Contains(types, f.Type) {
		names := make([]string, len(types))
		for i, t := range types {
			names[i] = string(t)
		}
		s.fault(path, "the field %q is %s; here it must be %s", name, f.Type, strings.Join(names, " or "))
		return nil
	}
	return f
}

func (s *set) fieldNames() []string {
	names := make([]string, len(s.ds.Fields))
	for i, f := range s.ds.Fields {
		names[i] = f.Name
	}
	return names
}

var keyTypes = []Type{String, Enum, Int32, Int64, Decimal, Day, Timestamp, Binary}

func (s *set) judgeKey() {
	d := s.ds
	if d.Key.IsZero() {
		if !s.said("key.partition") {
			s.judgeFacts()
		}
		return
	}
	if d.Stream == "" {
		s.fault("stream", "is missing; name the change stream that feeds records with a key, most often the table's name")
	}
	if d.Table == "" {
		s.fault("table", "is missing; name the store's table, or remove key if these are loaded facts")
	}
	for path, name := range map[string]string{"key.partition": d.Key.Partition, "key.sort": d.Key.Sort} {
		f := s.named(path, name, keyTypes...)
		if f != nil && (f.Privacy.Rule == "drop" || f.Privacy.Rule == "band") {
			s.fault(path, "the field %q is of privacy %s, which does not keep records apart; a key may be kept or masked", name, f.Privacy.Rule)
		}
	}
	if d.Key.Sort != "" && d.Key.Sort == d.Key.Partition {
		s.fault("key.sort", "is the partition attribute; remove it")
	}
	s.named("version", d.Version, Int64, Int32)
	s.named("ttl", d.TTL, Int64, Int32, Timestamp)
	if disc := d.Discriminator; disc != nil && len(disc.Values) == 0 {
		s.fault("discriminator.values", "is missing; list the values that mark this dataset's records")
	}
}

// judgeFacts reports what facts, which have no key and no store, cannot have.
func (s *set) judgeFacts() {
	d := s.ds
	for _, c := range []struct {
		key   string
		given bool
	}{
		{"stream", d.Stream != ""}, {"table", d.Table != ""}, {"indexes", d.Indexes != nil}, {"version", d.Version != ""},
		{"ttl", d.TTL != ""}, {"idempotency", d.Idempotency != nil}, {"lifecycle", d.Lifecycle != nil}, {"onCreate", d.OnCreate != nil},
		{"discriminator", d.Discriminator != nil}, {"track", d.Track != nil},
	} {
		if c.given {
			s.fault(c.key, "needs a key, and this dataset has none; add key, or remove this for loaded facts")
		}
	}
}

func (s *set) judgeIndexes() {
	seen := map[string]bool{}
	for i, x := range s.ds.Indexes {
		path := item("indexes", i, x.Name, !seen[x.Name])
		if seen[x.Name] {
			s.fault(path+".name", "the index %q is there twice; rename one", x.Name)
		}
		seen[x.Name] = true
		if x.Name != "" && !indexName.MatchString(x.Name) {
			s.fault(path+".name", "%q is not an index name; use 3 to 255 letters, digits, and _ . -", x.Name)
		}
		s.named(path+".partition", x.Partition, keyTypes...)
		s.named(path+".sort", x.Sort, keyTypes...)
	}
}

// judgeColumns checks track and sort, which name columns of the lake.
func (s *set) judgeColumns() {
	for key, names := range map[string][]string{"track": s.ds.Track, "sort": s.ds.Sort} {
		if twice := repeated(names); twice != "" {
			s.fault(key, "%q is there twice; keep one", twice)
		}
		for i, name := range names {
			path := item(key, i, "", false)
			f := s.named(path, name)
			switch {
			case f == nil:
			case f.Privacy.Rule == "drop":
				s.fault(path, "the field %q is dropped before the lake; remove it here", name)
			case key == "sort" && slices.Contains(nested, f.Type):
				s.fault(path, "the field %q is a %s, which has no order; remove it here", name, f.Type)
			}
		}
	}
}

func (s *set) judgeRules() {
	seen := map[string]bool{}
	for i, r := range s.ds.Rules {
		path := item("rules", i, r.Name, !seen[r.Name])
		if r.Name != "" && seen[r.Name] {
			s.fault(path+".name", "the rule %q is there twice; rename one", r.Name)
		}
		seen[r.Name] = true
		s.named(path+".field", r.Field)
	}
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
