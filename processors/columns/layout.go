package columns

import (
	"slices"

	"github.com/tarn-lake/tarn/schemas"
)

// Node is a column or a part of one: a leaf, or an object, list or map with leaves below.
type Node struct {
	Path   string         // dotted: "address", "tags", "tags.element", "attrs.key"
	Column schemas.Column // as declared
	Def    uint8          // definition level from which on the node is not null
	Rep    uint8          // repetition level of the node: how many lists and maps it stands in
	Kids   []*Node        // object: its members; list: its element; map: key and value
	Leaves []*Leaf        // every leaf at or below the node
	parent *Node
}

// AppendNull adds one entry to every leaf below the node: null, with the levels given. At the top level of a row that is
// AppendNull(0, 0); a member of a present object that is null itself has rep 0 and def of the object. For a list or map
// node, AppendNull(rep, node.Def) is the empty list.
func (n *Node) AppendNull(rep, def uint8) {
	for _, l := range n.Leaves {
		l.AppendNullAt(rep, def)
	}
}

// layout is what a batch, an encoder and a reader derive from the columns.
type layout struct {
	cols   []schemas.Column
	tops   []*Node
	leaves []*Leaf
	lists  []*Leaf // those in lists or maps
	// The others, by whether they can be null.
	optional, required []*Leaf
	nodes              map[string]*Node
	byID               map[int]*Leaf
	plan               *plan // how the last source's rows came in
}

func newLayout(cols []schemas.Column) *layout {
	lay := &layout{cols: slices.Clone(cols), nodes: map[string]*Node{}, byID: map[int]*Leaf{}}
	for i := range lay.cols {
		lay.tops = append(lay.tops, lay.add(nil, "", lay.cols[i], 0, 0))
	}
	return lay
}

// add makes the node of c, which stands at the levels of what surrounds it.
func (lay *layout) add(parent *Node, prefix string, c schemas.Column, def, rep uint8) *Node {
	if !c.Required {
		def++
	}
	n := &Node{Path: prefix + c.Name, Column: c, Def: def, Rep: rep, parent: parent}
	lay.nodes[n.Path] = n
	below := n.Path + "."
	switch c.Type {
	case schemas.Object:
		if len(c.Fields) == 0 {
			panic("columns: object " + n.Path + " has no members, which Parquet cannot say")
		}
		for _, f := range c.Fields {
			n.Kids = append(n.Kids, lay.add(n, below, f, def, rep))
		}
	case schemas.Map:
		n.Kids = append(n.Kids, lay.add(n, below, *c.Key, def+1, rep+1), lay.add(n, below, *c.Elem, def+1, rep+1))
	case schemas.List, schemas.Set:
		n.Kids = append(n.Kids, lay.add(n, below, *c.Elem, def+1, rep+1))
	default:
		n.Leaves = []*Leaf{lay.addLeaf(n)}
		return n
	}
	for _, k := range n.Kids {
		n.Leaves = append(n.Leaves, k.Leaves...)
	}
	return n
}

func (lay *layout) addLeaf(n *Node) *Leaf {
	kind, width := kindOf(&n.Column)
	l := &Leaf{Kind: kind, Width: width, Path: n.Path, Column: n.Column, MaxDef: n.Def, MaxRep: n.Rep, node: n, isTop: n.parent == nil && n.Def > 0, at: len(lay.leaves)}
	l.reset()
	lay.leaves = append(lay.leaves, l)
	switch {
	case l.MaxRep > 0:
		lay.lists = append(lay.lists, l)
	case l.MaxDef > 0:
		lay.optional = append(lay.optional, l)
	default:
		lay.required = append(lay.required, l)
	}
	lay.byID[n.Column.ID] = l
	return l
}
