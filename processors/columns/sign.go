package columns

import "encoding/binary"

// sign is what tells most values apart: both ends and the length. Of short values it tells everything.
type sign struct {
	head, tail uint64
	size       int
}

const wholeSign = 16 // bytes of a value that a sign holds

func signOf(v []byte) sign {
	n := len(v)
	switch {
	case n >= 8:
		return sign{binary.LittleEndian.Uint64(v), binary.LittleEndian.Uint64(v[n-8:]), n}
	case n >= 4:
		return sign{uint64(binary.LittleEndian.Uint32(v)), uint64(binary.LittleEndian.Uint32(v[n-4:])), n}
	case n > 0:
		return sign{uint64(v[0])<<16 | uint64(v[n/2])<<8 | uint64(v[n-1]), 0, n}
	}
	return sign{}
}

// whole reports whether equal signs mean equal values.
func (g sign) whole() bool { return g.size <= wholeSign }

// mixed is a hash of the value that the sign is whole of. Its high bits are used.
func (g sign) mixed() uint64 {
	const k0, k1 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	return mix(g.head^k0, g.tail^uint64(g.size)*k1^k1)
}
