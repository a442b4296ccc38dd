package columns

import (
	"bytes"
	"math/bits"
)

// coder numbers the distinct values of a column across files, so that a column of few values travels from file to file
// as numbers, and only the files' dictionaries are looked at.
type coder struct {
	dict  *Leaf
	slots []uint32 // number+1 by hash, open addressing
	shift uint
}

func newCoder(kind Kind, width int) *coder {
	c := &coder{dict: &Leaf{Kind: kind, Width: width}}
	c.dict.reset()
	c.resize(8)
	return c
}

// code returns the number of src's value i.
func (c *coder) code(src *Leaf, i int) int32 {
	h := src.hash(i)
	s := h >> c.shift
	for ; c.slots[s] != 0; s = (s + 1) & uint64(len(c.slots)-1) {
		if id := int(c.slots[s] - 1); c.dict.sameValue(id, src, i) {
			return int32(id)
		}
	}
	id := c.dict.Len()
	c.slots[s] = uint32(id + 1)
	c.dict.appendValueOf(src, i)
	if 2*(id+1) > len(c.slots) {
		c.resize(64 - c.shift + 2)
	}
	return int32(id)
}

func (c *coder) resize(log uint) {
	c.slots, c.shift = make([]uint32, 1<<log), 64-log
	for id := range c.dict.Len() {
		s := c.dict.hash(id) >> c.shift
		for c.slots[s] != 0 {
			s = (s + 1) & uint64(len(c.slots)-1)
		}
		c.slots[s] = uint32(id + 1)
	}
}

// hash returns a hash of value i whose high bits are mixed.
func (l *Leaf) hash(i int) uint64 {
	switch l.Kind {
	case Int32:
		return hashInt(uint64(l.Int32s[i]))
	case Int64:
		return hashInt(uint64(l.Int64s[i]))
	}
	return hashBytes(l.Value(i))
}

func hashInt(v uint64) uint64 {
	hi, lo := bits.Mul64(v^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return (hi ^ lo) * 0x9e3779b97f4a7c15
}

func (l *Leaf) sameValue(i int, o *Leaf, j int) bool {
	switch l.Kind {
	case Int32:
		return l.Int32s[i] == o.Int32s[j]
	case Int64:
		return l.Int64s[i] == o.Int64s[j]
	}
	return bytes.Equal(l.Value(i), o.Value(j))
}

// appendValueOf adds value i of a leaf of the same kind, without levels.
func (l *Leaf) appendValueOf(o *Leaf, i int) {
	switch l.Kind {
	case Int32:
		l.Int32s = append(l.Int32s, o.Int32s[i])
	case Int64:
		l.Int64s = append(l.Int64s, o.Int64s[i])
	case Fixed:
		l.Arena = append(l.Arena, o.Value(i)...)
	default:
		l.Arena = append(l.Arena, o.Value(i)...)
		l.Offsets = append(l.Offsets, uint32(len(l.Arena)))
	}
}

// expand stores the values as they are again.
func (l *Leaf) expand() error {
	if l.dict == nil {
		return nil
	}
	d := l.dict
	l.dict = nil
	return l.gatherValues(&step{src: d, same: true}, l.ids)
}

// renumber is build for a leaf of numbers: the same decision and the same order, without looking at a value twice. The
// entries of the dictionary are then the values of d.values.
func (d *dictionary) renumber(l *Leaf, from, to int) bool {
	n := to - from
	if n < minDictionaryValues {
		return false
	}
	d.first, d.ids, d.size, d.picked = d.first[:0], d.ids[:0], 0, d.picked[:0]
	if m := l.dict.Len(); cap(d.local) < m {
		d.local = make([]int32, m)
	}
	local := d.local[:l.dict.Len()]
	clear(local)
	for i, id := range l.ids[from:to] {
		at := local[id]
		if at == 0 {
			d.first, d.picked = append(d.first, int32(len(d.first))), append(d.picked, id)
			d.size += l.dict.plainSize(int(id), int(id)+1)
			at = int32(len(d.first))
			local[id] = at
			if d.hopeless(i+1, n) {
				return false
			}
		}
		d.ids = append(d.ids, at-1)
	}
	if !d.pays(n, l.plainSize(from, to)) {
		return false
	}
	d.values = Leaf{Kind: l.Kind, Width: l.Width, Path: l.Path, Column: l.Column, Arena: d.values.Arena[:0], Offsets: d.values.Offsets[:0],
		Int32s: d.values.Int32s[:0], Int64s: d.values.Int64s[:0]}
	d.values.reset()
	return d.values.gatherValues(&step{src: l.dict, same: true}, d.picked) == nil
}
