package rollup_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/rollups"
	"github.com/tarn-lake/tarn/schemas"
)

// now is the tests' clock: 08:00 in Dhaka on 20 November.
var now = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)

// image is a record's values by field; a field that is absent is null.
type image map[string]any

// change is one row of a history in the making.
type change struct {
	op, shard, region string
	seq               int
	at                time.Time
	now, was          image
	left              string // the region that it left; empty: none
}

// pond is a lake with a registry's datasets, and two services over it: one that may use rollups and one that may not.
type pond struct {
	testing.TB
	root       string
	reg        *schemas.Registry
	files      *dir.Dir
	catalog    *tables.Catalog
	compactor  *compact.Compactor
	histories  map[string]compact.History
	rollups    map[string]*rollup.Rollup
	commits    map[string]int64
	with, bare *query.Service
	feeds      *query.Service // what rollups lack is read through it
	names      int
	seqs       int
	engine     query.Engine
	tight      tightness                     // of the engine that rollups are refreshed through
	meanwhile  func()                        // done once when it is asked next; may be nil
	kept       int                           // query.Options.Kept
	before     func(step, name string) error // of the tables; may be nil
}

// withoutRollups is a lake of which no rollup can be used.
type withoutRollups struct{ query.Lake }

func (l withoutRollups) Pin(ctx context.Context, relations []string) (*query.Pinned, error) {
	p, err := l.Lake.Pin(ctx, relations)
	if err == nil {
		p.Daily = nil
	}
	return p, err
}

