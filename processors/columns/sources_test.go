package columns_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// A draft must be the very file that its rows give when they are gathered in memory, whatever files they came from.
func TestDraftsAreTheFilesThatEncodeMakes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cols := drawColumns(t)
		g := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		all, s := columns.New(cols), columns.NewSources(cols)
		for n := rapid.IntRange(1, 4).Draw(t, "files"); n > 0; n-- {
			rows := drawRows(t, cols, 60)
			have := cols
			if g.IntN(3) == 0 {
				if kept, cut := older(g, cols, rows); len(kept) > 0 {
					have, rows = kept, cut
				}
			}
			addSource(t, s, all, have, rows, g)
		}
		if s.Rows() != all.Rows() {
			t.Fatalf("%d rows, want %d", s.Rows(), all.Rows())
		}
		order := make([]int32, all.Rows())
		for i := range order {
			order[i] = int32(i)
		}
		g.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		cut := g.IntN(len(order) + 1)
		if g.IntN(2) == 0 {
			keep(t, s, cols, g)
		}
		enc := columns.NewEncoder(cols, drawOptions(t, all))
		enc.Reuse([][]byte{bytes.Repeat([]byte("x"), g.IntN(5000)), nil})
		other := enc // another one works at the same time
		if g.IntN(2) == 0 {
			other = columns.NewEncoder(cols, enc.Options())
		}
		drafts := []*columns.Draft{enc.Draft(order[:cut]), other.Draft(order[cut:])}
		for _, d := range drafts {
			d.Grow(int64(g.IntN(4000)))
		}
		if err := s.Write(drafts, nil); err != nil {
			t.Fatal(err)
		}
		for i, rows := range [][]int32{order[:cut], order[cut:]} {
			got, stats, err := drafts[i].Bytes(nil)
			if err != nil {
				t.Fatal(err)
			}
			gotStats := stats.Clone()
			b := columns.New(cols)
			if err := b.Gather(all, rows); err != nil {
				t.Fatal(err)
			}
			want, wantStats, err := enc.Encode(nil, b)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("draft %d of %d rows has %d bytes, Encode gives %d others", i, len(rows), len(got), len(want))
			}
			sameStats(t, gotStats, wantStats)
		}
	})
}

// keep reads some of the columns before they are written.
func keep(t *rapid.T, s *columns.Sources, cols []schemas.Column, g *rand.Rand) {
	b := columns.New(cols)
	var paths []string
	for _, l := range b.Leaves() {
		if l.MaxRep == 0 && g.IntN(2) == 0 {
			paths = append(paths, l.Path)
		}
	}
	if err := s.Keys(b, paths...); err != nil {
		t.Fatal(err)
	}
	s.Keep(b)
}

