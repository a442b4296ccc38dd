package columns

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"
)

// levels appends the levels, run-length encoded behind their length.
func (e *Encoder) levels(dst []byte, levels []uint8, most uint8) []byte {
	e.scratch, _ = e.rle[bits.Len8(most)].EncodeLevels(e.scratch, levels) // fails only for other bit widths
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.scratch)))
	return append(dst, e.scratch...)
}

// oneLevel is levels for n times the same level.
func oneLevel(dst []byte, n int, level uint8) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = append(binary.AppendUvarint(dst, uint64(n)<<1), level)
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// values appends the values of the page.
func (e *Encoder) values(dst []byte, l *Leaf, c *chunk, p, all span) []byte {
	switch c.value {
	case format.RLEDictionary:
		width := e.dict.width()
		ids := e.dict.ids[p.values-all.values : p.valuesTo-all.values]
		e.scratch, _ = e.rle[width].EncodeInt32(e.scratch, ids) // fails only for other bit widths
		return append(append(dst, byte(width)), e.scratch...)
	case format.DeltaBinaryPacked:
		return e.deltas(dst, l, p)
	case format.DeltaLengthByteArray:
		return e.deltaLengths(dst, l, p)
	}
	return l.appendValues(dst, p.values, p.valuesTo)
}

func (e *Encoder) deltas(dst []byte, l *Leaf, p span) []byte {
	var enc delta.BinaryPackedEncoding
	if l.Kind == Int32 {
		e.scratch, _ = enc.EncodeInt32(e.scratch, l.Int32s[p.values:p.valuesTo])
	} else {
		e.scratch, _ = enc.EncodeInt64(e.scratch, l.Int64s[p.values:p.valuesTo])
	}
	return append(dst, e.scratch...)
}

func (e *Encoder) deltaLengths(dst []byte, l *Leaf, p span) []byte {
	e.lengths = e.lengths[:0]
	for i := p.values; i < p.valuesTo; i++ {
		e.lengths = append(e.lengths, int32(l.Offsets[i+1]-l.Offsets[i]))
	}
	var enc delta.BinaryPackedEncoding
	e.scratch, _ = enc.EncodeInt32(e.scratch, e.lengths)
	return append(append(dst, e.scratch...), l.Arena[l.Offsets[p.values]:l.Offsets[p.valuesTo]]...)
}

// appendValue appends value i in the plain encoding.
func (l *Leaf) appendValue(dst []byte, i int) []byte {
	if l.Kind == Bytes {
		dst = binary.LittleEndian.AppendUint32(dst, l.Offsets[i+1]-l.Offsets[i])
	}
	return l.appendPlain(dst, i)
}

// appendValues appends the values from..to in the plain encoding.
func (l *Leaf) appendValues(dst []byte, from, to int) []byte {
	dst = slices.Grow(dst, l.plainSize(from, to))
	switch l.Kind {
	case Bool:
		return appendBits(dst, l.Bools[from:to])
	case Int32:
		for _, v := range l.Int32s[from:to] {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(v))
		}
	case Int64:
		for _, v := range l.Int64s[from:to] {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
		}
	case Fixed:
		return append(dst, l.Arena[from*l.Width:to*l.Width]...)
	default:
		return l.appendTexts(dst, from, to)
	}
	return dst
}

// appendTexts appends the texts from..to, each behind its length.
func (l *Leaf) appendTexts(dst []byte, from, to int) []byte {
	at, end := len(dst), len(dst)+l.plainSize(from, to)
	dst = slices.Grow(dst, end+word-at)[:end+word]
	in := l.Arena[:cap(l.Arena)]
	for i := from; i < to; i++ {
		begin, stop := l.Offsets[i], l.Offsets[i+1]
		binary.LittleEndian.PutUint32(dst[at:], stop-begin)
		copyText(dst, at+4, in, int(begin), int(stop))
		at += 4 + int(stop-begin)
	}
	return dst[:at]
}

// appendBits packs bools, the first in the lowest bit.
func appendBits(dst []byte, v []bool) []byte {
	for len(v) > 0 {
		n, packed := min(8, len(v)), byte(0)
		for i, b := range v[:n] {
			if b {
				packed |= 1 << i
			}
		}
		dst, v = append(dst, packed), v[n:]
	}
	return dst
}
