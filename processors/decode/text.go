package decode

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// string_ reads a string, quotes included.
func (r *reader) string_() (s span, ok bool) {
	if r.peek() != '"' {
		return s, r.unexpected("string")
	}
	r.pos++
	return r.rest()
}

// special marks, by their high bits, the bytes of x that end a run of plain text: quote, backslash, control characters
// and what is not ASCII. The lowest mark is right, those above it may not be.
func special(x uint64) uint64 {
	// Under ^2 the quote joins the control characters below 0x21, and blank and exclamation mark stay above.
	return (((x ^ ones*2) - ones*0x21) | ((x ^ ones*'\\') - ones) | x) & highs
}

// rest reads a string whose opening quote has been read.
func (r *reader) rest() (s span, ok bool) {
	if s, ok = r.upTo(r.pos); ok {
		r.pos = int(s.to) + 1
	}
	return s, ok
}

// restOf reads the rest of a string of any kind that begins at from, of which i is the first byte not seen yet.
func (r *reader) restOf(from, i int) (s span, ok bool) {
	src := r.src
	s.from = int32(from)
	for i < len(src) {
		switch c := src[i]; {
		case c == '"':
			s.to, r.pos = int32(i), i+1
			return s, true
		case c == '\\':
			n := escapeLength(src[i:])
			if n == 0 {
				return s, r.fail(i, "an escape in a string is not one of JSON's")
			}
			s.escaped = true
			i += n
		case c >= utf8.RuneSelf:
			n := runesLength(src[i:])
			if n == 0 {
				return s, r.fail(i, "the text is not valid UTF-8")
			}
			i += n
		case c < ' ':
			return s, r.fail(i, "a string holds a raw control character")
		case i+8 <= len(src):
			stop := special(binary.LittleEndian.Uint64(src[i:]))
			i += bits.TrailingZeros64(stop|1<<63) >> 3
			if stop == 0 {
				i++
			}
		default:
			i++
		}
	}
	return s, r.fail(len(src), "a string does not end")
}

// runesLength returns the length of the valid runes beyond ASCII that b begins with, as many as are quickly told, or 0.
func runesLength(b []byte) int {
	// Runes of three bytes, two at a time: most of the world's scripts.
	const one, oneIs = 0xC0C0F0, 0x8080E0
	n := 0
	for n+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[n:])
		if x&one != oneIs || !threeBytes(x) {
			break
		}
		n += 3
		if x&(one<<24) == oneIs<<24 && threeBytes(x>>24) {
			n += 3
		}
	}
	if n > 0 {
		return n
	}
	if c, n := utf8.DecodeRune(b); c != utf8.RuneError || n == 3 {
		return n
	}
	return 0
}

// threeBytes reports whether the three bytes of a rune are in the shortest form and no surrogate.
func threeBytes(x uint64) bool {
	const low, shortest, surrogate = 0x200F, 0x0000, 0x200D
	return x&low != shortest && x&low != surrogate
}

// escapeLength returns the length of the escape that b begins with, a surrogate pair being one, or 0.
func escapeLength(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		c := hex4(b)
		switch {
		case c < 0 || c >= 0xDC00 && c < 0xE000:
			return 0
		case c < 0xD800 || c >= 0xE000:
			return 6
		}
		if low := hex4(b[6:]); low >= 0xDC00 && low < 0xE000 {
			return 12
		}
	}
	return 0
}

// hex4 returns the value of the \uXXXX that b begins with, or -1.
func hex4(b []byte) int {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	v := 0
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		v = v<<4 | int(c)
	}
	return v
}

// unescape appends the content of a string that rest has accepted.
func unescape(dst, b []byte) []byte {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		b = b[i:]
		n := 2
		switch b[1] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			c := rune(hex4(b))
			n = 6
			if c >= 0xD800 && c < 0xDC00 {
				c = 0x10000 + (c-0xD800)<<10 + rune(hex4(b[6:])) - 0xDC00
				n = 12
			}
			dst = utf8.AppendRune(dst, c)
		default:
			dst = append(dst, b[1])
		}
		b = b[n:]
	}
	return dst
}

// bytes returns the content of a string: part of src, or unescaped at the end of r.text.
func (r *reader) bytes(s span) []byte {
	raw := r.src[s.from:s.to]
	if !s.escaped {
		return raw
	}
	n := len(r.text)
	r.text = unescape(r.text, raw)
	return r.text[n:len(r.text):len(r.text)]
}
