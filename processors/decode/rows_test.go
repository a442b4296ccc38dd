package decode_test

import (
	"math/big"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// row is one row of a batch: values by column, nested ones as maps and slices, null ones left out.
type row map[string]any

// rowsOf takes a batch apart.
func rowsOf(b *columns.Batch) []row {
	rows := make([]row, b.Rows())
	for i := range rows {
		rows[i] = row{}
		for _, c := range b.Columns() {
			if v := (&cursor{row: i, at: map[*columns.Leaf]int{}}).read(b.Node(c.Name)); v != nil {
				rows[i][c.Name] = v
			}
		}
	}
	return rows
}

// cursor walks through the entries of one row.
type cursor struct {
	row int
	at  map[*columns.Leaf]int // entries taken
}

func (c *cursor) entry(l *columns.Leaf) int {
	from, _ := l.Entries(c.row)
	return from + c.at[l]
}

func (c *cursor) def(l *columns.Leaf) uint8 {
	if l.MaxDef == 0 {
		return 0
	}
	return l.Def[c.entry(l)]
}

func (c *cursor) skip(n *columns.Node) {
	for _, l := range n.Leaves {
		c.at[l]++
	}
}

func (c *cursor) read(n *columns.Node) any {
	first := n.Leaves[0]
	if c.def(first) < n.Def {
		c.skip(n)
		return nil
	}
	switch n.Column.Type {
	case schemas.Object:
		out := map[string]any{}
		for _, k := range n.Kids {
			if v := c.read(k); v != nil {
				out[k.Column.Name] = v
			}
		}
		return out
	case schemas.List:
		list := []any{}
		c.each(n, func() { list = append(list, c.read(n.Kids[0])) })
		return list
	case schemas.Map:
		pairs := map[string]any{}
		c.each(n, func() { pairs[c.read(n.Kids[0]).(string)] = c.read(n.Kids[1]) })
		return pairs
	}
	return c.value(first)
}

// each calls item for every item of a list or map.
func (c *cursor) each(n *columns.Node, item func()) {
	first := n.Leaves[0]
	if c.def(first) == n.Def {
		c.skip(n)
		return
	}
	for {
		item()
		if _, end := first.Entries(c.row); c.entry(first) >= end || first.Rep[c.entry(first)] != n.Rep+1 {
			return
		}
	}
}

// value returns the value of a leaf's current entry.
func (c *cursor) value(l *columns.Leaf) any {
	at, _ := l.Values(c.row)
	from, _ := l.Entries(c.row)
	for e := from; e < c.entry(l); e++ {
		if l.MaxDef == 0 || l.Def[e] == l.MaxDef {
			at++
		}
	}
	c.at[l]++
	switch l.Kind {
	case columns.Bool:
		return l.Bools[at]
	case columns.Int32:
		return int64(l.Int32s[at])
	case columns.Int64:
		return l.Int64s[at]
	case columns.Fixed:
		v := new(big.Int).SetBytes(l.Value(at))
		if l.Value(at)[0] >= 0x80 {
			v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*l.Width)))
		}
		return v.String()
	}
	return string(l.Value(at))
}
