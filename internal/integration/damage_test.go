//go:build integration

package integration_test

import (
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
)

// damagedDataFile: compaction names a data file that it cannot read and leaves the table as it is; once the file is
// restored it goes on, and every row is there.
func damagedDataFile(t *testing.T, c *cloudSide) {
	s := c.bucket(t, "damaged", tables.Options{})
	ring := newRing(t)
	s.land(t, ring)
	s.land(t, ring)
	before := now(t, s)
	files, err := before.Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	victim := files[0]
	for _, f := range files { // one that has company in its partition, so that it is merged
		for _, other := range files {
			if other.URL != f.URL && other.Dt == f.Dt && other.Region == f.Region {
				victim = f
			}
		}
	}
	key, err := lake.ParseURL(victim.URL)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := s.files.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"cut": whole[:len(whole)/2], "zeroes": append(make([]byte, len(whole)-64), whole[len(whole)-64:]...), "empty": {}} {
		if err := s.files.Put(t.Context(), key, body); err != nil {
			t.Fatal(err)
		}
		if _, err := s.compactor.Merge(t.Context(), s.history); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: got %v, want an error that names %s", name, err, key)
		}
		if got := now(t, s); got.ID != before.ID && got.Rows != before.Rows {
			t.Errorf("%s: the table was changed", name)
		}
	}
	if err := s.files.Put(t.Context(), key, whole); err != nil {
		t.Fatal(err)
	}
	s.keep(t)
	if got := now(t, s); got.Rows != ring.Truth().Rows() {
		t.Errorf("%d rows, want %d", got.Rows, ring.Truth().Rows())
	}
}
