package columns_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

func col(id int, name string, typ schemas.Type) schemas.Column {
	return schemas.Column{ID: id, Name: name, Type: typ}
}

func must(c schemas.Column) schemas.Column {
	c.Required = true
	return c
}

func listOf(c, elem schemas.Column) schemas.Column {
	c.Type, elem.Name = schemas.List, "element"
	c.Elem = &elem
	return c
}

func TestEndRowFillsWhatIsMissing(t *testing.T) {
	t.Parallel()
	address := col(3, "address", schemas.Object)
	address.Fields = []schemas.Column{col(4, "state", schemas.String), col(5, "city", schemas.String)}
	stops := listOf(col(6, "stops", schemas.List), schemas.Column{ID: 7, Type: schemas.Object, Required: true,
		Fields: []schemas.Column{col(8, "place", schemas.String), col(9, "nights", schemas.Int32)}})
	cols := []schemas.Column{must(col(1, "id", schemas.Int64)), col(2, "name", schemas.String), address, stops}
	b := columns.New(cols)

	b.Leaf("id").AppendInt64(1) // only the key
	b.EndRow()
	b.Leaf("id").AppendInt64(2) // a present object with one member, a list of two objects with one member
	b.Leaf("address.city").AppendString("Sylhet")
	b.Leaf("stops.element.place").AppendString("a")
	b.Leaf("stops.element.place").AppendString("b")
	b.Leaf("stops.element.place").Repeat()
	b.EndRow()
	b.Leaf("id").AppendInt64(3) // an empty list
	b.Leaf("name").AppendString("x")
	b.Node("stops").AppendNull(0, b.Node("stops").Def)
	b.EndRow()

	place := []byte("a")
	want := shred(cols, []object{
		{int64(1), nil, nil, nil},
		{int64(2), nil, object{nil, []byte("Sylhet")}, []any{object{place, nil}, object{[]byte("b"), nil}}},
		{int64(3), []byte("x"), nil, []any{}},
	})
	sameBatch(t, "filled", b, want)
	if b.Rows() != 3 {
		t.Errorf("%d rows, want 3", b.Rows())
	}
}

func TestEndRowRefusesBugs(t *testing.T) {
	t.Parallel()
	cols := []schemas.Column{must(col(1, "id", schemas.Int64)), col(2, "name", schemas.String)}
	for name, put := range map[string]func(*columns.Batch){
		"nothing in a required column": func(b *columns.Batch) {},
		"two values": func(b *columns.Batch) {
			b.Leaf("id").AppendInt64(1)
			b.Leaf("name").AppendString("x")
			b.Leaf("name").AppendString("y")
		},
		"null in a required column": func(b *columns.Batch) { b.Leaf("id").AppendNull() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			b := columns.New(cols)
			put(b)
			b.EndRow()
		})
	}
}

func TestDropRowTakesBackTheLast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cols := drawColumns(t)
		rows := drawRows(t, cols, 20)
		b := columns.New(cols)
		for i := range rows {
			// The next row, or part of it, is appended and taken back before each row.
			for j, c := range cols[:rand.New(rand.NewPCG(uint64(i), 1)).IntN(len(cols)+1)] {
				appendNode(b, b.Node(c.Name), rows[len(rows)-1-i][j], 0, 0)
			}
			b.DropRow()
			appendRows(b, rows[i:i+1])
		}
		b.DropRow()
		sameBatch(t, "after drops", b, shred(cols, rows))
	})
}

func TestRowsByNumber(t *testing.T) {
	t.Parallel()
	dec := must(col(4, "price", schemas.Decimal))
	dec.Precision, dec.Scale = 20, 2
	tags := listOf(col(2, "tags", schemas.List), must(col(3, "", schemas.String)))
	b := columns.New([]schemas.Column{col(1, "n", schemas.Int32), tags, dec, col(5, "ok", schemas.Boolean)})
	b.Leaf("n").AppendNull()
	b.Leaf("tags.element").AppendString("a")
	b.Leaf("tags.element").AppendString("b")
	b.Leaf("tags.element").Repeat()
	b.Leaf("price").AppendDecimal(-1, ^uint64(0)-4) // -5
	b.EndRow()
	b.Leaf("n").AppendInt32(7)
	b.Leaf("price").AppendDecimal(1, 2)
	b.Leaf("ok").AppendBool(true)
	b.EndRow()
	n, list, price := b.Leaf("n"), b.Leaf("tags.element"), b.Leaf("price")
	if !n.IsNull(0) || n.IsNull(1) || n.Int64At(0) != 0 || n.Int64At(1) != 7 {
		t.Error("numbers with nulls are misread")
	}
	if from, to := list.Values(0); from != 0 || to != 2 || !list.IsNull(1) || string(list.Value(1)) != "b" {
		t.Errorf("the list is values %d..%d, want 0..2", from, to)
	}
	if hi, lo := price.DecimalAt(0); hi != -1 || lo != ^uint64(0)-4 {
		t.Errorf("the decimal is %d, %d", hi, lo)
	}
	if hi, lo := price.DecimalAt(1); hi != 1 || lo != 2 {
		t.Errorf("the decimal is %d, %d", hi, lo)
	}
	if !b.Leaf("ok").BoolAt(1) || b.Leaf("ok").BoolAt(0) {
		t.Error("bools are misread")
	}
}

