package columns

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"

	"github.com/tarn-lake/tarn/internal/fault"
)

// readLevels appends n levels to the leaf and returns how many of the entries have a value.
func (d *pageReader) readLevels(l *Leaf, levels [2][]byte, n int) (int, error) {
	var err error
	if l.MaxRep > 0 {
		if l.Rep, _, err = d.appendLevels(l, l.Rep, levels[0], l.MaxRep, n); err != nil {
			return 0, err
		}
	}
	if l.MaxDef == 0 {
		return n, nil
	}
	var present int
	l.Def, present, err = d.appendLevels(l, l.Def, levels[1], l.MaxDef, n)
	return present, err
}

// appendLevels decodes n levels, none above most, and counts those equal to it.
func (d *pageReader) appendLevels(l *Leaf, dst []uint8, src []byte, most uint8, n int) ([]uint8, int, error) {
	width := bits.Len8(most)
	src, ok := runs(src, width, n)
	if !ok {
		return dst, 0, damaged(l, "its levels cannot be decoded")
	}
	enc := rle.Encoding{BitWidth: width}
	var err error
	if d.levels, err = enc.DecodeLevels(d.levels, src); err != nil || len(d.levels) < n {
		return dst, 0, damaged(l, "its levels cannot be decoded")
	}
	count, over := 0, false
	for _, v := range d.levels[:n] {
		if v == most {
			count++
		}
		over = over || v > most
	}
	if over {
		return dst, 0, damaged(l, "it has levels beyond its nesting")
	}
	return append(dst, d.levels[:n]...), count, nil
}

// runs checks the headers of a run-length encoding, so that decoding it takes no more memory than n values do, and
// returns the part of src that holds them.
func runs(src []byte, width, n int) ([]byte, bool) {
	i := 0
	for left := n; left > 0; {
		h, size := binary.Uvarint(src[i:])
		if size <= 0 || h>>1 == 0 || h>>1 > maxEntries {
			return nil, false
		}
		i += size
		count, length := int(h>>1), (width+7)/8
		if h&1 != 0 {
			length = count * width
			count *= 8
			if count > left+7 {
				return nil, false
			}
		} else if count > left {
			return nil, false
		}
		if length > len(src)-i {
			return nil, false
		}
		i += length
		left -= count
	}
	return src[:i:i], true
}

// oldDictionary is the encoding that writers of the format's first version gave both dictionaries and their indexes.
const oldDictionary format.Encoding = 2

// readValues appends n values to the leaf.
func (d *pageReader) readValues(l *Leaf, enc format.Encoding, src []byte, n int) error {
	if d.coder != nil && enc != format.RLEDictionary && enc != oldDictionary {
		return d.readCodes(l, enc, src, n)
	}
	switch enc {
	case format.Plain:
		return l.readPlain(src, n)
	case format.RLEDictionary, oldDictionary:
		return d.readIDs(l, src, n)
	case format.RLE:
		return d.readBits(l, src, n)
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray:
		return d.readDeltas(l, enc, src, n)
	}
	return fault.New(fault.Invalid, "column %s of the Parquet file is encoded as %s, which the lake does not use", l.Path, enc)
}

// readPlain appends n values in the plain encoding.
func (l *Leaf) readPlain(src []byte, n int) error {
	if l.Kind == Bytes {
		return l.readPlainBytes(src, n)
	}
	if size := l.plainSize(0, n); size > len(src) {
		return damaged(l, "a page ends early")
	}
	switch l.Kind {
	case Bool:
		for i := range n {
			l.Bools = append(l.Bools, src[i/8]>>(i%8)&1 != 0)
		}
	case Int32:
		l.Int32s = slices.Grow(l.Int32s, n)
		for i := range n {
			l.Int32s = append(l.Int32s, int32(binary.LittleEndian.Uint32(src[4*i:])))
		}
	case Int64:
		l.Int64s = slices.Grow(l.Int64s, n)
		for i := range n {
			l.Int64s = append(l.Int64s, int64(binary.LittleEndian.Uint64(src[8*i:])))
		}
	default:
		l.Arena = append(l.Arena, src[:n*l.Width]...)
	}
	return nil
}

func (l *Leaf) readPlainBytes(src []byte, n int) error {
	if n > len(src)/4 {
		return damaged(l, "a page ends early")
	}
	if err := l.fits(len(src)); err != nil {
		return err
	}
	at, first := len(l.Arena), len(l.Offsets)
	room := at + len(src) - 4*n + word
	arena := slices.Grow(l.Arena, room-at)[:room]
	offsets := slices.Grow(l.Offsets, n)[:first+n]
	for i, from := 0, 0; i < n; i++ {
		if len(src)-from < 4 {
			return damaged(l, "a page ends early")
		}
		n := binary.LittleEndian.Uint32(src[from:])
		if from += 4; uint64(n) > uint64(min(len(src)-from, room-word-at)) {
			return damaged(l, "a value is longer than its page")
		}
		copyText(arena, at, src, from, from+int(n))
		at, from = at+int(n), from+int(n)
		offsets[first+i] = uint32(at)
	}
	l.Arena, l.Offsets = arena[:at], offsets
	return nil
}