// addSource adds the rows as a file, all of it or a run, to the sources and to the batch.
func addSource(t *rapid.T, s *columns.Sources, all *columns.Batch, cols []schemas.Column, rows []object, g *rand.Rand) {
	b := columns.New(cols)
	appendRows(b, rows)
	opt := columns.EncoderOptions{RowGroupRows: []int{0, 7, 20}[g.IntN(3)], PageRows: []int{0, 3}[g.IntN(2)], Delta: g.IntN(4) == 0, Bare: g.IntN(4) == 0}
	body, _, err := columns.NewEncoder(cols, opt).Encode(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	whole := columns.New(all.Columns())
	if err := columns.Read(bytes.NewReader(body), int64(len(body)), whole); err != nil {
		t.Fatal(err)
	}
	from, to := 0, b.Rows()
	if g.IntN(2) == 0 {
		f, err := columns.Open(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		from = g.IntN(to + 1)
		to = from + g.IntN(to-from+1)
		err = s.AddRows(f, int64(from), int64(to))
		if err != nil {
			t.Fatal(err)
		}
	} else if err := s.Add(bytes.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
	var picked []int32
	for i := from; i < to; i++ {
		picked = append(picked, int32(i))
	}
	if err := all.Gather(whole, picked); err != nil {
		t.Fatal(err)
	}
}

func sameStats(t rapid.TB, got, want columns.FileStats) {
	want = want.Clone()
	if got.Rows != want.Rows || got.Size != want.Size || len(got.SplitOffsets) != len(want.SplitOffsets) || len(got.Leaves) != len(want.Leaves) {
		t.Fatalf("statistics are %+v, want %+v", got, want)
	}
	for i, l := range got.Leaves {
		w := want.Leaves[i]
		if l.ID != w.ID || l.Size != w.Size || l.Values != w.Values || l.Nulls != w.Nulls || !bytes.Equal(l.Lower, w.Lower) || !bytes.Equal(l.Upper, w.Upper) {
			t.Fatalf("statistics of leaf %d are %+v, want %+v", l.ID, l, w)
		}
	}
}

// Large files have many pages, of which a run of rows takes parts.
func TestDraftsOfManyPages(t *testing.T) {
	t.Parallel()
	const n = 70_000
	all, s := columns.New(passColumns()), columns.NewSources(passColumns())
	for i, cut := range [][2]int64{{0, n}, {5, 41_000}, {39_999, n}} {
		b := columns.New(passColumns())
		passes(b, n, uint64(i))
		body, _, err := columns.NewEncoder(passColumns(), columns.EncoderOptions{RowGroupRows: 50_000}).Encode(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		f, err := columns.Open(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AddRows(f, cut[0], cut[1]); err != nil {
			t.Fatal(err)
		}
		rows := make([]int32, 0, n)
		for r := cut[0]; r < cut[1]; r++ {
			rows = append(rows, int32(r))
		}
		if err := all.Gather(b, rows); err != nil {
			t.Fatal(err)
		}
	}
	keys := []columns.SortKey{{Path: "region"}, {Path: "thana"}, {Path: "_at", Desc: true}, {Path: "_seq"}}
	b := columns.New(passColumns())
	if err := s.Keys(b, "region", "thana", "_at", "_seq"); err != nil {
		t.Fatal(err)
	}
	order, want := b.SortOrder(keys), all.SortOrder(keys)
	for i := range order {
		if order[i] != want[i] {
			t.Fatalf("row %d in order is %d, want %d", i, order[i], want[i])
		}
	}
	enc := columns.NewEncoder(passColumns(), columns.EncoderOptions{Codec: columns.Zstd, Bloom: []string{"pass_id"}})
	d := enc.Draft(order)
	if err := s.Write([]*columns.Draft{d}, map[string]int64{"_commit": 77}); err != nil {
		t.Fatal(err)
	}
	got, _, err := d.Bytes(nil)
	if err != nil {
		t.Fatal(err)
	}
	all.Leaf("_commit").FillInt64(0, 77)
	sorted := columns.New(passColumns())
	if err := sorted.Gather(all, order); err != nil {
		t.Fatal(err)
	}
	encoded, _, err := enc.Encode(nil, sorted)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, encoded) {
		t.Fatalf("%d bytes, Encode gives %d others", len(got), len(encoded))
	}
}

func TestSourcesRefuse(t *testing.T) {
	t.Parallel()
	file := nestedFile(t, 100, columns.EncoderOptions{})
	s := columns.NewSources(nested())
	if err := s.Add(bytes.NewReader(file), int64(len(file))); err != nil {
		t.Fatal(err)
	}
	if err := s.Keys(columns.New(nested()), "tags"); !fault.Is(err, fault.Internal) {
		t.Errorf("a list as a key: %v", err)
	}
	if err := s.Write([]*columns.Draft{columns.NewEncoder(passColumns(), columns.EncoderOptions{}).Draft(nil)}, nil); !fault.Is(err, fault.Internal) {
		t.Errorf("another layout: %v", err)
	}
	if _, _, err := columns.NewEncoder(nested(), columns.EncoderOptions{}).Draft(nil).Bytes(nil); !fault.Is(err, fault.Internal) {
		t.Errorf("an unwritten draft: %v", err)
	}
	for at := 10; at < len(file)-9; at += 97 {
		bad := bytes.Clone(file)
		bad[at] ^= 0x5a
		s := columns.NewSources(nested())
		err := s.Add(bytes.NewReader(bad), int64(len(bad)))
		if err == nil {
			err = s.Write([]*columns.Draft{columns.NewEncoder(nested(), columns.EncoderOptions{}).Draft([]int32{99, 0})}, nil)
		}
		if err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Exceeded) {
			t.Errorf("damage at %d: %v", at, err)
		}
	}
}

// Texts are copied in words where that is safe: lengths around those words, the last ones of their memory, and lists as
// long as any must come out as they went in.
func TestTextsAndListsOfEveryLength(t *testing.T) {
	t.Parallel()
	cols := []schemas.Column{must(col(1, "text", schemas.String)), listOf(col(2, "list", schemas.List), col(3, "element", schemas.String))}
	g := rand.New(rand.NewPCG(1, 2))
	var rows []object
	for n := range 300 {
		items := []any{}
		for range g.IntN(9) {
			items = append(items, text(g, g.IntN(40)))
		}
		rows = append(rows, object{text(g, n%150), items})
	}
	all, s := columns.New(cols), columns.NewSources(cols)
	appendRows(all, rows)
	body, _, err := columns.NewEncoder(cols, columns.EncoderOptions{}).Encode(nil, all)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddBytes(body); err != nil {
		t.Fatal(err)
	}
	order := make([]int32, len(rows))
	for i := range order {
		order[i] = int32(i)
	}
	g.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	d := columns.NewEncoder(cols, columns.EncoderOptions{}).Draft(order)
	if err := s.Write([]*columns.Draft{d}, nil); err != nil {
		t.Fatal(err)
	}
	if body, _, err = d.Bytes(nil); err != nil {
		t.Fatal(err)
	}
	got, want := columns.New(cols), columns.New(cols)
	if err := columns.Read(bytes.NewReader(body), int64(len(body)), got); err != nil {
		t.Fatal(err)
	}
	for _, i := range order {
		appendRows(want, rows[i:i+1])
	}
	for i, l := range want.Leaves() {
		if m := got.Leaves()[i]; !bytes.Equal(l.Arena, m.Arena) || !slices.Equal(l.Offsets, m.Offsets) || !bytes.Equal(l.Def, m.Def) || !bytes.Equal(l.Rep, m.Rep) {
			t.Errorf("column %s came out changed", l.Path)
		}
	}
}

func text(g *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + g.IntN(26))
	}
	return b
}
