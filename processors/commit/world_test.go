package commit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/schemas"
)

var _ commit.Files = (*dir.Dir)(nil)

// tb is what both tests and rapid's checks offer.
type tb interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// world is a lake in a folder and a committer on it; hooks break it.
type world struct {
	root      string
	registry  *schemas.Registry
	files     *faulty
	cat       *tables.Catalog
	committer *commit.Committer
	opts      commit.Options

	mu     sync.Mutex
	before func(step, key string) error // of the catalog and of the files
}

// faulty is the files with functions in the way.
type faulty struct {
	*dir.Dir
	ListFunc func(ctx context.Context, prefix string) ([]fs.FileInfo, error)
	GetFunc  func(ctx context.Context, key string) ([]byte, error)
}

func (f *faulty) List(ctx context.Context, prefix string) ([]fs.FileInfo, error) {
	if f.ListFunc != nil {
		return f.ListFunc(ctx, prefix)
	}
	return f.Dir.List(ctx, prefix)
}

func (f *faulty) Get(ctx context.Context, key string) ([]byte, error) {
	if f.GetFunc != nil {
		return f.GetFunc(ctx, key)
	}
	return f.Dir.Get(ctx, key)
}

// scratch is a folder in memory where the system has one: these tests sync thousands of times.
func scratch(t testing.TB) string {
	t.Helper()
	root, err := os.MkdirTemp("/dev/shm", "tarn-commit-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	return root
}

func newWorld(t tb, root string) *world {
	t.Helper()
	w := &world{root: root, registry: registry(), opts: commit.Options{Workers: 2}}
	w.start(t)
	return w
}

// start is the process starting: whatever was in memory is gone.
func (w *world) start(t tb) {
	t.Helper()
	w.hook(nil)
	d, err := dir.Open(w.root)
	if err != nil {
		t.Fatal(err)
	}
	d.Before = func(step, key string) error { return w.step("file "+step, key) }
	w.files = &faulty{Dir: d}
	w.cat, err = tables.OpenFolder(context.Background(), w.root, tables.Options{Before: func(step, key string) error { return w.step("table "+step, key) }})
	if err != nil {
		t.Fatal(err)
	}
	w.committer = commit.New(w.files, w.cat, w.registry, w.opts)
}

func (w *world) hook(before func(step, key string) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = before
}

// failAt lets the n-th durable step fail, and with dies every one after it. It returns what tells whether it came to that.
func (w *world) failAt(n int, dies bool) (reached func() bool) {
	var mu sync.Mutex
	steps := 0
	w.hook(func(string, string) error {
		mu.Lock()
		defer mu.Unlock()
		if steps++; steps == n || dies && steps > n {
			return errDown
		}
		return nil
	})
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		return steps >= n
	}
}

func (w *world) step(step, key string) error {
	w.mu.Lock()
	before := w.before
	w.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(step, key)
}

// rec is one record of a stream, as it should end up in a table.
type rec struct {
	table  string // dataset's name, or quarantine
	lane   string
	seq    int
	op     string
	dt     string
	region string
	value  string
}

func (r rec) String() string {
	return fmt.Sprintf("%s %s/%d %s %s %s %s", r.table, r.lane, r.seq, r.op, r.dt, r.region, r.value)
}

// note is everything of a landed object that is not rows.
type note struct {
	first, last int
	after       int // 0: unknown
	begin       bool
	final       bool
	through     time.Time
}

func (w *world) land(t tb, lane string, n note, rows ...rec) string {
	t.Helper()
	l := w.landed(t, lane, n, rows...)
	if err := w.files.Dir.Put(context.Background(), l.Key(), lake.AppendLanded(nil, l)); err != nil {
		t.Fatal(err)
	}
	return l.Key()
}

