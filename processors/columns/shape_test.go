package columns_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"

	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// A row in these tests is one value for each column: nil, bool, int32, int64, []byte, []any (list), []pair (map),
// object (one value for each member).
type (
	object []any
	pair   struct{ key, value any }
)

// entry is one entry of a leaf, as Dremel's paper has it.
type entry struct {
	rep, def uint8
	value    any // nil: none
}

// shred is the oracle: it turns rows into entries by leaf path, without any of the package's code.
func shred(cols []schemas.Column, rows []object) map[string][]entry {
	out := map[string][]entry{}
	for _, row := range rows {
		for i := range cols {
			shredValue(out, "", &cols[i], row[i], 0, 0, 0)
		}
	}
	return out
}

func shredValue(out map[string][]entry, prefix string, c *schemas.Column, v any, rep, def, depth uint8) {
	if v == nil {
		shredNull(out, prefix, c, rep, def)
		return
	}
	if !c.Required {
		def++
	}
	path := prefix + c.Name + "."
	switch v := v.(type) {
	case object:
		for i := range c.Fields {
			shredValue(out, path, &c.Fields[i], v[i], rep, def, depth)
		}
	case []any:
		for i, item := range v {
			shredValue(out, path, c.Elem, item, repeat(i, rep, depth), def+1, depth+1)
		}
		if len(v) == 0 {
			shredNull(out, path, c.Elem, rep, def)
		}
	case []pair:
		for i, p := range v {
			shredValue(out, path, c.Key, p.key, repeat(i, rep, depth), def+1, depth+1)
			shredValue(out, path, c.Elem, p.value, repeat(i, rep, depth), def+1, depth+1)
		}
		if len(v) == 0 {
			shredNull(out, path, c.Key, rep, def)
			shredNull(out, path, c.Elem, rep, def)
		}
	default:
		out[prefix+c.Name] = append(out[prefix+c.Name], entry{rep, def, v})
	}
}

func repeat(i int, rep, depth uint8) uint8 {
	if i == 0 {
		return rep
	}
	return depth + 1
}

func shredNull(out map[string][]entry, prefix string, c *schemas.Column, rep, def uint8) {
	below := below(c)
	if len(below) == 0 {
		out[prefix+c.Name] = append(out[prefix+c.Name], entry{rep, def, nil})
	}
	for _, k := range below {
		shredNull(out, prefix+c.Name+".", k, rep, def)
	}
}

func below(c *schemas.Column) []*schemas.Column {
	switch {
	case c.Key != nil:
		return []*schemas.Column{c.Key, c.Elem}
	case c.Elem != nil:
		return []*schemas.Column{c.Elem}
	}
	var kids []*schemas.Column
	for i := range c.Fields {
		kids = append(kids, &c.Fields[i])
	}
	return kids
}

// appendRows puts rows into a batch the way a decoder does.
func appendRows(b *columns.Batch, rows []object) {
	for _, row := range rows {
		for i, c := range b.Columns() {
			appendNode(b, b.Node(c.Name), row[i], 0, 0)
		}
		b.EndRow()
	}
}

func appendNode(b *columns.Batch, n *columns.Node, v any, rep, def uint8) {
	if v == nil {
		n.AppendNull(rep, def)
		return
	}
	switch v := v.(type) {
	case object:
		for i, k := range n.Kids {
			appendNode(b, k, v[i], rep, n.Def)
		}
	case []any:
		for i, item := range v {
			appendNode(b, n.Kids[0], item, repeat(i, rep, n.Rep), n.Def+1)
		}
		if len(v) == 0 {
			n.AppendNull(rep, n.Def)
		}
	case []pair:
		for i, p := range v {
			appendNode(b, n.Kids[0], p.key, repeat(i, rep, n.Rep), n.Def+1)
			appendNode(b, n.Kids[1], p.value, repeat(i, rep, n.Rep), n.Def+1)
		}
		if len(v) == 0 {
			n.AppendNull(rep, n.Def)
		}
	default:
		appendLeaf(b.Leaf(n.Path), v, rep)
	}
}

func appendLeaf(l *columns.Leaf, v any, rep uint8) {
	switch v := v.(type) {
	case bool:
		l.AppendBool(v)
	case int32:
		l.AppendInt32(v)
	case int64:
		l.AppendInt64(v)
	case []byte:
		l.AppendBytes(v)
	}
	if l.MaxRep > 0 {
		l.RepeatAt(rep)
	}
}

// entries reads a leaf back.
func entries(l *columns.Leaf) []entry {
	var out []entry
	n, v := len(l.Def), 0
	if l.MaxDef == 0 {
		n = l.Len()
	}
	for i := range n {
		e := entry{def: l.MaxDef}
		if l.MaxDef > 0 {
			e.def = l.Def[i]
		}
		if l.MaxRep > 0 {
			e.rep = l.Rep[i]
		}
		if e.def == l.MaxDef {
			e.value = valueOf(l, v)
			v++
		}
		out = append(out, e)
	}
	return out
}

func valueOf(l *columns.Leaf, i int) any {
	switch l.Kind {
	case columns.Bool:
		return l.Bools[i]
	case columns.Int32:
		return l.Int32s[i]
	case columns.Int64:
		return l.Int64s[i]
	}
	return bytes.Clone(l.Value(i))
}

