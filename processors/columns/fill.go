package columns

// fillRow gives the leaf, which has no entry in the row that ends now, the nulls that its siblings imply: in each place
// where the nearest ancestor that a sibling shows is present, the leaf's own branch is missing below it.
func (l *Leaf) fillRow(rows int) {
	if l.MaxDef == 0 {
		panic("columns: required column " + l.Path + " has no value in this row")
	}
	for n := l.node.parent; n != nil; n = n.parent {
		for _, s := range n.Leaves {
			if from, ok := s.started(rows); ok && s != l {
				l.shadow(s, from, s.entries(), n)
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

// shadow appends to l, for entries from to of its relative s, what l has to say where the branch of l below their common
// ancestor n is missing.
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
		if r <= rep {
			l.AppendNullAt(r, min(d, def))
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
