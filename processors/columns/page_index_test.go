package columns_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// manyPages is a batch whose chunks take several pages: sorted, random, long, repeated, mostly null, and a dictionary.
func manyPages(n int) *columns.Batch {
	long := col(3, "long", schemas.String)
	cols := []schemas.Column{must(col(1, "sorted", schemas.Int64)), col(2, "random", schemas.Int32), long,
		listOf(col(4, "list", schemas.List), must(col(5, "", schemas.String))), col(6, "rare", schemas.Boolean),
		col(7, "few", schemas.String), col(8, "never", schemas.String), col(9, "raw", schemas.Binary)}
	b := columns.New(cols)
	g := rand.New(rand.NewPCG(3, 4))
	for i := range n {
		b.Leaf("sorted").AppendInt64(int64(i))
		if g.IntN(5) > 0 {
			b.Leaf("random").AppendInt32(int32(g.Uint32()))
		}
		if g.IntN(3) > 0 {
			b.Leaf("long").AppendString(strings.Repeat("é", g.IntN(80)) + fmt.Sprint(g.IntN(1e9)))
		}
		for k := range g.IntN(4) {
			b.Leaf("list.element").AppendString(fmt.Sprint("item ", g.IntN(1e6)))
			if k > 0 {
				b.Leaf("list.element").Repeat()
			}
		}
		if i%30_000 == 5 {
			b.Leaf("rare").AppendBool(g.IntN(2) == 0)
		}
		b.Leaf("few").AppendString(fmt.Sprint("choice ", g.IntN(100)))
		if i == n-1 {
			b.Leaf("raw").AppendBytes(bytes.Repeat([]byte{0xff}, 3<<20)) // no upper bound is shorter
		}
		b.EndRow()
	}
	return b
}

func TestPageIndexTellsTheTruth(t *testing.T) {
	t.Parallel()
	const n = 45_000
	b := manyPages(n)
	enc := columns.NewEncoder(b.Columns(), columns.EncoderOptions{Codec: columns.Zstd, RowGroupRows: 30_000, Bloom: []string{"sorted"}})
	file, stats, err := enc.Encode(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.RowGroups()) != 2 || len(stats.SplitOffsets) != 2 || stats.SplitOffsets[0] != 4 {
		t.Fatalf("%d row groups at %v, want 2", len(f.RowGroups()), stats.SplitOffsets)
	}
	for _, g := range f.RowGroups() {
		for i, chunk := range g.ColumnChunks() {
			checkChunkIndex(t, b.Leaves()[i], chunk, g.NumRows())
		}
	}
	back := columns.New(b.Columns())
	if err := columns.Read(bytes.NewReader(file), int64(len(file)), back); err != nil {
		t.Fatal(err)
	}
	for i, l := range back.Leaves() {
		sameEntries(t, "our reader", l.Path, entries(l), entries(b.Leaves()[i]))
	}
}

func checkChunkIndex(t *testing.T, l *columns.Leaf, chunk parquet.ColumnChunk, rows int64) {
	t.Helper()
	columnIndex, err := chunk.ColumnIndex()
	if err != nil {
		t.Fatalf("%s: %v", l.Path, err)
	}
	offsetIndex, err := chunk.OffsetIndex()
	if err != nil {
		t.Fatalf("%s: %v", l.Path, err)
	}
	if want := (rows + 19_999) / 20_000; int64(columnIndex.NumPages()) < want {
		t.Errorf("%s has %d pages for %d rows, want at least %d", l.Path, columnIndex.NumPages(), rows, want)
	}
	typ := chunk.Type()
	pages := chunk.Pages()
	defer func() { _ = pages.Close() }()
	first := int64(0)
	for i := range columnIndex.NumPages() {
		if got := offsetIndex.FirstRowIndex(i); got != first {
			t.Errorf("%s: page %d begins at row %d, want %d", l.Path, i, got, first)
		}
		if err := pages.SeekToRow(first); err != nil {
			t.Fatalf("%s: seek to row %d: %v", l.Path, first, err)
		}
		p, err := pages.ReadPage()
		if err != nil {
			t.Fatalf("%s: page %d: %v", l.Path, i, err)
		}
		first += p.NumRows()
		checkPage(t, l, i, p, typ, columnIndex)
	}
	if first != rows {
		t.Errorf("%s: pages have %d rows, want %d", l.Path, first, rows)
	}
}

func checkPage(t *testing.T, l *columns.Leaf, i int, p parquet.Page, typ parquet.Type, index parquet.ColumnIndex) {
	t.Helper()
	values := make([]parquet.Value, p.NumValues())
	n, err := p.Values().ReadValues(values)
	if err != nil && !errors.Is(err, io.EOF) || n != len(values) {
		t.Fatalf("%s: page %d: %v", l.Path, i, err)
	}
	nulls, exact := int64(0), false
	for _, v := range values {
		if v.IsNull() {
			nulls++
			continue
		}
		if typ.Compare(v, index.MinValue(i)) < 0 || typ.Compare(v, index.MaxValue(i)) > 0 {
			t.Fatalf("%s: page %d holds %v outside its bounds", l.Path, i, v)
		}
		exact = exact || typ.Compare(v, index.MinValue(i)) == 0
	}
	if nulls != index.NullCount(i) || index.NullPage(i) != (nulls == int64(n)) {
		t.Errorf("%s: page %d has %d nulls of %d, the index says %d", l.Path, i, nulls, n, index.NullCount(i))
	}
	if !exact && !index.NullPage(i) && l.Path != "long" && l.Path != "raw" { // their bounds are cut
		t.Errorf("%s: the least value of page %d is not in it", l.Path, i)
	}
	if l.Path == "sorted" && !index.IsAscending() {
		t.Error("sorted pages are not said to ascend")
	}
}

func TestWriterHoldsOneBatch(t *testing.T) {
	t.Parallel()
	b := manyPages(21_000)
	enc := columns.NewEncoder(b.Columns(), columns.EncoderOptions{Codec: columns.Zstd})
	var out bytes.Buffer
	w := enc.NewWriter(&out)
	for range 3 {
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	stats, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if stats.Rows != 63_000 || stats.Size != int64(out.Len()) || len(stats.SplitOffsets) != 3 {
		t.Errorf("statistics are %d rows, %d bytes, groups %v", stats.Rows, stats.Size, stats.SplitOffsets)
	}
	f, err := columns.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	one := columns.New(b.Columns())
	for i := range f.RowGroups() {
		one.Reset()
		if err := f.ReadRowGroup(i, one, "sorted", "list"); err != nil {
			t.Fatal(err)
		}
		sameEntries(t, "row group", "sorted", entries(one.Leaf("sorted")), entries(b.Leaf("sorted")))
		sameEntries(t, "row group", "list.element", entries(one.Leaf("list.element")), entries(b.Leaf("list.element")))
		if got := one.Leaf("few"); !got.IsNull(0) || len(got.Def) != 21_000 {
			t.Error("a column that was not asked for is there")
		}
	}
	if _, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len())); err != nil {
		t.Errorf("parquet-go: %v", err)
	}
}