// sameEntries reports the first difference.
func sameEntries(t rapid.TB, what, path string, got, want []entry) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %s has %d entries, want %d", what, path, len(got), len(want))
	}
	for i := range got {
		if got[i].rep != want[i].rep || got[i].def != want[i].def || !sameValue(got[i].value, want[i].value) {
			t.Fatalf("%s: %s[%d] is %v, want %v", what, path, i, got[i], want[i])
		}
	}
}

func sameValue(a, b any) bool {
	x, ok := a.([]byte)
	y, ok2 := b.([]byte)
	if ok && ok2 {
		return bytes.Equal(x, y)
	}
	return !ok && !ok2 && a == b
}

// sameBatch compares every leaf with the oracle.
func sameBatch(t rapid.TB, what string, b *columns.Batch, want map[string][]entry) {
	t.Helper()
	for _, l := range b.Leaves() {
		sameEntries(t, what, l.Path, entries(l), want[l.Path])
	}
}

// drawColumns draws a layout with unique ids.
func drawColumns(t *rapid.T) []schemas.Column {
	id := 0
	n := rapid.IntRange(1, 6).Draw(t, "columns")
	cols := make([]schemas.Column, n)
	for i := range cols {
		cols[i] = drawColumn(t, fmt.Sprintf("c%d", i), &id, 0)
	}
	return cols
}

func drawColumn(t *rapid.T, name string, id *int, depth int) schemas.Column {
	*id++
	c := schemas.Column{Name: name, ID: *id, Required: rapid.Bool().Draw(t, "required")}
	types := []schemas.Type{schemas.String, schemas.Int32, schemas.Int64, schemas.Boolean, schemas.Day, schemas.Timestamp,
		schemas.Binary, schemas.Decimal}
	if depth < 3 {
		types = append(types, schemas.List, schemas.Map, schemas.Object)
	}
	switch c.Type = rapid.SampledFrom(types).Draw(t, "type"); c.Type {
	case schemas.Decimal:
		c.Precision = rapid.IntRange(1, 38).Draw(t, "precision")
		c.Scale = rapid.IntRange(0, c.Precision).Draw(t, "scale")
	case schemas.List:
		elem := drawColumn(t, "element", id, depth+1)
		c.Elem = &elem
	case schemas.Map:
		*id++
		key := schemas.Column{Name: "key", ID: *id, Type: schemas.String, Required: true}
		value := drawColumn(t, "value", id, depth+1)
		c.Key, c.Elem = &key, &value
	case schemas.Object:
		for i := range rapid.IntRange(1, 3).Draw(t, "members") {
			c.Fields = append(c.Fields, drawColumn(t, fmt.Sprintf("m%d", i), id, depth+1))
		}
	}
	return c
}

// drawRows draws the seed and the temper of the rows, and makes them of that: a draw for each value would take minutes.
func drawRows(t *rapid.T, cols []schemas.Column, most int) []object {
	g := valueGen{
		rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)),
		// Few distinct values make dictionaries, few nulls make pages without levels.
		spread: rapid.IntRange(1, 1000).Draw(t, "spread"),
		nulls:  rapid.IntRange(0, 10).Draw(t, "nulls"),
	}
	rows := make([]object, rapid.IntRange(0, most).Draw(t, "rows"))
	for i := range rows {
		rows[i] = g.row(cols)
	}
	return rows
}

type valueGen struct {
	rand          *rand.Rand
	spread, nulls int
}

func (g *valueGen) row(cols []schemas.Column) object {
	row := make(object, len(cols))
	for j := range cols {
		row[j] = g.value(&cols[j])
	}
	return row
}

func (g *valueGen) value(c *schemas.Column) any {
	if !c.Required && g.rand.IntN(10) < g.nulls {
		return nil
	}
	n := g.rand.IntN(2*g.spread+1) - g.spread
	switch c.Type {
	case schemas.Boolean:
		return n > 0
	case schemas.Int32, schemas.Day:
		return int32(n)
	case schemas.Int64, schemas.Timestamp:
		return int64(n) << 20
	case schemas.Decimal:
		return decimalValue(c, n)
	case schemas.List:
		list := make([]any, g.rand.IntN(4))
		for i := range list {
			list[i] = g.value(c.Elem)
		}
		return list
	case schemas.Map:
		list := make([]pair, g.rand.IntN(4))
		for i := range list {
			list[i] = pair{fmt.Appendf(nil, "k%d", i), g.value(c.Elem)}
		}
		return list
	case schemas.Object:
		return g.row(c.Fields)
	}
	if n == 0 {
		return []byte{}
	}
	return fmt.Appendf(nil, "value-%d-é", n)
}

func decimalValue(c *schemas.Column, n int) any {
	n %= 10
	switch {
	case c.Precision <= 9:
		return int32(n)
	case c.Precision <= 18:
		return int64(n)
	}
	widths := []int{9, 9, 9, 10, 10, 11, 11, 11, 12, 12, 13, 13, 13, 14, 14, 15, 15, 16, 16, 16} // from 19 digits on
	fill := byte(0)
	if n < 0 {
		fill = 0xff
	}
	v := bytes.Repeat([]byte{fill}, widths[c.Precision-19])
	v[len(v)-1] = byte(n)
	return v
}
