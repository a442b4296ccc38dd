//go:build integration

package integration_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/schemas"
)

const appendByPython = `
import sys
import pyarrow as pa
t = lake.load_table(sys.argv[1])
rows = t.scan(limit=3).to_arrow()
at = rows.schema.get_field_index("_shard")
t.append(rows.set_column(at, rows.schema.field(at), pa.array(["python/1"] * len(rows), rows.schema.field(at).type)))
`

// foreignCommits: other engines write into a table of ours between our commits. What they wrote stays, is told once, and
// is named by our next commit; nothing of ours is lost or doubled.
func foreignCommits(t *testing.T, c *cloudSide) {
	var mu sync.Mutex
	var told []tables.Foreign
	s := c.bucket(t, "visited", tables.Options{Observe: func(e telemetry.Event) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, e.(tables.Foreign))
	}})
	ring := newRing(t)
	s.fill(t, ring, 2)
	const table = "lake.visited.passes_changes"
	c.trino.Query(t, "insert into "+table+" select "+columnsFrom(s, "'trino/1'")+" from "+table+" limit 5")
	integration.PyIceberg(t, c.glue, c.objects, appendByPython, "visited.passes_changes")
	before := now(t, s)
	if got := before.Foreign(); len(got) != 2 || got[0].Added != 3 || got[1].Added != 5 || got[0].Operation != "append" {
		t.Errorf("the foreign commits are %+v", got)
	}

	s.fill(t, ring, 1) // commits, compacts, merges the base
	after := now(t, s)
	want := ring.Truth().Rows() + 5 + 3
	if after.Rows != want {
		t.Errorf("%d rows, want %d", after.Rows, want)
	}
	files, err := after.Files(t.Context(), tables.Filter{})
	parts := map[string]bool{}
	for _, f := range files {
		parts[f.Dt+f.Region] = true
	}
	if err != nil || len(files) != len(parts) {
		t.Errorf("%d files in %d partitions, %v: what others wrote was not compacted with ours", len(files), len(parts), err)
	}
	for shard, rows := range map[string]int64{"trino/1": 5, "python/1": 3} {
		if got := whole(t, c.trino.Query(t, "select count(*) from "+table+" where _shard = '"+shard+"'")[0][0]); got != rows {
			t.Errorf("%d rows of %s, want %d", got, shard, rows)
		}
	}
	mu.Lock()
	if len(told) != 2 {
		t.Errorf("told %d times of foreign commits, want 2: %+v", len(told), told)
	}
	mu.Unlock()
	var named []string
	for _, said := range after.Lately(10) {
		if ids := said["tarn.foreign"]; ids != "" {
			named = append(named, strings.Split(ids, ",")...)
		}
	}
	if len(named) != 2 || named[0] != strconv.FormatInt(before.Foreign()[0].Snapshot, 10) {
		t.Errorf("our commit names the foreign ones %v", named)
	}
	if found := after.Foreign(); len(found) != 0 {
		t.Errorf("still new: %+v", found)
	}
	deletedInPlace(t, c, s, table)
}

// deletedInPlace: rows that another engine deletes without rewriting files are not counted as if they were there: the
// table is refused until that engine has rewritten them, and goes on.
func deletedInPlace(t *testing.T, c *cloudSide, s *side, table string) {
	rows := now(t, s).Rows
	c.trino.Query(t, "delete from "+table+" where _shard = 'trino/1'")
	if _, err := now(t, s).Files(t.Context(), tables.Filter{}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "optimize") {
		t.Errorf("a table with rows deleted in place is planned: %v", err)
	}
	c.trino.Query(t, "alter table "+table+" execute optimize")
	files, err := now(t, s).Files(t.Context(), tables.Filter{})
	var left int64
	for _, f := range files {
		left += f.Rows
	}
	if err != nil || left != rows-5 {
		t.Errorf("after the rewrite: %d rows, %v; want %d", left, err, rows-5)
	}
}

func now(t *testing.T, s *side) *tables.Snapshot {
	t.Helper()
	snap, err := s.history.Changes.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// columnsFrom lists the history's columns for a SELECT, with another shard.
func columnsFrom(s *side, shard string) string {
	var all []string
	for _, column := range s.history.Dataset.ChangeColumns() {
		name := `"` + strings.ToLower(column.Name) + `"`
		if column.Name == schemas.ColShard {
			name = shard
		}
		all = append(all, name)
	}
	return strings.Join(all, ", ")
}
