package node_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

// vandal damages the passes of a lake by hand.
type vandal struct {
	tb    testing.TB
	table *tables.Table
	base  *tables.Snapshot
	files []tables.File // those that are not damaged yet
	cols  []schemas.Column
}

func newVandal(tb testing.TB, data string) *vandal {
	tb.Helper()
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	return newVandalOf(tb, data, registry, "passes")
}

func newVandalOf(tb testing.TB, data string, registry *schemas.Registry, dataset string) *vandal {
	tb.Helper()
	d, _ := registry.Dataset(dataset)
	catalog, err := tables.OpenFolder(tb.Context(), filepath.Join(data, "lake"), tables.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	v := &vandal{tb: tb, cols: d.ChangeColumns()}
	if v.table, err = catalog.Table(tb.Context(), tables.Changes(d)); err != nil {
		tb.Fatal(err)
	}
	v.reload()
	if v.files, err = v.base.Files(tb.Context(), tables.Filter{}); err != nil {
		tb.Fatal(err)
	}
	return v
}

func (v *vandal) reload() {
	v.tb.Helper()
	var err error
	if v.base, err = v.table.Snapshot(v.tb.Context()); err != nil {
		v.tb.Fatal(err)
	}
}

func (v *vandal) read(f tables.File) *columns.Batch {
	v.tb.Helper()
	body, err := os.ReadFile(f.Path)
	if err != nil {
		v.tb.Fatal(err)
	}
	b := columns.New(v.cols)
	if err := columns.Read(bytes.NewReader(body), int64(len(body)), b); err != nil {
		v.tb.Fatal(err)
	}
	return b
}

// take returns a file with a row that the condition takes, and does not return it again.
func (v *vandal) take(wanted func(b *columns.Batch, row int) bool) (tables.File, *columns.Batch, int) {
	v.tb.Helper()
	for i, f := range v.files {
		b := v.read(f)
		for row := range b.Rows() {
			if wanted(b, row) {
				v.files = slices.Delete(v.files, i, i+1)
				return f, b, row
			}
		}
	}
	v.tb.Fatal("no file has such a row")
	return tables.File{}, nil, 0
}

// encode makes a file of the rows, of the partition of another.
func (v *vandal) encode(like tables.File, b *columns.Batch) (tables.NewFile, []byte) {
	v.tb.Helper()
	body, stats, err := columns.NewEncoder(v.cols, columns.EncoderOptions{}).Encode(nil, b)
	if err != nil {
		v.tb.Fatal(err)
	}
	s := tables.NewStats(stats.SplitOffsets)
	for _, l := range stats.Clone().Leaves {
		s.Add(l.ID, l.Size, l.Values, l.Nulls, l.Lower, l.Upper)
	}
	url := strings.TrimSuffix(like.URL, ".parquet") + "-by-hand.parquet"
	return tables.NewFile{URL: url, Rows: stats.Rows, Size: stats.Size, Dt: like.Dt, Region: like.Region, Bucket: -1, Stats: s}, body
}

func (v *vandal) put(like tables.File, f tables.NewFile, body []byte) {
	v.tb.Helper()
	if err := os.WriteFile(strings.TrimSuffix(like.Path, ".parquet")+"-by-hand.parquet", body, 0o600); err != nil {
		v.tb.Fatal(err)
	}
}

func opIs(op record.Op) func(*columns.Batch, int) bool {
	return func(b *columns.Batch, row int) bool { return string(b.Leaf(schemas.ColOp).BytesAt(row)) == string(op) }
}

// change returns the identity and key of a row.
func change(b *columns.Batch, row int) (shard, seq, key string) {
	return string(b.Leaf(schemas.ColShard).BytesAt(row)), lake.Seq(b.Leaf(schemas.ColSeq).BytesAt(row)).Short(), string(b.Leaf("id").BytesAt(row))
}

// named reports whether a report names the change so.
func named(r verify.Report, what, shard, seq, key string) bool {
	return slices.ContainsFunc(r.Differences, func(d verify.Difference) bool {
		return d.What == what && d.Shard == shard && d.Seq == seq && d.Key == key
	})
}

// mustRemove removes some passes from the store of a folder.
func mustRemove(tb testing.TB, data string, n int) {
	tb.Helper()
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	d, _ := registry.Dataset("passes")
	store, err := embedded.Open(filepath.Join(data, "store"), ingest.Tables(registry), embedded.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	page, err := store.Scan(tb.Context(), ingest.Scan{Table: d.Table, Limit: n})
	if err != nil {
		tb.Fatal(err)
	}
	for _, item := range page.Items {
		if err := store.Write(tb.Context(), ingest.Action{Kind: ingest.Delete, Table: d.Table, Key: ingest.Key{Partition: item["id"]}}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		tb.Fatal(err)
	}
}

// TestVerifyNamesAndRepairMends damages a lake by hand in four ways: a file is lost, a batch doubled, a delete
// resurrected and a value corrupted. All four are named, mended from the source, and nothing is left.
func TestVerifyNamesAndRepairMends(t *testing.T) {
	t.Parallel()
	n, data := mustHistory(t, 800)
	before := mustVerify(t, n, node.VerifyArgs{})
	certified := mustCertify(t, n, node.VerifyArgs{})
	mustStand(t, n, certified, true)
	v := newVandal(t, data)

	removal, b, gone := v.take(opIs(record.Remove))
	goneShard, goneSeq, goneKey := change(b, gone)
	without := columns.New(v.cols)
	var others []int32
	for i := range b.Rows() {
		if i != gone {
			others = append(others, int32(i))
		}
	}
	if err := without.Gather(b, others); err != nil {
		t.Fatal(err)
	}
	f, body := v.encode(removal, without)
	v.put(removal, f, body)
	if _, err := v.table.Replace(t.Context(), v.base, []tables.File{removal}, []tables.NewFile{f}, tables.Update{Marker: "resurrect"}); err != nil {
		t.Fatal(err)
	}

	v.reload()
	twice, b, row := v.take(opIs(record.Insert))
	twiceShard, twiceSeq, twiceKey := change(b, row)
	f, body = v.encode(twice, b)
	v.put(twice, f, body)
	if _, err := v.table.Append(t.Context(), v.base, []tables.NewFile{f}, tables.Update{Marker: "double"}); err != nil {
		t.Fatal(err)
	}

	wrong, b, row := v.take(opIs(record.Modify))
	wrongShard, wrongSeq, wrongKey := change(b, row)
	b.Leaf("toLocation").BytesAt(row)[0] ^= 1
	_, body = v.encode(wrong, b)
	if err := os.WriteFile(wrong.Path, body, 0o600); err != nil {
		t.Fatal(err)
	}

	lost, b, _ := v.take(func(b *columns.Batch, row int) bool { // another than holds the record that is to be seen resurrected
		return opIs(record.Insert)(b, row) && !holdsKey(b, goneKey)
	})
	if err := os.Remove(lost.Path); err != nil {
		t.Fatal(err)
	}

	r := mustVerify(t, n, node.VerifyArgs{Changes: true})
	t.Logf("%d missing, %d doubled, %d different, %d extra, lost %v", r.Missing, r.Doubled, r.Different, r.Extra, r.Pin.Lost)
	if !slices.Equal(r.Pin.Lost, []string{lost.Path}) || r.Missing != lost.Rows-leaves(b)+1 || r.Different != 1 || r.Extra != 0 {
		t.Errorf("got %+v", r)
	}
	for _, c := range []struct{ what, shard, seq, key string }{
		{verify.Missing, goneShard, goneSeq, goneKey}, {verify.Doubled, twiceShard, twiceSeq, twiceKey},
		{verify.Different, wrongShard, wrongSeq, wrongKey},
	} {
		if !named(r, c.what, c.shard, c.seq, c.key) {
			t.Errorf("%s of %s at %s:%s is not named", c.what, c.key, c.shard, c.seq)
		}
	}
	if !slices.ContainsFunc(r.Differences, func(d verify.Difference) bool { return d.What == verify.Missing && holds(b, d) }) {
		t.Error("no change of the lost file is named")
	}
	if r := mustVerify(t, n, node.VerifyArgs{}); r.Clean() || !slices.ContainsFunc(r.Differences, func(d verify.Difference) bool { return d.Key == goneKey && d.What == verify.Extra }) {
		t.Errorf("state: got %+v", r)
	}

	mustStand(t, n, certified, false)

	var mended []node.Repaired
	if err := n.Do(t.Context(), "repair", node.RepairArgs{Datasets: []string{"passes"}}, &mended, node.Silent); err != nil {
		t.Fatal(err)
	}
	m := mended[0]
	t.Logf("forgotten %d, dropped %d, landed %d, snapshots %d, removed %d, cannot %v", len(m.Forgotten), m.Dropped, m.Landed, m.Snapshots, m.Removed, m.Cannot)
	if !m.Clean() || len(m.After) != 2 || m.Dropped == 0 || m.Landed != r.Missing+1 {
		t.Errorf("got %+v", m)
	}
	after := mustVerify(t, n, node.VerifyArgs{})
	if !after.Clean() || after.History != before.History || after.LakeSum != before.LakeSum {
		t.Errorf("got %+v, want what was before, %+v", after, before)
	}
	for _, a := range []node.VerifyArgs{{}, {Changes: true}} {
		c := mustCertify(t, n, a)
		if !c.Reports[0].Clean() {
			t.Errorf("got %+v", c.Reports)
		}
		mustStand(t, n, c, true)
	}
}

func mustCertify(tb testing.TB, n *node.Node, a node.VerifyArgs) (c node.Certified) {
	tb.Helper()
	a.Datasets = []string{"passes"}
	if err := n.Do(tb.Context(), "certify", a, &c, node.Silent); err != nil {
		tb.Fatal(err)
	}
	return c
}

// mustStand fails the test unless the lake still says what a clean certificate says, or no longer does.
func mustStand(tb testing.TB, n *node.Node, c node.Certified, want bool) {
	tb.Helper()
	var all []node.Checked
	if err := n.Do(tb.Context(), "certificate", node.CertificateArgs{Certificate: c.Certificate}, &all, node.Silent); err != nil {
		tb.Fatal(err)
	}
	if len(all) != 1 || !all[0].Clean || all[0].Same != want {
		tb.Errorf("got %+v, want the same: %t", all, want)
	}
}

// holds reports whether the batch has the change.
func holds(b *columns.Batch, d verify.Difference) bool {
	for row := range b.Rows() {
		if shard, seq, key := change(b, row); shard == d.Shard && seq == d.Seq && key == d.Key {
			return true
		}
	}
	return false
}

func holdsKey(b *columns.Batch, want string) bool {
	for row := range b.Rows() {
		if _, _, key := change(b, row); key == want {
			return true
		}
	}
	return false
}

func leaves(b *columns.Batch) (n int64) {
	for row := range b.Rows() {
		if opIs(record.Leave)(b, row) {
			n++
		}
	}
	return n
}
