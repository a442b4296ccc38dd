package columns_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/processors/columns"
)

func reportRows(b *testing.B, rows int) {
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkEncode(b *testing.B) {
	for _, c := range []struct {
		name string
		rows int
		opt  columns.EncoderOptions
	}{
		{"1 row snappy", 1, columns.EncoderOptions{}},
		{"100 rows snappy", 100, columns.EncoderOptions{}},
		{"1000 rows snappy", 1000, columns.EncoderOptions{}},
		{"1000 rows snappy delta", 1000, columns.EncoderOptions{Delta: true}},
		{"1000 rows zstd", 1000, columns.EncoderOptions{Codec: columns.Zstd}},
		{"1000 rows none", 1000, columns.EncoderOptions{Codec: columns.None}},
		{"100000 rows zstd bloom", 100000, columns.EncoderOptions{Codec: columns.Zstd, Bloom: []string{"pass_id"}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			batch := columns.New(passColumns())
			passes(batch, c.rows, 1)
			enc := columns.NewEncoder(passColumns(), c.opt)
			file, _, err := enc.Encode(nil, batch)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				file, _, err = enc.Encode(file[:0], batch)
			}
			if err != nil {
				b.Fatal(err)
			}
			reportRows(b, c.rows)
			b.ReportMetric(float64(len(file)), "bytes")
		})
	}
}

// BenchmarkParquetGo writes the same rows with parquet-go, whose writer is reused.
func BenchmarkParquetGo(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("%d rows snappy", n), func(b *testing.B) {
			batch := columns.New(passColumns())
			passes(batch, n, 1)
			file, _, err := columns.NewEncoder(passColumns(), columns.EncoderOptions{}).Encode(nil, batch)
			if err != nil {
				b.Fatal(err)
			}
			f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
			if err != nil {
				b.Fatal(err)
			}
			rows := make([]parquet.Row, n)
			if got, err := f.RowGroups()[0].Rows().ReadRows(rows); got != n {
				b.Fatal(got, err)
			}
			var out bytes.Buffer
			w := parquet.NewWriter(&out, f.Schema(), parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1))
			b.ReportAllocs()
			for b.Loop() {
				out.Reset()
				w.Reset(&out)
				if _, err := w.WriteRows(rows); err != nil {
					b.Fatal(err)
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
			reportRows(b, n)
			b.ReportMetric(float64(out.Len()), "bytes")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("%d rows", n), func(b *testing.B) {
			batch := columns.New(passColumns())
			passes(batch, n, 1)
			file, _, err := columns.NewEncoder(passColumns(), columns.EncoderOptions{Codec: columns.Zstd}).Encode(nil, batch)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				batch.Reset()
				if err := columns.Read(bytes.NewReader(file), int64(len(file)), batch); err != nil {
					b.Fatal(err)
				}
			}
			reportRows(b, n)
		})
	}
}

func BenchmarkSortAndGather(b *testing.B) {
	const n = 200_000
	src, dst := columns.New(passColumns()), columns.New(passColumns())
	passes(src, n, 1)
	keys := []columns.SortKey{{Path: "dt"}, {Path: "region"}, {Path: "thana"}, {Path: "_at"}}
	b.ReportAllocs()
	for b.Loop() {
		dst.Reset()
		if err := dst.Gather(src, src.SortOrder(keys)); err != nil {
			b.Fatal(err)
		}
	}
	reportRows(b, n)
}

func BenchmarkSortOrder(b *testing.B) {
	const n = 200_000
	src := columns.New(passColumns())
	passes(src, n, 1)
	keys := []columns.SortKey{{Path: "dt"}, {Path: "region"}, {Path: "thana"}, {Path: "_at"}}
	for b.Loop() {
		src.SortOrder(keys)
	}
	reportRows(b, n)
}
