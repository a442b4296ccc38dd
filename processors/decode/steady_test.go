package decode_test

import (
	"testing"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

// TestChangedListsAllocateNothing: lists and maps that differ between the images are compared in memory of the reader's
// own, so that a batch of the synthetic stream, which changes many of them, allocates a handful of times as a whole.
func TestChangedListsAllocateNothing(t *testing.T) {
	const records = 1000
	registry, err := synthetic.Registry()
	if err != nil {
		t.Fatal(err)
	}
	d, _ := registry.Dataset(synthetic.Dataset)
	plan, err := decode.Compile([]*schemas.Dataset{d}, decode.Options{MaskKey: []byte("key")})
	if err != nil {
		t.Fatal(err)
	}
	s, err := synthetic.New(synthetic.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	s.Event(nil, 4*records) // to where modifications are as frequent as they stay
	body := s.Event(nil, records)
	dec, out := plan.NewDecoder(), plan.NewOutput()
	decodeAll(t, dec, out, body)
	if got := testing.AllocsPerRun(5, func() { decodeAll(t, dec, out, body) }); got > 10 {
		t.Errorf("got %v allocations for a batch of %d, want at most 10", got, records)
	}
}
