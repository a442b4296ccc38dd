package columns

import (
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

const noLevel = 0xff // a definition level that must not occur

// plan says how rows of one layout become rows of another.
type plan struct {
	from  *layout
	steps []step // by leaf of the destination
}

// step is what a leaf of the destination is made of.
type step struct {
	src  *Leaf   // nil: missing from the source
	defs []uint8 // the source's definition levels in the destination's terms; nil: the same
	same bool    // values are stored alike

	coded bool // numbers of distinct values stay numbers
}

// planFor matches leaves by field id. An optional leaf that the source lacks becomes null, a required one with Fill zero.
func (lay *layout) planFor(from *layout) (*plan, error) {
	if lay.plan != nil && lay.plan.from == from {
		return lay.plan, nil
	}
	p := &plan{from: from, steps: make([]step, len(lay.leaves))}
	for i, l := range lay.leaves {
		src := from.byID[l.Column.ID]
		if src == nil {
			continue
		}
		if !widens(src, l) {
			return nil, fault.New(fault.Invalid, "column %s (field %d) is %s, which does not become %s", l.Path, l.Column.ID,
				typeName(&src.Column), typeName(&l.Column))
		}
		defs, ok := levelMap(l.node, src.node)
		if !ok {
			return nil, fault.New(fault.Invalid, "column %s (field %d) is nested differently", l.Path, l.Column.ID)
		}
		p.steps[i] = step{src: src, defs: defs, same: src.Kind == l.Kind && src.Width == l.Width}
	}
	for i, l := range lay.leaves {
		if p.steps[i].src == nil && !l.Fill && l.needed(p) {
			return nil, fault.New(fault.Invalid, "required column %s (field %d) is missing", l.Path, l.Column.ID)
		}
	}
	lay.plan = p
	return p, nil
}

// needed reports whether the leaf, which the source lacks, cannot be null where its siblings are there.
func (l *Leaf) needed(p *plan) bool {
	n, s := l.relative(p)
	if s == nil {
		return l.MaxDef == 0
	}
	_, def := n.inside()
	return def == l.MaxDef
}

func typeName(c *schemas.Column) string {
	if c.Type == schemas.Decimal {
		return fault.New(fault.Invalid, "decimal(%d,%d)", c.Precision, c.Scale).Message
	}
	return string(c.Type)
}

// widens reports whether every value of src is one of dst: Iceberg's promotions.
func widens(src, dst *Leaf) bool {
	a, b := plainType(src.Column.Type), plainType(dst.Column.Type)
	switch {
	case a == schemas.Decimal && b == schemas.Decimal:
		return src.Column.Scale == dst.Column.Scale && src.Column.Precision <= dst.Column.Precision
	case a == schemas.Int32 && b == schemas.Int64:
		return true
	}
	return a == b
}

func plainType(t schemas.Type) schemas.Type {
	if t == schemas.Enum {
		return schemas.String
	}
	return t
}

// levelMap translates definition levels. A null where the destination requires a value has no translation. It is nil
// where both count alike.
func levelMap(dst, src *Node) (defs []uint8, ok bool) {
	a, b := chain(dst), chain(src)
	if len(a) != len(b) {
		return nil, false
	}
	defs = []uint8{0}
	level, same := uint8(0), true
	for i := range a {
		optional, was := !a[i].Column.Required, !b[i].Column.Required
		same = same && optional == was
		if optional {
			level++
		}
		switch {
		case was && optional:
			defs = append(defs, level)
		case was:
			defs[len(defs)-1] = noLevel
			defs = append(defs, level)
		default:
			defs[len(defs)-1] = level
		}
		if (a[i].Column.Elem != nil) != (b[i].Column.Elem != nil) || (a[i].Column.Key != nil) != (b[i].Column.Key != nil) {
			return nil, false
		}
		if a[i].Column.Elem != nil {
			level++
			defs = append(defs, level)
		}
	}
	if same {
		return nil, true
	}
	return defs, true
}

// chain returns the nodes from the top down to n.
func chain(n *Node) []*Node {
	var up []*Node
	for ; n != nil; n = n.parent {
		up = append([]*Node{n}, up...)
	}
	return up
}
