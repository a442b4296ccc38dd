package columns

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"unicode/utf8"

	"github.com/tarn-lake/tarn/schemas"
)

const (
	maxBound        = 64 // bytes of a bound in Parquet's own statistics
	maxIcebergBound = 16 // characters, or bytes of a binary, of a bound in a manifest, unless it is an identity's
)

// extremes returns which of the values from..to are the least and the greatest.
func (l *Leaf) extremes(from, to int) (lo, hi int) {
	switch l.Kind {
	case Int32:
		return extremesOf(l.Int32s, from, to)
	case Int64:
		return extremesOf(l.Int64s, from, to)
	case Bytes:
		return l.extremeBytes(from, to)
	}
	lo, hi = from, from
	for i := from + 1; i < to; i++ {
		if l.compare(i, lo) < 0 {
			lo = i
		} else if l.compare(i, hi) > 0 {
			hi = i
		}
	}
	return lo, hi
}

// extremeBytes is extremes of texts and binaries, most of which their first bytes tell apart.
func (l *Leaf) extremeBytes(from, to int) (lo, hi int) {
	lo, hi = from, from
	least, most := l.Value(from), l.Value(from)
	low, high := leading(least), leading(most)
	for i := from + 1; i < to; i++ {
		v := l.Value(i)
		switch x := leading(v); {
		case x > low && x < high:
		case x >= high && bytes.Compare(v, most) > 0:
			hi, most, high = i, v, x
		case x <= low && bytes.Compare(v, least) < 0:
			lo, least, low = i, v, x
		}
	}
	return lo, hi
}

// leading returns a number that orders values as their first eight bytes do.
func leading(v []byte) uint64 {
	if len(v) >= 8 {
		return binary.BigEndian.Uint64(v)
	}
	x := uint64(0)
	for i, c := range v {
		x |= uint64(c) << (56 - 8*i)
	}
	return x
}

func extremesOf[T cmp.Ordered](v []T, from, to int) (lo, hi int) {
	lo, hi = from, from
	least, most := v[from], v[from]
	for i := from + 1; i < to; i++ {
		if x := v[i]; x < least {
			lo, least = i, x
		} else if x > most {
			hi, most = i, x
		}
	}
	return lo, hi
}

// compare orders two values of the leaf as Parquet and Iceberg do.
func (l *Leaf) compare(i, j int) int {
	switch l.Kind {
	case Bool:
		return boolInt(l.Bools[i]) - boolInt(l.Bools[j])
	case Int32:
		return cmp.Compare(l.Int32s[i], l.Int32s[j])
	case Int64:
		return cmp.Compare(l.Int64s[i], l.Int64s[j])
	}
	return l.compareBytes(l.Value(i), l.Value(j))
}

// comparePlain orders two values in the form of Parquet's statistics.
func (l *Leaf) comparePlain(a, b []byte) int {
	switch l.Kind {
	case Int32:
		return cmp.Compare(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
	case Int64:
		return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
	}
	return l.compareBytes(a, b)
}

func (l *Leaf) compareBytes(a, b []byte) int {
	if l.Kind == Fixed && a[0]^b[0] >= 0x80 { // signs differ
		return int(b[0]>>7) - int(a[0]>>7)
	}
	return bytes.Compare(a, b)
}

func boolInt(v bool) int {
	if v {
		return 1
	}
	return 0
}

// appendPlain appends one value as Parquet's statistics have it: plain, without a length.
func (l *Leaf) appendPlain(dst []byte, i int) []byte {
	switch l.Kind {
	case Bool:
		return append(dst, byte(boolInt(l.Bools[i])))
	case Int32:
		return binary.LittleEndian.AppendUint32(dst, uint32(l.Int32s[i]))
	case Int64:
		return binary.LittleEndian.AppendUint64(dst, uint64(l.Int64s[i]))
	}
	return append(dst, l.Value(i)...)
}

// appendLower appends a plain value that is no greater than value i and not long.
func (l *Leaf) appendLower(dst []byte, i int) []byte {
	if l.Kind != Bytes || len(l.Value(i)) <= maxBound {
		return l.appendPlain(dst, i)
	}
	return append(dst, cut(l.Value(i), maxBound, l.isText())...)
}

// appendUpper appends a plain value that is no less than value i and not long if that can be.
func (l *Leaf) appendUpper(dst []byte, i int) []byte {
	if l.Kind != Bytes || len(l.Value(i)) <= maxBound {
		return l.appendPlain(dst, i)
	}
	short := cut(l.Value(i), maxBound, l.isText())
	if out, ok := appendSuccessor(dst, short, l.isText()); ok {
		return out
	}
	return l.appendPlain(dst, i)
}

// isIdentity reports whether the bounds stay whole: identities differ in their last characters, and by these bounds the
// files are found that may hold one.
func (l *Leaf) isIdentity() bool {
	switch l.Column.Name {
	case schemas.ColShard, schemas.ColSeq, schemas.ColLane:
		return true
	}
	return false
}

func (l *Leaf) isText() bool { return l.Column.Type != schemas.Binary }

// cut returns at most n bytes from the front of v, of a text no part of a character.
func cut(v []byte, n int, text bool) []byte {
	if len(v) <= n {
		return v
	}
	for text && n > 0 && !utf8.RuneStart(v[n]) {
		n--
	}
	return v[:n]
}

// appendSuccessor appends the shortest value greater than everything that begins with v, and whether there is one.
func appendSuccessor(dst, v []byte, text bool) ([]byte, bool) {
	for len(v) > 0 {
		if !text || !utf8.Valid(v) {
			if last := v[len(v)-1]; last < 0xff {
				return append(append(dst, v[:len(v)-1]...), last+1), true
			}
			v = v[:len(v)-1]
			continue
		}
		r, n := utf8.DecodeLastRune(v)
		v = v[:len(v)-n]
		if r < utf8.MaxRune {
			if r++; r == 0xd800 { // the surrogates are no characters
				r = 0xe000
			}
			return utf8.AppendRune(append(dst, v...), r), true
		}
	}
	return dst, false
}

// icebergBound appends the single-value form of a plain value; ok is false where no upper bound exists.
func (l *Leaf) icebergBound(dst, plain []byte, upper bool) (out []byte, ok bool) {
	switch {
	case l.Column.Type == schemas.Decimal:
		return appendDecimal(dst, l.Kind, plain), true
	case l.Kind != Bytes, l.isIdentity():
		return append(dst, plain...), true
	}
	short := plain
	if l.isText() {
		short = plain[:characters(plain, maxIcebergBound)]
	} else if len(plain) > maxIcebergBound {
		short = plain[:maxIcebergBound]
	}
	if len(short) == len(plain) || !upper {
		return append(dst, short...), true
	}
	return appendSuccessor(dst, short, l.isText())
}

// characters returns the length of the first n characters of v.
func characters(v []byte, n int) int {
	at := 0
	for ; n > 0 && at < len(v); n-- {
		_, size := utf8.DecodeRune(v[at:])
		at += size
	}
	return at
}

// appendDecimal appends the unscaled decimal big-endian in as few bytes as hold it.
func appendDecimal(dst []byte, k Kind, plain []byte) []byte {
	n := len(plain)
	at := func(i int) byte { // the i-th byte from the most significant
		if k == Fixed {
			return plain[i]
		}
		return plain[n-1-i]
	}
	i := 0
	for i < n-1 && (at(i) == 0 && at(i+1) < 0x80 || at(i) == 0xff && at(i+1) >= 0x80) {
		i++
	}
	for ; i < n; i++ {
		dst = append(dst, at(i))
	}
	return dst
}
