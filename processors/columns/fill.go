package columns

import "slices"

// fillRow gives the leaf, which has no entry in the row that ends now, the nulls that its siblings imply: in each place
// where the nearest ancestor that a sibling shows is present, the leaf's own branch is missing below it.
func (l *Leaf) fillRow(rows int) {
	if l.MaxDef == 0 {
		panic("columns: required column " + l.Path + " has no value in this row")
	}
	for n := l.node.parent; n != nil; n = n.parent {
		for _, s := range n.Leaves {
			if from, ok := s.started(rows); ok && s != l {
				had := l.Len()
				if l.shadow(s, from, s.entries(), n); l.Len() > had {
					panic("columns: required column " + l.Path + " has no value in this row")
				}
				return
			}
		}
	}
	l.AppendNullAt(0, 0)
}

// started returns the leaf's first entry in the row that is being closed, and whether it has any.
func (l *Leaf) started(rows int) (int, bool) {
	if l.MaxRep > 0 {
		return l.mark, len(l.Def) > l.mark
	}
	return rows - 1, l.entries() == rows
}

// shadow appends to l, for entries from..to of its relative s, what l has to say where the branch of l below their common
// ancestor n is missing: null, or zero where it cannot be null.
func (l *Leaf) shadow(s *Leaf, from, to int, n *Node) {
	rep, def := n.inside()
	for i := from; i < to; i++ {
		r, d := uint8(0), s.MaxDef
		if s.MaxRep > 0 {
			r = s.Rep[i]
		}
		if s.MaxDef > 0 {
			d = s.Def[i]
		}
		if r > rep {
			continue
		}
		if d = min(d, def); d == l.MaxDef {
			l.appendZeros(1)
		}
		l.Def = append(l.Def, d)
		if l.MaxRep > 0 {
			l.Rep = append(l.Rep, r)
		}
	}
}

// inside returns the levels at which what the node holds begins.
func (n *Node) inside() (rep, def uint8) {
	if n.Column.Elem != nil {
		return n.Rep + 1, n.Def + 1
	}
	return n.Rep, n.Def
}

// truncate takes the leaf back to that many rows, the last of which ended at the mark.
func (l *Leaf) truncate(rows int) {
	keep := rows
	if l.MaxRep > 0 {
		keep = l.mark
	}
	values := keep
	if l.MaxDef > 0 {
		values = l.Len()
		for _, d := range l.Def[min(keep, len(l.Def)):] {
			if d == l.MaxDef {
				values--
			}
		}
		l.Def = l.Def[:min(keep, len(l.Def))]
	}
	if l.MaxRep > 0 {
		l.Rep = l.Rep[:len(l.Def)]
	}
	l.cut(values)
	l.index.valid = false
}

// cut keeps the first n values.
func (l *Leaf) cut(n int) {
	switch l.Kind {
	case Bool:
		l.Bools = l.Bools[:n]
	case Int32:
		l.Int32s = l.Int32s[:n]
	case Int64:
		l.Int64s = l.Int64s[:n]
	case Fixed:
		l.Arena = l.Arena[:n*l.Width]
	default:
		l.Offsets = l.Offsets[:n+1]
		l.Arena = l.Arena[:l.Offsets[n]]
	}
}

// fillMissing gives leaves that the source lacks what their siblings imply for the new rows, or null, or zero.
func (b *Batch) fillMissing(p *plan, was []leafSize, rows int) {
	for i, l := range b.leaves {
		if p.steps[i].src != nil {
			continue
		}
		if l.MaxDef == 0 {
			l.appendZeros(rows)
			continue
		}
		n, s := l.relative(p)
		if s == nil {
			l.Def = appendN(l.Def, 0, rows)
			if l.MaxRep > 0 {
				l.Rep = appendN(l.Rep, 0, rows)
			}
			continue
		}
		l.shadow(s, was[s.at].entries, s.entries(), n)
	}
}

// relative returns the nearest leaf that the plan fills, and the ancestor it has in common with l.
func (l *Leaf) relative(p *plan) (*Node, *Leaf) {
	for n := l.node.parent; n != nil; n = n.parent {
		for _, s := range n.Leaves {
			if p.steps[s.at].src != nil {
				return n, s
			}
		}
	}
	return nil, nil
}

func appendN(dst []uint8, v uint8, n int) []uint8 {
	dst = slices.Grow(dst, n)
	for range n {
		dst = append(dst, v)
	}
	return dst
}

func (l *Leaf) appendZeros(n int) {
	switch l.Kind {
	case Bool:
		l.Bools = append(l.Bools, make([]bool, n)...)
	case Int32:
		l.Int32s = append(l.Int32s, make([]int32, n)...)
	case Int64:
		l.Int64s = append(l.Int64s, make([]int64, n)...)
	case Fixed:
		l.Arena = append(l.Arena, make([]byte, n*l.Width)...)
	default:
		for range n {
			l.Offsets = append(l.Offsets, uint32(len(l.Arena)))
		}
	}
}
