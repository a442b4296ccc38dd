package columns_test

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

func bytesReader(b []byte) io.ReaderAt { return bytes.NewReader(b) }

func TestSortOrder(t *testing.T) {
	t.Parallel()
	long := col(4, "long", schemas.Decimal)
	long.Precision = 30
	cols := []schemas.Column{col(1, "text", schemas.String), col(2, "n", schemas.Int32), col(3, "ok", schemas.Boolean), long,
		must(col(5, "at", schemas.Timestamp)), must(col(6, "key", schemas.String))}
	rapid.Check(t, func(t *rapid.T) {
		rows := make([]object, rapid.IntRange(0, 60).Draw(t, "rows"))
		texts := []string{"", "a", "a\x00", "aaaaaaa", "aaaaaaab", "aaaaaaaa", "prefix-prefix-prefix-1", "prefix-prefix-prefix-10",
			"prefix-prefix-prefix-2", "prefix-prefix-prefix\xff"}
		for i := range rows {
			row := object{[]byte(rapid.SampledFrom(texts).Draw(t, "text")), int32(rapid.IntRange(-2, 2).Draw(t, "n")),
				rapid.Bool().Draw(t, "ok"), decimalValue(&long, rapid.IntRange(-9, 9).Draw(t, "long")), int64(rapid.IntRange(-1, 1).Draw(t, "at")),
				[]byte(rapid.SampledFrom(texts).Draw(t, "key"))}
			for j := range 4 {
				if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
					row[j] = nil
				}
			}
			rows[i] = row
		}
		if rapid.Bool().Draw(t, "many") {
			rows = slices.Repeat(rows, 20)
		}
		b := columns.New(cols)
		appendRows(b, rows)
		var keys []columns.SortKey
		for _, i := range rapid.Permutation([]int{0, 1, 2, 3, 4, 5}).Draw(t, "keys")[:rapid.IntRange(0, 6).Draw(t, "key count")] {
			keys = append(keys, columns.SortKey{Path: cols[i].Name, Desc: rapid.Bool().Draw(t, "desc")})
		}
		want := make([]int32, len(rows))
		for i := range want {
			want[i] = int32(i)
		}
		slices.SortStableFunc(want, func(x, y int32) int {
			for _, k := range keys {
				i := slices.IndexFunc(cols, func(c schemas.Column) bool { return c.Name == k.Path })
				if c := compareValues(rows[x][i], rows[y][i], k.Desc, i == 3); c != 0 {
					return c
				}
			}
			return 0
		})
		if got := b.SortOrder(keys); !slices.Equal(got, want) {
			t.Fatalf("order by %v is %v, want %v", keys, got, want)
		}
		for i := 1; i < len(want); i++ {
			if c := columns.Compare(b, int(want[i-1]), b, int(want[i]), keys); c > 0 || c != -columns.Compare(b, int(want[i]), b, int(want[i-1]), keys) {
				t.Fatalf("rows %d and %d, in that order, compare as %d", want[i-1], want[i], c)
			}
		}
		if got := orderInFile(t, b, keys); !slices.Equal(got, want) {
			t.Fatalf("order of the file by %v is %v, want %v", keys, got, want)
		}
	})
}

func compareValues(a, b any, desc, signed bool) int {
	if a == nil || b == nil {
		return boolRank(a == nil) - boolRank(b == nil) // nulls last, descending or not
	}
	c := 0
	switch a := a.(type) {
	case []byte:
		if signed && a[0]>>7 != b.([]byte)[0]>>7 {
			c = int(b.([]byte)[0]>>7) - int(a[0]>>7)
		} else {
			c = bytes.Compare(a, b.([]byte))
		}
	case int32:
		c = cmp.Compare(a, b.(int32))
	case int64:
		c = cmp.Compare(a, b.(int64))
	case bool:
		c = boolRank(a) - boolRank(b.(bool))
	}
	if desc {
		return -c
	}
	return c
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestPartition(t *testing.T) {
	t.Parallel()
	b := columns.New([]schemas.Column{must(col(1, "dt", schemas.Day)), must(col(2, "region", schemas.String))})
	for _, r := range []struct {
		day    int32
		region string
	}{{2, "sylhet"}, {1, "sylhet"}, {1, "dhaka"}, {1, "dhaka"}, {2, "sylhet"}} {
		b.Leaf("dt").AppendInt32(r.day)
		b.Leaf("region").AppendString(r.region)
		b.EndRow()
	}
	got, err := columns.Partition(b, "dt", "region")
	if err != nil {
		t.Fatal(err)
	}
	want := []columns.Group{{1, "dhaka", []int32{2, 3}}, {1, "sylhet", []int32{1}}, {2, "sylhet", []int32{0, 4}}}
	if !slices.EqualFunc(got, want, func(a, b columns.Group) bool {
		return a.Date == b.Date && a.Region == b.Region && slices.Equal(a.Rows, b.Rows)
	}) {
		t.Errorf("groups are %v, want %v", got, want)
	}
	if _, err := columns.Partition(b, "region", "dt"); err == nil {
		t.Error("a table cannot be partitioned by those")
	}
}

// orderInFile is the order of the batch's rows when they come from a file, where values that repeat are numbers.
func orderInFile(t *rapid.T, b *columns.Batch, keys []columns.SortKey) []int32 {
	body, _, err := columns.NewEncoder(b.Columns(), columns.EncoderOptions{}).Encode(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	s, back := columns.NewSources(b.Columns()), columns.New(b.Columns())
	if err := s.Add(bytesReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, k := range keys {
		paths = append(paths, k.Path)
	}
	if err := s.Keys(back, paths...); err != nil {
		t.Fatal(err)
	}
	return back.SortOrder(keys)
}
