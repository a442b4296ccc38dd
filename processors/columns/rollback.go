package columns

// leafSize is how long a leaf's slices are.
type leafSize struct{ entries, defs, values int }

func (b *Batch) sizes() []leafSize {
	b.was = b.was[:0]
	for _, l := range b.leaves {
		b.was = append(b.was, leafSize{entries: l.entries(), defs: len(l.Def), values: l.Len()})
	}
	return b.was
}

func (b *Batch) restore(was []leafSize) {
	for i, l := range b.leaves {
		l.Def = l.Def[:was[i].defs]
		if l.MaxRep > 0 {
			l.Rep = l.Rep[:was[i].defs]
		}
		l.cut(was[i].values)
		l.index.valid = false
	}
}

func (b *Batch) addRows(n int) {
	b.rows += n
	for _, l := range b.leaves {
		l.mark = len(l.Def)
	}
}
