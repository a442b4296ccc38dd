package embedded

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// OpenOn is Open on another file system, one that can lose what was not synced.
var OpenOn = open

// AppendKey is the order-preserving encoding; ParseVersion reads a change record.
var (
	AppendKey    = appendKey
	ParseVersion = parseVersion
)

// AppendTo is the inverse of ParseVersion.
func (v *version) AppendTo(dst []byte) []byte { return v.appendTo(dst) }

// Same reports whether two change records say the same.
func (v *version) Same(w version) bool {
	for _, b := range []*[]byte{&v.keys, &v.image, &w.keys, &w.image} {
		if len(*b) == 0 {
			*b = nil
		}
	}
	return reflect.DeepEqual(*v, w)
}

// SetFormat writes another format version.
func SetFormat(s *Store, version int) error {
	text := strings.Replace(string(s.catalog.Load().encode()), `"Format":1`, `"Format":`+strconv.Itoa(version), 1)
	return s.db.Set([]byte(catalogKey), []byte(text), pebble.Sync)
}

// CountVersions returns how many versions are stored.
func CountVersions(s *Store) (n int, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{versionSpace}, UpperBound: []byte{versionSpace + 1}})
	if err != nil {
		return 0, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	return n, it.Close()
}
