package columns_test

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

func TestBoundsAreIcebergs(t *testing.T) {
	t.Parallel()
	decimal := func(p int) schemas.Column {
		c := col(1, "v", schemas.Decimal)
		c.Precision = p
		return c
	}
	for _, c := range []struct {
		name         string
		column       schemas.Column
		values       []any
		lower, upper []byte // nil: none
	}{
		{"no values", col(1, "v", schemas.String), []any{nil, nil}, nil, nil},
		{"bool", col(1, "v", schemas.Boolean), []any{true, false}, []byte{0}, []byte{1}},
		{"int32", col(1, "v", schemas.Int32), []any{int32(3), nil, int32(-2)}, []byte{0xfe, 0xff, 0xff, 0xff}, []byte{3, 0, 0, 0}},
		{"timestamp", col(1, "v", schemas.Timestamp), []any{int64(256)}, []byte{0, 1, 0, 0, 0, 0, 0, 0}, []byte{0, 1, 0, 0, 0, 0, 0, 0}},
		{"empty text", col(1, "v", schemas.String), []any{[]byte("")}, []byte{}, []byte{}},
		{"16 characters", col(1, "v", schemas.String), []any{[]byte("abcdefghijklmnop")}, []byte("abcdefghijklmnop"), []byte("abcdefghijklmnop")},
		{"17 characters", col(1, "v", schemas.String), []any{[]byte("abcdefghijklmnopq")}, []byte("abcdefghijklmnop"), []byte("abcdefghijklmnoq")},
		{"characters of three bytes", col(1, "v", schemas.String), []any{[]byte(strings.Repeat("ঢ", 20))},
			[]byte(strings.Repeat("ঢ", 16)), []byte(strings.Repeat("ঢ", 15) + "ণ")},
		{"the last character before the surrogates", col(1, "v", schemas.String), []any{[]byte(strings.Repeat("\ud7ff", 17))},
			[]byte(strings.Repeat("\ud7ff", 16)), []byte(strings.Repeat("\ud7ff", 15) + "\ue000")},
		{"the last character there is", col(1, "v", schemas.String), []any{[]byte("a" + strings.Repeat("\U0010ffff", 20))},
			[]byte("a" + strings.Repeat("\U0010ffff", 15)), []byte("b")},
		{"no upper bound", col(1, "v", schemas.String), []any{[]byte(strings.Repeat("\U0010ffff", 20))},
			[]byte(strings.Repeat("\U0010ffff", 16)), nil},
		{"binary", col(1, "v", schemas.Binary), []any{bytes.Repeat([]byte{1, 0xff}, 9)},
			bytes.Repeat([]byte{1, 0xff}, 8), append(bytes.Repeat([]byte{1, 0xff}, 7), 2)},
		{"short decimal", decimal(5), []any{int32(-129), int32(128)}, []byte{0xff, 0x7f}, []byte{0, 0x80}},
		{"middle decimal", decimal(18), []any{int64(0), int64(-1)}, []byte{0xff}, []byte{0}},
		{"long decimal", decimal(20), []any{[]byte{0, 0, 0, 0, 0, 0, 0, 1, 0}, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}},
			[]byte{0xfe}, []byte{1, 0}},
		{"in a list", listOf(col(1, "v", schemas.List), must(col(2, "", schemas.Int32))), []any{[]any{int32(1)}}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := columns.New([]schemas.Column{c.column})
			for _, v := range c.values {
				appendRows(b, []object{{v}})
			}
			_, stats, err := columns.NewEncoder(b.Columns(), columns.EncoderOptions{RowGroupRows: 1}).Encode(nil, b)
			if err != nil {
				t.Fatal(err)
			}
			got := stats.Clone().Leaves[0]
			if !bytes.Equal(got.Lower, c.lower) || (got.Lower == nil) != (c.lower == nil) {
				t.Errorf("lower is %q, want %q", got.Lower, c.lower)
			}
			if !bytes.Equal(got.Upper, c.upper) || (got.Upper == nil) != (c.upper == nil) {
				t.Errorf("upper is %q, want %q", got.Upper, c.upper)
			}
		})
	}
}

func TestDecimalsTakeTheFewestBytes(t *testing.T) {
	t.Parallel()
	for p := 19; p <= 38; p++ {
		c := col(1, "v", schemas.Decimal)
		c.Precision = p
		most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(p)), nil)
		want := most.Sub(most, big.NewInt(1)).BitLen()/8 + 1 // and a sign
		if got := columns.New([]schemas.Column{c}).Leaf("v").Width; got != want {
			t.Errorf("decimal(%d) takes %d bytes, want %d", p, got, want)
		}
	}
}

func TestSameRowsSameBytes(t *testing.T) {
	t.Parallel()
	for _, codec := range []columns.Codec{columns.Snappy, columns.Zstd, columns.None} {
		opt := columns.EncoderOptions{Codec: codec, Bloom: []string{"pass_id"}}
		b, other := columns.New(passColumns()), columns.New(passColumns())
		passes(b, 500, 1)
		passes(other, 3000, 2)
		used := columns.NewEncoder(passColumns(), opt)
		if _, _, err := used.Encode(nil, other); err != nil {
			t.Fatal(err)
		}
		first, _, err := used.Encode(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		again := columns.New(passColumns())
		if err := again.AppendFrom(b); err != nil {
			t.Fatal(err)
		}
		second, _, err := columns.NewEncoder(passColumns(), opt).Encode(nil, again)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("codec %d: a used encoder and a new one differ", codec)
		}
	}
}

func TestEncoderRefusesOtherBatches(t *testing.T) {
	t.Parallel()
	enc := columns.NewEncoder([]schemas.Column{col(1, "a", schemas.Int32)}, columns.EncoderOptions{})
	if _, _, err := enc.Encode(nil, columns.New([]schemas.Column{col(1, "a", schemas.Int64)})); !fault.Is(err, fault.Internal) {
		t.Errorf("other columns give %v, want Internal", err)
	}
	open := columns.New([]schemas.Column{col(1, "a", schemas.Int32)})
	open.Leaf("a").AppendInt32(1)
	if _, _, err := enc.Encode(nil, open); !fault.Is(err, fault.Internal) {
		t.Errorf("an open row gives %v, want Internal", err)
	}
}
