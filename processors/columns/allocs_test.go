//go:build !race

package columns_test

import (
	"testing"

	"github.com/tarn-lake/tarn/processors/columns"
)

// Under the race detector pools forget on purpose, so this is not measured there.
func TestEncodeAllocatesNothingWhenReused(t *testing.T) {
	b := columns.New(passColumns())
	passes(b, 1000, 1)
	for _, opt := range []columns.EncoderOptions{{}, {Codec: columns.Zstd}, {Delta: true}, {Bloom: []string{"pass_id"}}} {
		enc := columns.NewEncoder(passColumns(), opt)
		file, _, err := enc.Encode(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(20, func() { file, _, _ = enc.Encode(file[:0], b) }); got >= 1 {
			t.Errorf("%+v: %v allocations, want none", opt, got)
		}
	}
}
