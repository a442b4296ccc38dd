package columns

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

const (
	minDictionaryValues = 16      // fewer values are smaller plain
	maxDictionarySize   = 1 << 20 // bytes of a dictionary page, beyond which readers suffer
	smallChunk          = 4096    // values
	sampleValues        = 64      // of a small chunk that show whether most are new
	largeSample         = 8192    // of a large one
)

// dictionary numbers the distinct values of a column chunk in the order of their first appearance.
type dictionary struct {
	slots  []uint32 // id+1 by hash, open addressing
	shift  uint     // 64 less the bits of a slot number
	hashes []uint64 // of each entry
	signs  []sign   // of each entry, where it has bytes
	first  []int32  // of each entry: the value, counted in the leaf, that brought it
	ids    []int32  // of each value of the chunk
	size   int      // bytes of the entries, encoded plain
	stamps []int32  // of each entry: the last page that used it, for statistics
	seen   []int32  // the entries that a page uses

	// For leaves that come as numbers.
	local  []int32 // of each number: its id and one
	picked []int32 // of each id: its number
	values Leaf    // of each id: its value
}

// build numbers the leaf's values from..to and reports whether the dictionary is worth its page. The decision depends on
// the values alone, so the same rows always give the same bytes.
func (d *dictionary) build(l *Leaf, from, to int) bool {
	n := to - from
	if n < minDictionaryValues || l.Kind == Bool {
		return false
	}
	d.hashes, d.first, d.ids, d.size = d.hashes[:0], d.first[:0], d.ids[:0], 0
	d.resize(6)
	done := false
	switch l.Kind {
	case Int32:
		done = numberInts(d, l.Int32s, from, to, 4)
	case Int64:
		done = numberInts(d, l.Int64s, from, to, 8)
	default:
		done = d.numberBytes(l, from, to)
	}
	if !done {
		return false
	}
	return d.pays(n, l.plainSize(from, to))
}

// pays reports whether the dictionary and the ids of n values are enough smaller than the plain values: a compressor finds
// what repeats in those, too.
func (d *dictionary) pays(n, plain int) bool {
	return d.size+n*d.width()/8+32 < plain-plain/3
}

// width returns the bits of an id.
func (d *dictionary) width() int { return max(1, bits.Len(uint(len(d.first)-1))) }

func numberInts[T int32 | int64](d *dictionary, values []T, from, to, width int) bool {
	d.ids = slices.Grow(d.ids, to-from)[:to-from]
	for i, v := range values[from:to] {
		h := hashInt(uint64(v))
		s := h >> d.shift
		for ; d.slots[s] != 0; s = (s + 1) & uint64(len(d.slots)-1) {
			if values[d.first[d.slots[s]-1]] == v {
				break
			}
		}
		id := int32(d.slots[s]) - 1
		if id < 0 {
			id = d.add(s, h, from+i, width)
			if d.hopeless(i+1, to-from) {
				return false
			}
		}
		d.ids[i] = id
	}
	return true
}

func (d *dictionary) numberBytes(l *Leaf, from, to int) bool {
	d.signs, d.ids = d.signs[:0], slices.Grow(d.ids, to-from)[:to-from]
	var before sign
	last, overhead := int32(-1), 0
	if l.Kind == Bytes {
		overhead = 4 // the length
	}
	for i := from; i < to; i++ {
		v := l.Value(i)
		var g sign
		if n := len(v); n >= 8 { // signOf, without a call
			g = sign{binary.LittleEndian.Uint64(v), binary.LittleEndian.Uint64(v[n-8:]), n}
		} else {
			g = signOf(v)
		}
		h := g.mixed()
		if !g.whole() {
			if g == before && bytes.Equal(v, l.Value(int(d.first[last]))) { // what is long is not hashed again and again
				d.ids[i-from] = last
				continue
			}
			h = hashBytes(v)
		}
		s := h >> d.shift
		for ; d.slots[s] != 0; s = (s + 1) & uint64(len(d.slots)-1) {
			if id := d.slots[s] - 1; d.signs[id] == g && (g.whole() || bytes.Equal(l.Value(int(d.first[id])), v)) {
				break
			}
		}
		before, last = g, int32(d.slots[s])-1
		if last < 0 {
			d.signs = append(d.signs, g)
			last = d.add(s, h, i, len(v)+overhead)
			if d.hopeless(i-from+1, to-from) {
				return false
			}
		}
		d.ids[i-from] = last
	}
	return true
}

// hopeless reports that the dictionary will not pay: it is too large, or most of what came so far was new. Of a large chunk
// more is looked at first: a few thousand values that repeat all the time look new for a while.
func (d *dictionary) hopeless(seen, of int) bool {
	n := len(d.first)
	if d.size > maxDictionarySize || n*4 > of*3 {
		return true
	}
	if of <= smallChunk {
		return seen >= sampleValues && n*16 > seen*15
	}
	return seen >= min(of/8, largeSample) && n*8 > seen*7
}

func (d *dictionary) add(slot, hash uint64, value, size int) int32 {
	id := len(d.first)
	d.first = append(d.first, int32(value))
	d.hashes = append(d.hashes, hash)
	d.size += size
	d.slots[slot] = uint32(id + 1)
	if len(d.first)*2 > len(d.slots) {
		d.resize(64 - d.shift + 2)
	}
	return int32(id)
}

// resize makes room for 2^log slots and puts the entries back.
func (d *dictionary) resize(log uint) {
	n := 1 << log
	if cap(d.slots) < n {
		d.slots = make([]uint32, n)
	}
	d.slots = d.slots[:n]
	clear(d.slots)
	d.shift = 64 - log
	for id, h := range d.hashes {
		s := h >> d.shift
		for d.slots[s] != 0 {
			s = (s + 1) & uint64(n-1)
		}
		d.slots[s] = uint32(id + 1)
	}
}

// hashBytes mixes eight bytes at a time. Its high bits are used.
func hashBytes(v []byte) uint64 {
	const k0, k1 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	h := uint64(len(v)) * k0
	for len(v) >= 8 {
		h = mix(h^binary.LittleEndian.Uint64(v), k1)
		v = v[8:]
	}
	if len(v) >= 4 {
		h = mix(h^(uint64(binary.LittleEndian.Uint32(v))<<32|uint64(binary.LittleEndian.Uint32(v[len(v)-4:]))), k0)
	} else if len(v) > 0 {
		h = mix(h^(uint64(v[0])<<16|uint64(v[len(v)/2])<<8|uint64(v[len(v)-1])), k0)
	}
	return mix(h^k0, k1)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
