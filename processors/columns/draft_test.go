package columns_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/processors/columns"
)

// A draft has the row groups that it was asked for, and without bounds and index its rows are the same.
func TestDraftsWithRowGroupsOfTheirOwn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cols := passColumns()
		s, all, enc := columns.NewSources(cols), columns.New(cols), columns.NewEncoder(cols, columns.EncoderOptions{})
		g := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 8))
		passes(all, 1+g.IntN(300), g.Uint64())
		if err := s.AddBytes(encoded(t, enc, all)); err != nil {
			t.Fatal(err)
		}
		order, ends := make([]int32, all.Rows()), []int(nil)
		for i := range order {
			order[i] = int32(i)
			if i+1 == len(order) || g.IntN(40) == 0 {
				ends = append(ends, i+1)
			}
		}
		g.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		d := columns.NewEncoder(cols, columns.EncoderOptions{Codec: columns.None, Bare: true, PageRows: 1 + g.IntN(60)}).DraftGroups(order, ends)
		if err := s.Write([]*columns.Draft{d}, nil); err != nil {
			t.Fatal(err)
		}
		body, _, err := d.Bytes(nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := columns.NewSources(cols).OpenApart(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		if f.Held() || f.RowGroups() != len(ends) {
			t.Fatalf("held: %t, %d row groups; want none held, %d", f.Held(), f.RowGroups(), len(ends))
		}
		last := 0
		for i, end := range ends {
			if f.RowGroupRows(i) != int64(end-last) {
				t.Fatalf("row group %d has %d rows, want %d", i, f.RowGroupRows(i), end-last)
			}
			last = end
		}
		want, got := columns.New(cols), columns.New(cols)
		if err := want.Gather(all, order); err != nil {
			t.Fatal(err)
		}
		if err := columns.Read(bytes.NewReader(body), int64(len(body)), got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encoded(t, enc, got), encoded(t, enc, want)) {
			t.Fatal("the rows are others")
		}
	})
}

func encoded(t rapid.TB, enc *columns.Encoder, b *columns.Batch) []byte {
	t.Helper()
	body, _, err := enc.Encode(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