func newPond(t testing.TB, reg *schemas.Registry) *pond {
	t.Helper()
	p := &pond{TB: t, reg: reg, histories: map[string]compact.History{}, rollups: map[string]*rollup.Rollup{}, commits: map[string]int64{}}
	p.root = filepath.Join(t.TempDir(), "lake")
	var err error
	if p.files, err = dir.Open(p.root); err != nil {
		t.Fatal(err)
	}
	p.catalog, err = tables.OpenFolder(t.Context(), p.root, tables.Options{Before: func(step, name string) error {
		if p.before != nil {
			return p.before(step, name)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := duckdb.Open(duckdb.Options{Dirs: []string{p.root}, Threads: 1, Connections: 1, TempDir: t.TempDir(), MemoryMB: 512})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	p.engine = engine
	p.compactor = compact.New(p.files, compact.Options{Now: func() time.Time { return now }, NewID: p.id, BaseRows: 20, FanIn: 3})
	p.serve(reg)
	return p
}

// serve opens the lake with the datasets as they are now.
func (p *pond) serve(reg *schemas.Registry) {
	p.Helper()
	over := query.NewLake(p.catalog, reg, nil)
	o := query.Options{Now: func() time.Time { return now }, CacheBytes: 1, Timeout: time.Minute, Kept: p.kept}
	p.reg, p.with, p.bare = reg, query.New(reg, over, p.engine, o), query.New(reg, withoutRollups{over}, p.engine, o)
	p.feeds = query.New(reg, over, tightEngine{p.engine, p}, o)
	for _, d := range reg.Datasets() {
		p.open(d)
	}
}

func (p *pond) id() string { p.names++; return fmt.Sprintf("t%05d", p.names) }

func (p *pond) open(d *schemas.Dataset) {
	p.Helper()
	h := compact.History{Dataset: d}
	var err error
	if h.Changes, err = p.catalog.Table(p.Context(), tables.Changes(d)); err != nil {
		p.Fatal(err)
	}
	if !d.Key.IsZero() {
		if h.Base, err = p.catalog.Table(p.Context(), compact.BaseSpec(d)); err != nil {
			p.Fatal(err)
		}
	}
	p.histories[d.Name] = h
	p.reopen(d)
}

func (p *pond) reopen(d *schemas.Dataset) {
	p.Helper()
	kept := p.reg.Daily(d.Name)
	if kept == nil {
		return
	}
	r, err := rollup.Open(p.Context(), p.catalog, kept, p.files, rollups.Source(p.feeds), rollup.Options{NewID: p.id, FanIn: 3, Now: func() time.Time { return now }})
	if err != nil {
		p.Fatal(err)
	}
	p.rollups[d.Name] = r
}

// refresh makes a dataset's rollup current.
func (p *pond) refresh(dataset string) bool {
	p.Helper()
	did, err := p.rollups[dataset].Refresh(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	return did
}

// daily returns a dataset's rollup table as it is.
func (p *pond) daily(dataset string) *tables.Snapshot {
	p.Helper()
	s, err := p.rollups[dataset].Table().Snapshot(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	return s
}

// commit brings the changes, one file a partition.
func (p *pond) commit(dataset string, said map[string]string, changes ...change) {
	p.Helper()
	h := p.histories[dataset]
	p.commits[dataset]++
	snap, err := h.Changes.Snapshot(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	parts := map[string]*columns.Batch{}
	for _, c := range changes {
		p.row(h.Dataset, parts, c, c.op, c.region)
		if c.left != "" {
			p.row(h.Dataset, parts, change{op: "leave", shard: c.shard, seq: c.seq, at: c.at, now: c.now}, "leave", c.left)
		}
	}
	var files []tables.NewFile
	for name, b := range parts {
		files = append(files, p.file(h.Dataset, name, b))
	}
	late := slices.ContainsFunc(changes, func(c change) bool { return !lake.IsShard(c.shard) }) // as the committer says of them
	u := tables.Update{Marker: p.id(), Commit: p.commits[dataset], Summary: said, Late: late}
	if _, err := h.Changes.Append(p.Context(), snap, files, u); err != nil {
		p.Fatal(err)
	}
}

// row adds a row to the batch of its partition.
func (p *pond) row(d *schemas.Dataset, parts map[string]*columns.Batch, c change, op, region string) {
	p.Helper()
	dt := c.at
	if at, ok := c.now[d.Date.Field].(time.Time); ok && d.Date.From == "field" {
		dt = at
	}
	if dt = dt.UTC().Truncate(24 * time.Hour); d.Date.Grain == "month" {
		dt = dt.AddDate(0, 0, 1-dt.Day())
	}
	name := lake.DayPartition(dt.Format(time.DateOnly), region)
	b := parts[name]
	if b == nil {
		b = columns.New(d.ChangeColumns())
		parts[name] = b
	}
	b.Leaf("_op").AppendString(op)
	b.Leaf("_shard").AppendString(c.shard)
	b.Leaf("_seq").AppendString(fmt.Sprintf("%040d", c.seq))
	b.Leaf("_commit").AppendInt64(p.commits[d.Name])
	b.Leaf("_at").AppendInt64(c.at.UnixMicro())
	b.Leaf("dt").AppendInt32(int32(dt.Unix() / 86400))
	b.Leaf("region").AppendString(region)
	for name, v := range c.now {
		if op == "leave" || op == "remove" || op == "expire" {
			if name != d.Key.Partition {
				continue
			}
		}
		put(b.Leaf(name), v)
	}
	if op == "modify" || op == "remove" || op == "expire" {
		for name, v := range c.was {
			if slices.Contains(d.Track, name) {
				put(b.Leaf("old_"+name), v)
			}
		}
	}
	if op == "modify" && c.was != nil {
		b.Leaf("_changed.element").AppendString("status")
	}
	b.EndRow()
}

func put(l *columns.Leaf, v any) {
	if l == nil {
		return
	}
	switch v := v.(type) {
	case nil:
	case string:
		l.AppendString(v)
	case bool:
		l.AppendBool(v)
	case time.Time:
		l.AppendInt64(v.UnixMicro())
	case int64:
		if l.Kind == columns.Int32 {
			l.AppendInt32(int32(v))
		} else {
			l.AppendInt64(v)
		}
	default:
		panic(fmt.Sprintf("%s: %T", l.Path, v))
	}
}

func (p *pond) file(d *schemas.Dataset, partition string, b *columns.Batch) tables.NewFile {
	p.Helper()
	body, stats, err := columns.NewEncoder(d.ChangeColumns(), columns.EncoderOptions{}).Encode(nil, b)
	if err != nil {
		p.Fatal(err)
	}
	key := lake.DataKey(d.ChangesTable(), partition, p.id())
	if err := p.files.Put(p.Context(), key, body); err != nil {
		p.Fatal(err)
	}
	said := tables.NewStats(stats.SplitOffsets)
	for _, l := range stats.Clone().Leaves {
		said.Add(l.ID, l.Size, l.Values, l.Nulls, l.Lower, l.Upper)
	}
	return tables.NewFile{URL: lake.URL(key), Rows: stats.Rows, Size: stats.Size, Bucket: -1, Stats: said,
		Dt: time.Unix(int64(b.Leaf("dt").Int64At(0))*86400, 0).UTC().Format(time.DateOnly), Region: string(b.Leaf("region").BytesAt(0))}
}

// draw returns a value for a field, few of each kind so that rows share groups.
func draw(rng *rand.Rand, f *schemas.Field, codes []string) any {
	if !f.Required && rng.IntN(6) == 0 {
		return nil
	}
	if f.Privacy.Rule == "mask" || f.Privacy.Rule == "band" {
		return fmt.Sprintf("masked%d", rng.IntN(4))
	}
	switch f.Type {
	case schemas.String:
		return []string{"Bank", "Airport", "a", "b'\"c", ""}[rng.IntN(5)]
	case schemas.Enum:
		return codes[rng.IntN(len(codes))]
	case schemas.Int32, schemas.Int64:
		return int64(rng.IntN(5)) - 1
	case schemas.Decimal:
		return int64(rng.IntN(3_000)) - 500
	case schemas.Boolean:
		return rng.IntN(2) == 0
	case schemas.Timestamp:
		// Around local midnights, where days part.
		day := now.Truncate(24*time.Hour).AddDate(0, 0, -rng.IntN(4)).Add(-6 * time.Hour)
		return day.Add([]time.Duration{0, -time.Microsecond, time.Hour, 13 * time.Hour, 23*time.Hour + 59*time.Minute}[rng.IntN(5)])
	}
	return nil
}