func (w *world) landed(t tb, lane string, n note, rows ...rec) *lake.Landed {
	t.Helper()
	l := &lake.Landed{
		LandedName: lake.LandedName{Stream: "moves", Lane: lane, First: seq(n.first), Last: seq(n.last), Version: lake.LandedVersion},
		Begin:      n.begin, Final: n.final, Records: len(rows), Through: n.through,
	}
	if n.after > 0 {
		l.After = seq(n.after)
	}
	if l.Through.IsZero() {
		l.Through = at(n.last)
	}
	for _, section := range []string{"applicants", "heartbeats", "passes", "quarantine"} {
		s := w.section(t, section, rows)
		if s.Rows > 0 {
			l.Sections = append(l.Sections, s)
		}
		if section == "quarantine" {
			l.Bad = s.Rows
		}
	}
	return l
}

func (w *world) section(t tb, name string, rows []rec) lake.Section {
	t.Helper()
	cols := slices.DeleteFunc(schemas.QuarantineColumns(), func(c schemas.Column) bool { return c.Name == schemas.ColCommit })
	if name == schemas.HeartbeatTable {
		cols = slices.DeleteFunc(schemas.HeartbeatColumns(), func(c schemas.Column) bool { return c.Name == schemas.ColCommit })
	}
	if d, ok := w.registry.Dataset(name); ok {
		cols = d.LandedColumns()
	}
	b := columns.New(cols)
	for _, r := range rows {
		if r.table != name {
			continue
		}
		day, err := time.Parse(time.DateOnly, r.dt)
		if err != nil {
			t.Fatal(err)
		}
		b.Leaf(schemas.ColOp).AppendString(r.op)
		b.Leaf(schemas.ColShard).AppendString(r.lane)
		b.Leaf(schemas.ColSeq).AppendString(string(seq(r.seq)))
		b.Leaf(schemas.ColAt).AppendInt64(at(r.seq).UnixMicro())
		b.Leaf(schemas.ColDate).AppendInt32(int32(day.Unix() / 86400))
		b.Leaf(schemas.ColRegion).AppendString(r.region)
		switch name {
		case schemas.HeartbeatTable:
			b.Leaf("stream").AppendString("moves")
		case schemas.QuarantineTable:
			b.Leaf("stream").AppendString("moves")
			b.Leaf("reason").AppendString(r.value)
			b.Leaf("payload").AppendString("{}")
		default:
			b.Leaf("value").AppendString(r.value)
		}
		b.EndRow()
	}
	body, _, err := columns.NewEncoder(cols, columns.EncoderOptions{}).Encode(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	return lake.Section{Dataset: name, Rows: b.Rows(), Body: body}
}

func (w *world) commit(t tb) commit.Report {
	t.Helper()
	report, err := w.committer.Commit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func (w *world) snapshot(t tb, table string) *tables.Snapshot {
	t.Helper()
	tab, err := w.cat.Existing(context.Background(), table)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := tab.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// stored is one row as another library reads it.
type stored struct {
	Op     string  `parquet:"_op"`
	Shard  string  `parquet:"_shard"`
	Seq    string  `parquet:"_seq"`
	Commit int64   `parquet:"_commit"`
	At     int64   `parquet:"_at"`
	Dt     int32   `parquet:"dt"`
	Region string  `parquet:"region"`
	Value  *string `parquet:"value,optional"`
	Reason *string `parquet:"reason,optional"`
}

// rows reads the whole lake with another library and holds each file to its partition, its order and its statistics.
func (w *world) rows(t tb) []string {
	t.Helper()
	var all []string
	names, err := w.cat.Names(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name == schemas.LedgerTable {
			continue
		}
		snap := w.snapshot(t, name)
		files, err := snap.Files(context.Background(), tables.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		var total int64
		for _, f := range files {
			total += f.Rows
			all = append(all, w.file(t, strings.TrimSuffix(name, "_changes"), f)...)
		}
		if total != snap.Rows {
			t.Errorf("%s: %d rows in files, the snapshot says %d", name, total, snap.Rows)
		}
	}
	slices.Sort(all)
	return all
}

func (w *world) file(t tb, table string, f tables.File) []string {
	t.Helper()
	body, err := w.files.Dir.Get(context.Background(), strings.TrimPrefix(f.URL, "s3://lake/"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.Read[stored](bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(rows)) != f.Rows || int64(len(body)) != f.Size {
		t.Errorf("%s: %d rows, %d bytes; its entry says %d, %d", f.URL, len(rows), len(body), f.Rows, f.Size)
	}
	var all []string
	last := ""
	for _, r := range rows {
		dt := time.Unix(int64(r.Dt)*86400, 0).UTC().Format(time.DateOnly)
		if dt != f.Dt || r.Region != f.Region || !strings.Contains(f.URL, "/"+lake.DayPartition(dt, r.Region)+"/") {
			t.Errorf("%s (%s, %s) holds a row of %s, %s", f.URL, f.Dt, f.Region, dt, r.Region)
		}
		if r.Commit < f.LowerCommit || r.Commit > f.UpperCommit || r.Commit == 0 {
			t.Errorf("%s (commits %d to %d) holds a row of commit %d", f.URL, f.LowerCommit, f.UpperCommit, r.Commit)
		}
		value := r.Reason
		if r.Value != nil {
			value = r.Value
		}
		key := fmt.Sprintf("%020d %s", r.At, r.Seq)
		if table == "passes" {
			key = *value + " " + key
		}
		if key < last {
			t.Errorf("%s is not sorted: %s after %s", f.URL, key, last)
		}
		last = key
		n, err := lake.ParseSeq(r.Seq)
		if err != nil {
			t.Fatal(err)
		}
		var number int
		_, _ = fmt.Sscan(n.Short(), &number)
		all = append(all, rec{table, r.Shard, number, r.Op, dt, r.Region, *value}.String())
	}
	return all
}

func (w *world) landing(t tb) []string {
	t.Helper()
	found, err := w.files.Dir.List(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, f := range found {
		if !strings.HasPrefix(f.Name(), lake.TablesDir+"/") {
			keys = append(keys, f.Name())
		}
	}
	return keys
}

// dataFiles counts the Parquet files in the folder, those of no snapshot too.
func (w *world) dataFiles(t tb) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(w.root, "tables/*/data/*/*/*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func registry() *schemas.Registry {
	dataset := func(name string, sort ...string) *schemas.Dataset {
		return &schemas.Dataset{
			Name: name, Stream: "moves", Zone: time.UTC, Key: schemas.Key{Partition: "value"}, Sort: sort,
			Fields: []schemas.Field{{Name: "value", Type: schemas.String}, {Name: "tags", Type: schemas.Set, Elem: &schemas.Field{Type: schemas.String}}},
		}
	}
	return schemas.NewRegistry([]*schemas.Dataset{dataset("passes", "value"), dataset("applicants")}, nil, nil)
}

func seq(n int) lake.Seq { return lake.Seq(fmt.Sprintf("%040d", n)) }

func at(n int) time.Time {
	return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Second)
}

func pass(lane string, n int) rec {
	return rec{"passes", lane, n, "insert", "2026-11-20", "dhaka", fmt.Sprintf("p%d", n)}
}

func applicant(lane string, n int) rec {
	return rec{"applicants", lane, n, "modify", "2026-11-20", "sylhet", fmt.Sprintf("a%d", n)}
}

func bad(lane string, n int) rec {
	return rec{"quarantine", lane, n, "insert", "2026-11-20", "unknown", "number out of range"}
}

func beat(lane string, n int) rec {
	return rec{"heartbeats", lane, n, "modify", "2026-11-20", "all", ""}
}

func texts(rows ...rec) []string {
	var all []string
	for _, r := range rows {
		all = append(all, r.String())
	}
	slices.Sort(all)
	return all
}

func passes(lane string, from, to int) []rec {
	var all []rec
	for n := from; n <= to; n++ {
		all = append(all, pass(lane, n))
	}
	return all
}

var errDown = errors.New("the power is gone")

var _ tb = (*testing.T)(nil)
