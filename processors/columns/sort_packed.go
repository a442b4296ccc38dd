package columns

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// pack gives the items words of as many of the keys from k on as fit one together, and returns the first key that does
// not: k where none does. District, thana and time of a day's passes take 54 bits.
func (s *sorter) pack(run []sortItem, k int) int {
	for width := 0; k < len(s.keys); k++ {
		p := s.packer(run, k)
		if width+p.bits > 64 {
			return k
		}
		if width == 0 {
			for i := range run {
				run[i].prefix = 0 // it was another key's
			}
		}
		width += p.bits
		for i := range run {
			run[i].prefix = run[i].prefix<<p.bits | p.word(int(run[i].row))
		}
	}
	return k
}

// equalRuns hands over the runs of items with equal prefixes.
func equalRuns(run []sortItem, then func(same []sortItem)) {
	for from := 0; from < len(run); {
		to := from + 1
		for to < len(run) && run[to].prefix == run[from].prefix {
			to++
		}
		if to-from > 1 {
			then(run[from:to])
		}
		from = to
	}
}

// packer makes order-preserving words of few bits of a key's values.
type packer struct {
	leaf    *Leaf
	ranks   []uint32 // of each distinct value, where the leaf comes as numbers
	lo, hi  uint64   // of the words before they are packed
	bits    int      // more than 64: it cannot be done
	desc    bool
	nullish bool // there are nulls, which come last
}

// packer looks at the run's values of key k.
func (s *sorter) packer(run []sortItem, k int) packer {
	p := packer{leaf: s.keys[k].leaf, desc: s.keys[k].desc, lo: math.MaxUint64, bits: 65}
	l := p.leaf
	switch {
	case l.dict != nil:
		p.ranks = l.dict.ranks()
	case l.Kind == Bytes || l.Kind == Fixed:
		return p
	}
	p.nullish = !l.index.direct
	for i := range run {
		if v, ok := p.raw(int(run[i].row)); ok {
			p.lo, p.hi = min(p.lo, v), max(p.hi, v)
		}
	}
	if p.hi < p.lo { // nothing but nulls
		p.lo, p.hi = 0, 0
	}
	if most := p.hi - p.lo; most < math.MaxUint64 {
		if p.nullish {
			most++
		}
		p.bits = bits.Len64(most)
	}
	return p
}

// raw returns the row's word before it is packed, false for null.
func (p *packer) raw(row int) (uint64, bool) {
	l, at := p.leaf, row
	if p.nullish {
		from, to := int(l.index.value[row]), int(l.index.value[row+1])
		if from == to {
			return 0, false
		}
		at = from
	}
	switch {
	case p.ranks != nil:
		return uint64(p.ranks[l.ids[at]]), true
	case l.Kind == Int32:
		return uint64(int64(l.Int32s[at])) ^ 1<<63, true
	case l.Kind == Int64:
		return uint64(l.Int64s[at]) ^ 1<<63, true
	}
	return uint64(boolInt(l.Bools[at])), true
}

func (p *packer) word(row int) uint64 {
	v, ok := p.raw(row)
	switch {
	case !ok:
		return p.hi - p.lo + 1
	case p.desc:
		return p.hi - v
	}
	return v - p.lo
}

// ranks returns of each value its place among all of them in order; equal values have one place.
func (l *Leaf) ranks() []uint32 {
	order := make([]int32, l.Len())
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return l.compare(int(a), int(b)) })
	ranks := make([]uint32, len(order))
	for i, id := range order {
		ranks[id] = uint32(i)
	}
	return ranks
}

const (
	digit      = 11  // bits that the radix sort looks at in one pass
	radixLeast = 512 // items; fewer are sorted by comparing
)

// radix sorts the run by prefix; equal ones keep their order.
func (s *sorter) radix(run []sortItem) {
	sorted, all := true, uint64(0)
	for i := 1; i < len(run); i++ {
		sorted = sorted && run[i-1].prefix <= run[i].prefix
		all |= run[i-1].prefix ^ run[i].prefix
	}
	if sorted {
		return
	}
	if len(run) < radixLeast {
		slices.SortStableFunc(run, func(a, b sortItem) int { return cmp.Compare(a.prefix, b.prefix) })
		return
	}
	s.spare = slices.Grow(s.spare[:0], len(run))[:len(run)]
	from, to := run, s.spare
	for shift := 0; shift < 64 && all>>shift != 0; shift += digit {
		if all>>shift&(1<<digit-1) == 0 {
			continue // equal in all
		}
		var at [1 << digit]int32
		for i := range from {
			at[from[i].prefix>>shift&(1<<digit-1)]++
		}
		sum := int32(0)
		for i, n := range at {
			at[i], sum = sum, sum+n
		}
		for i := range from {
			d := from[i].prefix >> shift & (1<<digit - 1)
			to[at[d]] = from[i]
			at[d]++
		}
		from, to = to, from
	}
	if &from[0] != &run[0] {
		copy(run, from)
	}
}
