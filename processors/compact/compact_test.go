package compact_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/schemas"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// visit is a change in the tests' history.
type visit struct {
	id, op, dt, region string
	seq                int
	n                  int64
}

// pond is a lake with one dataset in it.
type pond struct {
	testing.TB
	files   *dir.Dir
	dataset *schemas.Dataset
	h       compact.History
	commits int64
	name    int
	before  func(step, key string) // sees what is done to the tables; may be nil
}

func newPond(t testing.TB) *pond {
	t.Helper()
	root := filepath.Join(t.TempDir(), "lake")
	files, err := dir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	p := &pond{TB: t, files: files}
	cat, err := tables.OpenFolder(t.Context(), root, tables.Options{Before: func(step, key string) error {
		if p.before != nil {
			p.before(step, key)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	d := &schemas.Dataset{
		Name: "visits", Key: schemas.Key{Partition: "id"}, Sort: []string{"n"},
		Fields: []schemas.Field{{Name: "id", Type: schemas.String}, {Name: "n", Type: schemas.Int64}},
	}
	changes, err := cat.Table(t.Context(), tables.Spec{Name: d.ChangesTable(), Columns: d.ChangeColumns(), Partition: tables.ByDateAndRegion()})
	if err != nil {
		t.Fatal(err)
	}
	base, err := cat.Table(t.Context(), compact.BaseSpec(d))
	if err != nil {
		t.Fatal(err)
	}
	p.dataset, p.h = d, compact.History{Dataset: d, Changes: changes, Base: base}
	return p
}

func (p *pond) compactor(o compact.Options) *compact.Compactor {
	o.Now = func() time.Time { return noon }
	o.NewID = func() string { p.name++; return fmt.Sprintf("t%04d", p.name) }
	return compact.New(p.files, o)
}

// commit brings the visits, one file a partition.
func (p *pond) commit(visits ...visit) {
	p.Helper()
	p.commits++
	snap, err := p.h.Changes.Snapshot(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	var files []tables.NewFile
	for _, part := range p.partitions(visits) {
		files = append(files, p.file(part))
	}
	u := tables.Update{Marker: fmt.Sprint("m", p.commits), Commit: p.commits}
	if _, err := p.h.Changes.Append(p.Context(), snap, files, u); err != nil {
		p.Fatal(err)
	}
}

func (p *pond) partitions(visits []visit) [][]visit {
	by := map[string][]visit{}
	for _, v := range visits {
		by[v.dt+v.region] = append(by[v.dt+v.region], v)
	}
	var all [][]visit
	for _, part := range by {
		all = append(all, part)
	}
	return all
}

func (p *pond) file(visits []visit) tables.NewFile {
	p.Helper()
	b := columns.New(p.dataset.ChangeColumns())
	for _, v := range visits {
		day, err := time.Parse(time.DateOnly, v.dt)
		if err != nil {
			p.Fatal(err)
		}
		b.Leaf("_op").AppendString(v.op)
		b.Leaf("_shard").AppendString("s/1")
		b.Leaf("_seq").AppendString(fmt.Sprintf("%040d", v.seq))
		b.Leaf("_commit").AppendInt64(p.commits)
		b.Leaf("_at").AppendInt64(day.UnixMicro())
		b.Leaf("dt").AppendInt32(int32(day.Unix() / 86400))
		b.Leaf("region").AppendString(v.region)
		b.Leaf("id").AppendString(v.id)
		b.Leaf("n").AppendInt64(v.n)
		b.EndRow()
	}
	body, stats, err := columns.NewEncoder(p.dataset.ChangeColumns(), columns.EncoderOptions{}).Encode(nil, b)
	if err != nil {
		p.Fatal(err)
	}
	p.name++
	key := lake.DataKey("visits_changes", lake.DayPartition(visits[0].dt, visits[0].region), fmt.Sprintf("a%04d", p.name))
	if err := p.files.Put(p.Context(), key, body); err != nil {
		p.Fatal(err)
	}
	s := tables.Stats{Lower: map[int][]byte{}, Upper: map[int][]byte{}}
	for _, l := range stats.Clone().Leaves {
		s.Lower[l.ID], s.Upper[l.ID] = l.Lower, l.Upper
	}
	return tables.NewFile{URL: lake.URL(key), Rows: stats.Rows, Size: stats.Size, Dt: visits[0].dt, Region: visits[0].region, Bucket: -1, Stats: s}
}

// rows reads a table's rows as text, sorted, and how many files they are in.
func (p *pond) rows(t *tables.Table) (rows []string, files int) {
	p.Helper()
	snap, err := t.Snapshot(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	list, err := snap.Files(p.Context(), tables.Filter{})
	if err != nil {
		p.Fatal(err)
	}
	b := columns.New(p.dataset.ChangeColumns())
	for _, f := range list {
		key, err := lake.ParseURL(f.URL)
		if err != nil {
			p.Fatal(err)
		}
		r, size, err := p.files.Open(p.Context(), key)
		if err != nil {
			p.Fatal(err)
		}
		if err := columns.Read(r, size, b); err != nil {
			p.Fatal(err)
		}
		r.Close()
	}
	for i := range b.Rows() {
		seq := strings.TrimLeft(string(b.Leaf("_seq").BytesAt(i)), "0")
		rows = append(rows, fmt.Sprintf("%s %s %s c%d n%d %s", b.Leaf("id").BytesAt(i), b.Leaf("_op").BytesAt(i), seq,
			b.Leaf("_commit").Int64At(i), b.Leaf("n").Int64At(i), b.Leaf("region").BytesAt(i)))
	}
	slices.Sort(rows)
	return rows, len(list)
}

func TestMergeKeepsEveryRowAndItsCommit(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	for i := range 10 {
		p.commit(visit{"a", "modify", "2026-11-20", "dhaka", 10 + i, int64(9 - i)}, visit{"b", "insert", "2026-11-20", "sylhet", 100 + i, 1})
	}
	before, n := p.rows(p.h.Changes)
	if n != 20 {
		t.Fatalf("%d files before", n)
	}
	did, err := p.compactor(compact.Options{}).Merge(t.Context(), p.h)
	if err != nil || !did {
		t.Fatalf("Merge = %t, %v", did, err)
	}
	after, n := p.rows(p.h.Changes)
	if n != 2 {
		t.Errorf("%d files after, want one a partition", n)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if did, err := p.compactor(compact.Options{}).Merge(t.Context(), p.h); err != nil || did {
		t.Errorf("a second Merge = %t, %v", did, err)
	}
}

func TestMergeDropsOnlyEqualIdentities(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	p.commit(visit{"a", "insert", "2026-11-01", "dhaka", 1, 1})
	p.commit(visit{"a", "insert", "2026-11-01", "dhaka", 1, 1}) // the same change again
	p.commit(visit{"a", "leave", "2026-11-01", "dhaka", 1, 1})  // shares shard and number, not the operation
	p.commit(visit{"a", "modify", "2026-11-01", "dhaka", 2, 1}) // the same key later: history keeps it
	if did, err := p.compactor(compact.Options{}).Merge(t.Context(), p.h); err != nil || !did {
		t.Fatalf("Merge of a closed day = %t, %v", did, err)
	}
	got, n := p.rows(p.h.Changes)
	want := []string{"a insert 1 c1 n1 dhaka", "a leave 1 c3 n1 dhaka", "a modify 2 c4 n1 dhaka"}
	if diff := cmp.Diff(want, got); diff != "" || n != 1 {
		t.Errorf("%d files, %s", n, diff)
	}
}

func TestMergeLosesARaceAndTriesAgain(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	for i := range 9 {
		p.commit(visit{"a", "modify", "2026-11-20", "dhaka", 10 + i, 1})
	}
	c := p.compactor(compact.Options{})
	raced := compact.New(racing{p.files, func() { p.commit(visit{"z", "insert", "2026-11-20", "khulna", 99, 1}) }},
		compact.Options{Now: func() time.Time { return noon }, NewID: func() string { return "raced" }})
	if did, err := raced.Merge(t.Context(), p.h); err != nil || !did {
		t.Fatalf("Merge = %t, %v", did, err)
	}
	got, n := p.rows(p.h.Changes)
	if len(got) != 10 || n != 2 {
		t.Errorf("%d rows in %d files, want 10 in 2", len(got), n)
	}
	if err := c.Upkeep(t.Context(), p.h.Changes); err != nil {
		t.Error(err)
	}
}

// Commits that come while every replacement is made would win for ever if they did not wait in the end.
func TestMergeIsNotStarvedByCommits(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	for i := range 9 {
		p.commit(visit{"a", "modify", "2026-11-20", "dhaka", 10 + i, 1})
	}
	var commits sync.Mutex
	inside := false
	p.before = func(step, key string) {
		if step != "create" || inside || !commits.TryLock() {
			return
		}
		defer commits.Unlock()
		inside = true
		p.commit(visit{"z", "insert", "2026-11-20", "khulna", 99 + int(p.commits), 1})
		inside = false
	}
	if did, err := p.compactor(compact.Options{Commits: &commits}).Merge(t.Context(), p.h); err != nil || !did {
		t.Fatalf("Merge = %t, %v", did, err)
	}
	p.before = nil
	if got, n := p.rows(p.h.Changes); len(got) != int(p.commits) || n >= len(got) {
		t.Errorf("%d rows in %d files after %d commits", len(got), n, p.commits)
	}
}

// racing commits something else when the merged file is written.
type racing struct {
	*dir.Dir
	then func()
}

func (r racing) Put(ctx context.Context, key string, body []byte) error {
	err := r.Dir.Put(ctx, key, body)
	if strings.Contains(key, "raced") {
		r.then()
	}
	return err
}

func TestBaseHoldsTheLatestOfEachKey(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	c := p.compactor(compact.Options{BaseRows: 1})
	p.commit(visit{"a", "insert", "2026-11-20", "dhaka", 1, 1}, visit{"b", "insert", "2026-11-20", "dhaka", 2, 1}, visit{"c", "insert", "2026-11-20", "dhaka", 3, 1})
	mustMerge(t, c, p.h)
	p.commit(visit{"a", "modify", "2026-11-20", "khulna", 7, 5}, visit{"a", "leave", "2026-11-20", "dhaka", 7, 0}, visit{"b", "remove", "2026-11-20", "dhaka", 5, 0})
	p.commit(visit{"a", "modify", "2026-11-20", "khulna", 6, 4}) // a late older change of the same key
	mustMerge(t, c, p.h)
	got, _ := p.rows(p.h.Base)
	want := []string{"a modify 7 c2 n5 khulna", "b remove 5 c2 n0 dhaka", "c insert 3 c1 n1 dhaka"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	snap, err := p.h.Base.Snapshot(t.Context())
	if err != nil || snap.Through != 3 {
		t.Errorf("through %d, %v", snap.Through, err)
	}
	if did, err := c.MergeBase(t.Context(), p.h); err != nil || did {
		t.Errorf("a second MergeBase = %t, %v", did, err)
	}
}

func TestTombstonesGoWhenNothingCanBringThemBack(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	c := p.compactor(compact.Options{BaseRows: 1, Tombstones: 24 * time.Hour})
	p.commit(visit{"old", "remove", "2026-11-01", "dhaka", 1, 0}, visit{"new", "remove", "2026-11-20", "dhaka", 2, 0}, visit{"old2", "insert", "2026-11-01", "dhaka", 3, 0})
	mustMerge(t, c, p.h)
	got, _ := p.rows(p.h.Base)
	want := []string{"new remove 2 c1 n0 dhaka", "old2 insert 3 c1 n0 dhaka"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func mustMerge(t *testing.T, c *compact.Compactor, h compact.History) {
	t.Helper()
	if did, err := c.MergeBase(t.Context(), h); err != nil || !did {
		t.Fatalf("MergeBase = %t, %v", did, err)
	}
}
