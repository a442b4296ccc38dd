//go:build integration

package integration_test

import (
	"path"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
)

// TestLakeSide lands, commits and compacts on S3 and Glue, and in a folder that is shown as a bucket; Trino and PyIceberg
// then count what the stream says there is.
func TestLakeSide(t *testing.T) {
	t.Parallel()
	c := newCloudSide(t)
	t.Run("sides", func(t *testing.T) {
		t.Run("S3 and Glue", func(t *testing.T) {
			t.Parallel()
			ring := newRing(t)
			s := c.bucket(t, "whole", tables.Options{})
			began := time.Now()
			s.fill(t, ring, rounds)
			t.Logf("SUMMARY lake side: %d changes landed twice, committed in %d commits and compacted on S3 and Glue in %s",
				ring.Truth().Changes, rounds, time.Since(began).Round(time.Millisecond))
			want := truth(ring)
			equal(t, "Trino", want, c.byTrino(t, "whole.passes_changes"))
			equal(t, "PyIceberg", want, c.byPyIceberg(t, "whole.passes_changes"))
			keys := c.trino.Query(t, "select count(*) from lake.whole.passes_base where _op not in ('remove', 'expire')")
			if got := whole(t, keys[0][0]); got != ring.Truth().Keys {
				t.Errorf("the base holds %d keys, want %d", got, ring.Truth().Keys)
			}
			if left, err := s.files.List(t.Context(), lake.LandingDir+"/"); err != nil || len(left) != 0 {
				t.Errorf("%d objects still lie in the landing, %v", len(left), err)
			}
		})
		t.Run("columns of every type", func(t *testing.T) {
			t.Parallel()
			everyKind(t, c)
		})
		t.Run("a damaged data file", func(t *testing.T) {
			t.Parallel()
			damagedDataFile(t, c)
		})
		t.Run("foreign commits", func(t *testing.T) {
			t.Parallel()
			foreignCommits(t, c)
		})
		t.Run("a folder shown as a bucket", func(t *testing.T) {
			t.Parallel()
			ring := newRing(t)
			s := c.folder(t)
			s.fill(t, ring, rounds)
			c.trino.Query(t, "create schema lake.shown")
			for _, table := range []*tables.Table{s.history.Changes, s.history.Base} {
				hint, err := s.files.Get(t.Context(), path.Join(lake.TablesDir, table.Name(), "metadata/version-hint.text"))
				if err != nil {
					t.Fatal(err)
				}
				c.trino.Query(t, "call lake.system.register_table(schema_name => 'shown', table_name => '"+table.Name()+
					"', table_location => '"+lake.URL(lake.TablesDir+"/"+table.Name())+"', metadata_file_name => 'v"+string(hint)+".metadata.json')")
			}
			want := truth(ring)
			equal(t, "Trino", want, c.byTrino(t, "shown.passes_changes"))
			equal(t, "PyIceberg", want, c.byPyIceberg(t, "shown.passes_changes"))
		})
	})
}

const rounds = 12

func newRing(t *testing.T) *synthetic.Ring {
	t.Helper()
	ring, err := synthetic.NewRing(synthetic.RingOptions{Options: synthetic.Options{Seed: 7, Rate: 0.05}, Bytes: 4 << 20, Lanes: 2, Batch: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	return ring
}