// readIDs appends n values of the dictionary.
func (d *pageReader) readIDs(l *Leaf, src []byte, n int) error {
	if n == 0 {
		return nil
	}
	if len(src) == 0 || src[0] > 32 {
		return damaged(l, "its dictionary references cannot be decoded")
	}
	width := int(src[0])
	src, ok := runs(src[1:], width, n)
	if !ok {
		return damaged(l, "its dictionary references cannot be decoded")
	}
	if width == 0 {
		d.ids = append(d.ids[:0], make([]int32, n)...)
	} else {
		enc := rle.Encoding{BitWidth: width}
		var err error
		if d.ids, err = enc.DecodeInt32(d.ids, src); err != nil || len(d.ids) < n {
			return damaged(l, "its dictionary references cannot be decoded")
		}
	}
	ids, most := d.ids[:n], uint32(0)
	for _, id := range ids {
		most = max(most, uint32(id))
	}
	if uint64(most) >= uint64(d.dictionary.Len()) {
		return damaged(l, "it refers to a value that its dictionary does not have")
	}
	if d.coder != nil {
		l.ids = pick(l.ids, d.codes, ids)
		return nil
	}
	return l.gatherValues(&step{src: &d.dictionary, same: true}, ids)
}

// readCodes appends the numbers of n values that are not in the chunk's dictionary.
func (d *pageReader) readCodes(l *Leaf, enc format.Encoding, src []byte, n int) error {
	c, plain := d.coder, Leaf{Kind: l.Kind, Width: l.Width, Path: l.Path}
	plain.reset()
	d.coder = nil
	defer func() { d.coder = c }()
	if err := d.readValues(&plain, enc, src, n); err != nil {
		return err
	}
	l.ids = slices.Grow(l.ids, n)
	for i := range n {
		l.ids = append(l.ids, c.code(&plain, i))
	}
	return nil
}

// readBits appends n bools in the run-length encoding.
func (d *pageReader) readBits(l *Leaf, src []byte, n int) error {
	if l.Kind != Bool || len(src) < 4 {
		return damaged(l, "its encoding does not fit its type")
	}
	src, ok := runs(src[4:], 1, n)
	if !ok {
		return damaged(l, "its values cannot be decoded")
	}
	enc := rle.Encoding{BitWidth: 1}
	var err error
	if d.levels, err = enc.DecodeLevels(d.levels, src); err != nil || len(d.levels) < n {
		return damaged(l, "its values cannot be decoded")
	}
	for _, v := range d.levels[:n] {
		l.Bools = append(l.Bools, v != 0)
	}
	return nil
}

// readDeltas appends n values in one of the delta encodings.
func (d *pageReader) readDeltas(l *Leaf, enc format.Encoding, src []byte, n int) error {
	if !deltaCount(src, n) {
		return damaged(l, "its values cannot be decoded")
	}
	var packed delta.BinaryPackedEncoding
	switch {
	case enc == format.DeltaBinaryPacked && l.Kind == Int32:
		v, err := packed.DecodeInt32(d.numbers32, src)
		if d.numbers32 = v; err != nil || len(v) != n {
			return damaged(l, "its values cannot be decoded")
		}
		l.Int32s = append(l.Int32s, v...)
	case enc == format.DeltaBinaryPacked && l.Kind == Int64:
		v, err := packed.DecodeInt64(d.numbers64, src)
		if d.numbers64 = v; err != nil || len(v) != n {
			return damaged(l, "its values cannot be decoded")
		}
		l.Int64s = append(l.Int64s, v...)
	case enc == format.DeltaLengthByteArray && l.Kind == Bytes:
		return d.readDeltaLengths(l, src, n)
	default:
		return damaged(l, "its encoding does not fit its type")
	}
	return nil
}

func (d *pageReader) readDeltaLengths(l *Leaf, src []byte, n int) error {
	var packed delta.LengthByteArrayEncoding
	values, offsets, err := packed.DecodeByteArray(nil, src, d.numbers[:0])
	if d.numbers = offsets; err != nil || n > 0 && len(offsets) != n+1 {
		return damaged(l, "its values cannot be decoded")
	}
	if err := l.fits(len(values)); err != nil || n == 0 {
		return err
	}
	base, last := uint32(len(l.Arena)), uint32(0)
	for _, end := range offsets[1:] {
		if end < last || uint64(end) > uint64(len(values)) {
			return damaged(l, "its values cannot be decoded")
		}
		last = end
	}
	l.Arena = append(l.Arena, values[:last]...)
	for _, end := range offsets[1:] {
		l.Offsets = append(l.Offsets, base+end)
	}
	return nil
}

// deltaCount checks that the header of a delta encoding announces n values, for which memory will be taken.
func deltaCount(src []byte, n int) bool {
	var v [3]uint64 // block size, blocks, values
	for i := range v {
		u, size := binary.Uvarint(src)
		if size <= 0 {
			return false
		}
		v[i], src = u, src[size:]
	}
	return v[2] == uint64(n)
}
