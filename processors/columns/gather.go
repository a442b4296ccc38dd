package columns

import (
	"slices"

	"github.com/tarn-lake/tarn/internal/fault"
)

// AppendFrom adds every row of src. Leaves are matched by field id. An optional leaf that src lacks becomes null, a
// required one zero where its Fill is set; otherwise, where a type cannot be widened, and where a null meets a required
// leaf, the error is Invalid and nothing was added. Numbers widen as Iceberg allows: int32 to int64, a decimal to more
// digits of the same scale.
func (b *Batch) AppendFrom(src *Batch) error {
	return b.take(src, func(dst *Leaf, s *step) error {
		at := len(dst.Def)
		dst.copyLevels(s, 0, s.src.entries())
		if err := dst.checkLevels(s, at); err != nil {
			return err
		}
		return dst.copyValues(s, 0, s.src.Len())
	}, src.rows)
}

// Gather adds the given rows of src, in that order, as AppendFrom would. It goes column by column.
func (b *Batch) Gather(src *Batch, rows []int32) error {
	return b.take(src, func(dst *Leaf, s *step) error { return dst.gather(s, rows) }, len(rows))
}

// take adds rows of src to every leaf, or leaves the batch as it was.
func (b *Batch) take(src *Batch, one func(*Leaf, *step) error, rows int) error {
	if b == src {
		return fault.New(fault.Internal, "a batch cannot be added to itself")
	}
	p, err := b.planFor(src.layout)
	if err != nil {
		return err
	}
	was := b.sizes()
	for i, l := range b.leaves {
		if s := &p.steps[i]; s.src != nil {
			// The plan is the layout's; the values are this batch's.
			here := step{src: src.leaves[s.src.at], defs: s.defs, same: s.same}
			if err := one(l, &here); err != nil {
				b.restore(was)
				return err
			}
		}
	}
	b.fillMissing(p, was, rows)
	b.addRows(rows)
	return nil
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

// copyLevels adds the levels of the source's entries from..to. Levels that the leaf refuses become noLevel, which
// checkLevels finds.
func (l *Leaf) copyLevels(s *step, from, to int) {
	switch {
	case l.MaxDef == 0 && s.src.MaxDef > 0:
		l.Def = append(l.Def, s.src.Def[from:to]...) // checked, then dropped
		for i := len(l.Def) - (to - from); i < len(l.Def); i++ {
			l.Def[i] = s.defs[l.Def[i]]
		}
	case l.MaxDef == 0:
	case s.src.MaxDef == 0:
		l.Def = appendN(l.Def, l.MaxDef, to-from)
	case s.defs == nil:
		l.Def = append(l.Def, s.src.Def[from:to]...)
	default:
		l.Def = slices.Grow(l.Def, to-from)
		for _, d := range s.src.Def[from:to] {
			l.Def = append(l.Def, s.defs[d])
		}
	}
	if l.MaxRep > 0 {
		l.Rep = append(l.Rep, s.src.Rep[from:to]...)
	}
}

// checkLevels refuses nulls where the leaf is required, among the levels added since there were at.
func (l *Leaf) checkLevels(s *step, at int) error {
	if s.defs == nil {
		return nil
	}
	for _, d := range l.Def[at:] {
		if d == noLevel {
			return fault.New(fault.Invalid, "required column %s has a null", l.Path)
		}
	}
	if l.MaxDef == 0 {
		l.Def = l.Def[:at]
	}
	return nil
}
