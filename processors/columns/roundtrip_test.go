package columns_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/processors/columns"
)

func drawOptions(t *rapid.T, b *columns.Batch) columns.EncoderOptions {
	opt := columns.EncoderOptions{
		Codec:        rapid.SampledFrom([]columns.Codec{columns.Snappy, columns.Zstd, columns.None}).Draw(t, "codec"),
		RowGroupRows: rapid.SampledFrom([]int{0, 1, 7, 64}).Draw(t, "row group"),
		PageRows:     rapid.SampledFrom([]int{0, 1, 5}).Draw(t, "page"),
		Delta:        rapid.Bool().Draw(t, "delta"),
	}
	for _, l := range b.Leaves() {
		if rapid.IntRange(0, 4).Draw(t, "bloom") == 0 {
			opt.Bloom = append(opt.Bloom, l.Path)
		}
	}
	return opt
}

func TestRandomRowsComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cols := drawColumns(t)
		rows := drawRows(t, cols, 150)
		want := shred(cols, rows)
		b := columns.New(cols)
		appendRows(b, rows)
		sameBatch(t, "the batch", b, want)

		file, stats, err := columns.NewEncoder(cols, drawOptions(t, b)).Encode([]byte("before"), b)
		if err != nil {
			t.Fatal(err)
		}
		file = file[len("before"):]
		if stats.Rows != int64(len(rows)) || stats.Size != int64(len(file)) {
			t.Fatalf("statistics say %d rows and %d bytes, want %d and %d", stats.Rows, stats.Size, len(rows), len(file))
		}
		checkCounts(t, stats, b, want)

		back := columns.New(cols)
		if err := columns.Read(bytes.NewReader(file), int64(len(file)), back); err != nil {
			t.Fatal(err)
		}
		if back.Rows() != len(rows) {
			t.Fatalf("%d rows came back, want %d", back.Rows(), len(rows))
		}
		sameBatch(t, "our reader", back, want)
		checkOracle(t, file, b, want)
	})
}

func checkCounts(t rapid.TB, stats columns.FileStats, b *columns.Batch, want map[string][]entry) {
	t.Helper()
	for i, l := range b.Leaves() {
		nulls := int64(0)
		for _, e := range want[l.Path] {
			if e.value == nil {
				nulls++
			}
		}
		s := stats.Leaves[i]
		if s.ID != l.Column.ID || s.Nulls != nulls || s.Values != int64(len(want[l.Path])) {
			t.Fatalf("statistics of %s are %+v, want %d entries and %d nulls", l.Path, s, len(want[l.Path]), nulls)
		}
	}
}

// checkOracle reads the file with parquet-go, rows, page index, bloom filters and all.
func checkOracle(t rapid.TB, file []byte, b *columns.Batch, want map[string][]entry) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatalf("parquet-go: %v", err)
	}
	got := map[string][]entry{}
	leaves := b.Leaves()
	for _, g := range f.RowGroups() {
		rows := g.Rows()
		buf := make([]parquet.Row, 16)
		for {
			n, err := rows.ReadRows(buf)
			for _, row := range buf[:n] {
				for _, v := range row {
					l := leaves[v.Column()]
					got[l.Path] = append(got[l.Path], oracleEntry(l, v))
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("parquet-go: %v", err)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		checkBloom(t, g, leaves)
	}
	for _, l := range leaves {
		sameEntries(t, "parquet-go", l.Path, got[l.Path], want[l.Path])
	}
}

func oracleEntry(l *columns.Leaf, v parquet.Value) entry {
	e := entry{rep: uint8(v.RepetitionLevel()), def: uint8(v.DefinitionLevel())}
	if v.IsNull() {
		return e
	}
	switch l.Kind {
	case columns.Bool:
		e.value = v.Boolean()
	case columns.Int32:
		e.value = v.Int32()
	case columns.Int64:
		e.value = v.Int64()
	default:
		e.value = bytes.Clone(v.ByteArray())
	}
	return e
}

// checkBloom asks every filter for every value of its chunk.
func checkBloom(t rapid.TB, g parquet.RowGroup, leaves []*columns.Leaf) {
	t.Helper()
	for i, chunk := range g.ColumnChunks() {
		filter := chunk.BloomFilter()
		if filter == nil {
			continue
		}
		pages := chunk.Pages()
		for {
			p, err := pages.ReadPage()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			values := make([]parquet.Value, p.NumValues())
			n, _ := p.Values().ReadValues(values)
			for _, v := range values[:n] {
				if v.IsNull() {
					continue
				}
				if ok, err := filter.Check(v); err != nil || !ok {
					t.Fatalf("the bloom filter of %s does not know %v: %v", leaves[i].Path, v, err)
				}
			}
		}
		if err := pages.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
