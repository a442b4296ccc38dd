package columns_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The files of a format version stay readable for ever. The uncompressed ones must also come out byte for byte the same;
// compressors may improve.
func TestGoldenFiles(t *testing.T) {
	t.Parallel()
	pass := func(b *columns.Batch) { passes(b, 40, 1) }
	nest := func(b *columns.Batch) { nestedRows(b, 40) }
	for _, c := range []struct {
		name  string
		cols  []schemas.Column
		fill  func(*columns.Batch)
		opt   columns.EncoderOptions
		exact bool
	}{
		{"passes", passColumns(), pass, columns.EncoderOptions{Codec: columns.None, Bloom: []string{"pass_id"}}, true},
		{"passes-snappy", passColumns(), pass, columns.EncoderOptions{}, false},
		{"passes-zstd", passColumns(), pass, columns.EncoderOptions{Codec: columns.Zstd}, false},
		{"nested", nested(), nest, columns.EncoderOptions{Codec: columns.None, RowGroupRows: 15}, true},
		{"nested-delta", nested(), nest, columns.EncoderOptions{Codec: columns.None, Delta: true}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("testdata", "v1", c.name+".parquet")
			b := columns.New(c.cols)
			c.fill(b)
			got, _, err := columns.NewEncoder(c.cols, c.opt).Encode(nil, b)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if c.exact && !bytes.Equal(got, want) {
				t.Errorf("the file has other bytes than %s: a change of the format?", path)
			}
			back := columns.New(c.cols)
			if err := columns.Read(bytes.NewReader(want), int64(len(want)), back); err != nil {
				t.Fatal(err)
			}
			for i, l := range back.Leaves() {
				sameEntries(t, path, l.Path, entries(l), entries(b.Leaves()[i]))
			}
		})
	}
}
