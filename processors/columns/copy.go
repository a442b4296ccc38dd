package columns

import (
	"slices"

	"github.com/tarn-lake/tarn/internal/fault"
)

// copyValues adds the source's values from..to.
func (l *Leaf) copyValues(s *step, from, to int) error {
	src := s.src
	if !s.same {
		for i := from; i < to; i++ {
			l.widen(src, i)
		}
		return nil
	}
	if src.dict != nil {
		l.dict, l.ids = src.dict, append(l.ids, src.ids[from:to]...)
		return nil
	}
	switch l.Kind {
	case Bool:
		l.Bools = append(l.Bools, src.Bools[from:to]...)
	case Int32:
		l.Int32s = append(l.Int32s, src.Int32s[from:to]...)
	case Int64:
		l.Int64s = append(l.Int64s, src.Int64s[from:to]...)
	case Fixed:
		l.Arena = append(l.Arena, src.Arena[from*l.Width:to*l.Width]...)
	default:
		base, first := uint32(len(l.Arena)), src.Offsets[from]
		if err := l.fits(int(src.Offsets[to] - first)); err != nil {
			return err
		}
		l.Arena = append(l.Arena, src.Arena[first:src.Offsets[to]]...)
		l.Offsets = slices.Grow(l.Offsets, to-from)
		for _, end := range src.Offsets[from+1 : to+1] {
			l.Offsets = append(l.Offsets, end-first+base)
		}
	}
	return nil
}

// fits refuses more text than offsets can count.
func (l *Leaf) fits(more int) error {
	if uint64(len(l.Arena))+uint64(more) > maxArena {
		return fault.New(fault.Exceeded, "column %s would hold more than 4 GiB: take fewer rows at once", l.Path)
	}
	return nil
}

// widen adds value i of a narrower leaf, without levels.
func (l *Leaf) widen(src *Leaf, i int) {
	var hi int64
	var lo uint64
	switch src.Kind {
	case Int32:
		hi, lo = int64(src.Int32s[i])>>63, uint64(int64(src.Int32s[i]))
	case Int64:
		hi, lo = src.Int64s[i]>>63, uint64(src.Int64s[i])
	default:
		hi, lo = decimalOf(src.Value(i))
	}
	l.appendUnscaled(hi, lo)
}

// gather adds the given rows of the source.
func (l *Leaf) gather(s *step, rows []int32) error {
	if s.src.MaxRep > 0 {
		return l.gatherLists(s, rows)
	}
	src := s.src
	src.reindex()
	if src.index.direct {
		if l.MaxDef > 0 {
			l.Def = appendN(l.Def, l.MaxDef, len(rows))
		}
		return l.gatherValues(s, rows)
	}
	at := len(l.Def)
	l.Def = slices.Grow(l.Def, len(rows))[:at+len(rows)]
	picked := roomFor(l.picked[:0], len(rows))[:len(rows)]
	def, value, out, n := src.Def, src.index.value, l.Def[at:], 0
	for i, r := range rows {
		d := def[r]
		picked[n], out[i] = value[r], d
		n += isEqual(d, src.MaxDef)
	}
	l.picked = picked[:n]
	if s.defs != nil {
		for i, d := range out {
			out[i] = s.defs[d]
		}
	}
	if err := l.checkLevels(s, at); err != nil {
		return err
	}
	return l.gatherValues(s, l.picked)
}

// gatherValues adds the source's values of those numbers.
func (l *Leaf) gatherValues(s *step, values []int32) error {
	src := s.src
	switch {
	case !s.same:
		for _, v := range values {
			l.widen(src, int(v))
		}
	case src.dict != nil && s.coded:
		l.dict, l.ids = src.dict, pick(l.ids, src.ids, values)
	case src.dict != nil:
		return l.gatherValues(&step{src: src.dict, same: true}, pick(nil, src.ids, values))
	case l.Kind == Bool:
		l.Bools = pick(l.Bools, src.Bools, values)
	case l.Kind == Int32:
		l.Int32s = pick(l.Int32s, src.Int32s, values)
	case l.Kind == Int64:
		l.Int64s = pick(l.Int64s, src.Int64s, values)
	case l.Kind == Fixed:
		l.Arena = slices.Grow(l.Arena, len(values)*l.Width)
		for _, v := range values {
			l.Arena = append(l.Arena, src.Value(int(v))...)
		}
	default:
		return l.gatherBytes(src, values)
	}
	return nil
}

func (l *Leaf) gatherBytes(src *Leaf, values []int32) error {
	total, ends := 0, src.Offsets
	for _, v := range values {
		total += int(ends[v+1] - ends[v])
	}
	if err := l.fits(total); err != nil {
		return err
	}
	at := len(l.Arena)
	arena := slices.Grow(l.Arena, total+word)
	arena = arena[:at+total+word]
	first := len(l.Offsets)
	offsets := slices.Grow(l.Offsets, len(values))[:first+len(values)]
	in := src.Arena[:cap(src.Arena)] // what lies behind the last text does no harm
	for i, v := range values {
		from, to := int(ends[v]), int(ends[v+1])
		copyText(arena, at, in, from, to)
		at += to - from
		offsets[first+i] = uint32(at)
	}
	l.Arena, l.Offsets = arena[:at], offsets
	return nil
}

func pick[T any](dst, src []T, at []int32) []T {
	dst = slices.Grow(dst, len(at))
	for _, i := range at {
		dst = append(dst, src[i])
	}
	return dst
}