func TestGatherAndAppendFrom(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cols := drawColumns(t)
		rows := drawRows(t, cols, 60)
		src, dst := columns.New(cols), columns.New(cols)
		appendRows(src, rows)
		if err := dst.AppendFrom(src); err != nil {
			t.Fatal(err)
		}
		var picks []int32
		all := slices.Clone(rows)
		if len(rows) > 0 {
			for range rapid.IntRange(0, 80).Draw(t, "picks") {
				i := rapid.IntRange(0, len(rows)-1).Draw(t, "pick")
				picks, all = append(picks, int32(i)), append(all, rows[i])
			}
		}
		if err := dst.Gather(src, picks); err != nil {
			t.Fatal(err)
		}
		sameBatch(t, "gathered", dst, shred(cols, all))
		if dst.Rows() != len(all) {
			t.Fatalf("%d rows, want %d", dst.Rows(), len(all))
		}
		appendRows(dst, rows) // it can still be appended to
		sameBatch(t, "appended", dst, shred(cols, append(all, rows...)))
	})
}

// older returns the columns without some optional ones, and rows that are null there.
func older(g *rand.Rand, cols []schemas.Column, rows []object) ([]schemas.Column, []object) {
	var kept []schemas.Column
	cut, full := make([]object, len(rows)), make([]object, len(rows))
	for i, c := range cols {
		drop := !c.Required && g.IntN(3) == 0
		values := make([]any, len(rows))
		for r := range rows {
			values[r] = rows[r][i]
		}
		inner := values
		if c.Type == schemas.Object && !drop {
			c, inner, values = olderObject(g, c, values)
		}
		if !drop {
			kept = append(kept, c)
		}
		for r := range rows {
			if drop {
				full[r] = append(full[r], nil)
				continue
			}
			cut[r], full[r] = append(cut[r], inner[r]), append(full[r], values[r])
		}
	}
	_ = full
	for r := range rows {
		copy(rows[r], full[r])
	}
	return kept, cut
}

func olderObject(g *rand.Rand, c schemas.Column, values []any) (schemas.Column, []any, []any) {
	var present []object
	for _, v := range values {
		if v != nil {
			present = append(present, slices.Clone(v.(object)))
		}
	}
	members, cut := older(g, c.Fields, present)
	if len(members) == 0 {
		return c, values, values // an object without members cannot be
	}
	c.Fields = members
	inner, full := make([]any, len(values)), make([]any, len(values))
	for i, n := 0, 0; i < len(values); i++ {
		if values[i] != nil {
			inner[i], full[i] = cut[n], present[n]
			n++
		}
	}
	return c, inner, full
}

func TestOlderRowsGetNulls(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cols := drawColumns(t)
		rows := drawRows(t, cols, 20)
		g := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "drops"), 0))
		old, cut := older(g, cols, rows) // rows now have nulls where old has no column
		if len(old) == 0 {
			return
		}
		src, dst := columns.New(old), columns.New(cols)
		appendRows(src, cut)
		if err := dst.AppendFrom(src); err != nil {
			t.Fatal(err)
		}
		file, _, err := columns.NewEncoder(old, columns.EncoderOptions{RowGroupRows: 7}).Encode(nil, src)
		if err != nil {
			t.Fatal(err)
		}
		if err := columns.Read(bytesReader(file), int64(len(file)), dst); err != nil {
			t.Fatal(err)
		}
		sameBatch(t, "widened", dst, shred(cols, append(slices.Clone(rows), rows...)))
	})
}

