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