func TestMissingAndOtherColumns(t *testing.T) {
	t.Parallel()
	id, commit := must(col(1, "id", schemas.Int64)), must(col(2, "_commit", schemas.Int64))
	landed := columns.New([]schemas.Column{id})
	landed.Leaf("id").AppendInt64(5)
	landed.EndRow()
	table := columns.New([]schemas.Column{id, commit})
	if err := table.AppendFrom(landed); !fault.Is(err, fault.Invalid) {
		t.Errorf("a missing required column gives %v, want Invalid", err)
	}
	table.Leaf("_commit").Fill = true
	if err := table.AppendFrom(landed); err != nil {
		t.Fatal(err)
	}
	table.Leaf("_commit").FillInt64(0, 9)
	if got := table.Leaf("_commit").Int64At(0); got != 9 || table.Leaf("id").Int64At(0) != 5 {
		t.Errorf("commit is %d, want 9", got)
	}
	narrow := columns.New([]schemas.Column{must(col(1, "id", schemas.Int32))})
	narrow.Leaf("id").AppendInt32(-3)
	narrow.EndRow()
	wide := columns.New([]schemas.Column{col(1, "id", schemas.Int64)})
	if err := wide.AppendFrom(narrow); err != nil || wide.Leaf("id").Int64At(0) != -3 {
		t.Errorf("int32 to int64: %v", err)
	}
	if err := narrow.AppendFrom(wide); !fault.Is(err, fault.Invalid) {
		t.Errorf("int64 to int32 gives %v, want Invalid", err)
	}
	null := columns.New([]schemas.Column{col(1, "id", schemas.Int64)})
	null.EndRow()
	required := columns.New([]schemas.Column{id})
	if err := required.AppendFrom(null); !fault.Is(err, fault.Invalid) || required.Rows() != 0 {
		t.Errorf("null to required gives %v, want Invalid", err)
	}
	if err := required.AppendFrom(wide); err != nil || required.Leaf("id").Int64At(0) != -3 {
		t.Errorf("optional to required without nulls: %v", err)
	}
}

func TestRequiredMembers(t *testing.T) {
	t.Parallel()
	with, without := col(1, "o", schemas.Object), col(1, "o", schemas.Object)
	with.Fields = []schemas.Column{col(2, "a", schemas.String), must(col(3, "b", schemas.Int32))}
	without.Fields = with.Fields[:1]
	old := columns.New([]schemas.Column{without})
	appendRows(old, []object{{nil}, {object{nil}}})
	b := columns.New([]schemas.Column{with})
	if err := b.AppendFrom(old); !fault.Is(err, fault.Invalid) || b.Rows() != 0 {
		t.Errorf("a missing required member gives %v, want Invalid", err)
	}
	b.Leaf("o.b").Fill = true
	if err := b.AppendFrom(old); err != nil {
		t.Fatal(err)
	}
	sameBatch(t, "filled", b, shred(b.Columns(), []object{{nil}, {object{nil, int32(0)}}}))
}

func TestReadingPartOfAMap(t *testing.T) {
	t.Parallel()
	file := nestedFile(t, 30, columns.EncoderOptions{})
	b := columns.New(nested())
	if err := columns.Read(bytesReader(file), int64(len(file)), b, "attrs.value", "id"); err != nil {
		t.Fatal(err)
	}
	full := columns.New(nested())
	nestedRows(full, 30)
	sameEntries(t, "part", "attrs.value", entries(b.Leaf("attrs.value")), entries(full.Leaf("attrs.value")))
	if key := b.Leaf("attrs.key"); !slices.Equal(key.Rep, full.Leaf("attrs.key").Rep) || key.Len() != full.Leaf("attrs.key").Len() {
		t.Error("keys that were not read do not keep the maps' shape")
	}
	if err := columns.Read(bytesReader(file), int64(len(file)), b, "nobody"); !fault.Is(err, fault.Internal) || b.Rows() != 30 {
		t.Errorf("an unknown path gives %v, want Internal", err)
	}
}

func TestValuesTooLongAreRefused(t *testing.T) {
	t.Parallel()
	b := columns.New([]schemas.Column{col(1, "v", schemas.Binary)})
	b.Leaf("v").AppendBytes(make([]byte, 65<<20))
	b.EndRow()
	enc := columns.NewEncoder(b.Columns(), columns.EncoderOptions{})
	if out, _, err := enc.Encode([]byte("x"), b); !fault.Is(err, fault.Exceeded) || string(out) != "x" {
		t.Errorf("got %v, want Exceeded", err)
	}
	b.Reset()
	b.EndRow()
	if _, _, err := enc.Encode(nil, b); err != nil {
		t.Errorf("the next file: %v", err)
	}
}
