package decode

import (
	"encoding/binary"
	"math/bits"

	"github.com/tarn-lake/tarn/processors/columns"
)

const (
	window     = 128 // bytes from the beginning of an attribute that may be looked at without another check
	maxLiteral = 56  // of an attribute that is read here; a longer one is read the other way
	moveBytes  = 32  // of a text that is moved as four words
	maxMoved   = 1<<31 - 1
)

// step is what reading an attribute at the expected place needs of its field.
type step struct {
	signature
	class            class
	size             int // of the literal
	valueAt          int // where in the literal the value begins
	precision, scale int
	leaf             *columns.Leaf // where the value goes at once; nil: later
	node             *columns.Node // where a list or map of texts goes at once; nil: later
	literal          string
}

// signature is a literal as four words, which overlap where it is short: the first two and the last two.
type signature struct {
	first, second, third, last uint64
	at                         [3]uint8 // where the second, third and last stand
	long                       bool     // there is more between them
}

func stepOf(f *field) step {
	t := step{class: f.class, size: len(f.literal.text), valueAt: f.valueAt, precision: f.Precision, scale: f.Scale, literal: f.literal.text}
	b, n := []byte(t.literal), t.size
	if n < wordBytes || n > maxLiteral {
		t.last = 1 // the first word is no other than itself: nothing is this
		return t
	}
	t.at = [3]uint8{uint8(min(wordBytes, n-wordBytes)), uint8(max(0, n-2*wordBytes)), uint8(n - wordBytes)}
	t.first, t.second, t.third, t.last = word8(b, 0), word8(b, int(t.at[0])), word8(b, int(t.at[1])), word8(b, int(t.at[2]))
	t.long = n > 4*wordBytes
	return t
}

// swift reads the attributes that stand next as long as each is the one that followed last time, is written without white
// space and has a value in its usual form. It reports whether there was any; then it stands behind the last. Everything
// that decides where the next attribute begins is kept in local variables: this is where most of the time goes.
func (d *Decoder) swift(im *image, last int) (int, bool) {
	r, steps, follow, more := &d.reader, d.set.steps, d.follow.now, true
	if im == &d.was { // what follows may stand in the new image too
		follow, more = d.follow.was, false
	} else if im == &d.now && d.into != nil {
		steps = d.into.steps
	}
	src, slots, start := r.src, im.slots, r.pos
	begin, behind := start, start
	for ; len(src)-begin >= window; begin++ {
		w := (*[window]byte)(src[begin:])
		at := int(follow[last])
		t, s := &steps[at], &slots[at]
		i, j, k := t.at[0]&63, t.at[1]&63, t.at[2]&63
		differs := (word8(w[:], 0) ^ t.first) | (word8(w[i:i+8], 0) ^ t.second) | (word8(w[j:j+8], 0) ^ t.third) | (word8(w[k:k+8], 0) ^ t.last)
		if s.state != absent || differs != 0 || t.long && string(w[:t.size]) != t.literal {
			if at = d.set.fields.seek(w[:]); at < 0 || slots[at].state != absent || steps[at].size > maxLiteral {
				break
			}
			follow[last] = int16(at)
			t, s = &steps[at], &slots[at]
		}
		end := 0
		if !more {
			end = d.unchanged(at, s, begin+t.valueAt)
		}
		if end > 0 {
			im.note(at, begin)
			last, behind = at+1, end
			break
		}
		switch t.class {
		case text:
			s.state = present
			from := t.size & 63
			b := (*[moveBytes + 2]byte)(w[from : from+moveBytes+2])
			x0, x1, x2, x3 := word8(b[:], 0), word8(b[:], 8), word8(b[:], 16), word8(b[:], 24)
			n := textLength(special(x0), special(x1), special(x2), special(x3))
			if l := t.leaf; l != nil && b[n] == '"' && b[n+1] == '}' && len(l.Arena) < min(cap(l.Arena)-moveBytes, maxMoved) { // moveText, without a call
				a := len(l.Arena)
				put4((*[moveBytes]byte)(l.Arena[a:a+moveBytes]), x0, x1, x2, x3)
				l.Arena = l.Arena[:a+n]
				l.Offsets = append(l.Offsets, uint32(a+n))
				l.Present()
				s.text = span{from: int32(begin + from), to: int32(begin + from + n)}
				end = begin + from + n + 2
			} else {
				end = d.usualText(t, s, begin+from)
			}
		case isoTimes:
			end, s.state = d.usualTime(t, s, w, begin), present
		case nested:
			end = d.nested(at, t, s, begin+t.valueAt)
		default:
			end, s.state = d.usual(t, s, begin), present
		}
		if end == 0 {
			s.state = absent
			break
		}
		s.from, s.to, s.place = int32(begin+t.valueAt), int32(end), int32(len(im.places))
		im.places = append(im.places, place{int32(at), int32(begin), int32(end)})
		last, begin, behind = at+1, end, end
		if !more || end >= len(src) || src[end] != ',' {
			break
		}
	}
	r.pos = behind
	return last, behind > start
}

// nested reads a list, set, map or object that stands at and returns where it ends, or 0.
func (d *Decoder) nested(field int, t *step, s *slot, at int) (end int) {
	if end = d.texts(t, s, at); end > 0 {
		return end
	}
	r := &d.reader
	if r.pos = at; !d.value(&d.set.fields.all[field], s) {
		return 0
	}
	return r.pos
}

// usual reads the value of an attribute that begins with its literal and returns where it ends, or 0 where another look
// has to be taken.
func (d *Decoder) usual(t *step, s *slot, begin int) (end int) {
	r := &d.reader
	src, from := r.src, begin+t.size
	end = from
	switch t.class {
	case int32s, int64s:
		v, n := digitsOf(src[from:])
		if n == 0 || t.class == int32s && v != int64(int32(v)) {
			return 0
		}
		s.num, end = v, from+n
	case decimals:
		v, n := usualDecimal(src[from:], t.precision, t.scale)
		if n == 0 {
			return 0
		}
		s.num, s.hi, end = v, v>>63, from+n
	case booleans:
		return d.usualBoolean(t, s, from)
	default:
		return 0
	}
	if end+1 >= len(src) || src[end] != '"' || src[end+1] != '}' {
		return 0
	}
	s.text = span{from: int32(from), to: int32(end)}
	if t.leaf == nil {
		return end + 2
	}
	switch t.class {
	case int32s:
		t.leaf.AppendInt32(int32(s.num))
	case decimals:
		t.leaf.AppendDecimal(s.hi, uint64(s.num))
	default:
		t.leaf.AppendInt64(s.num)
	}
	return end + 2
}

// usualTime reads a time as most programs write it, with the closing quote and brace.
func (d *Decoder) usualTime(t *step, s *slot, w *[window]byte, begin int) (end int) {
	const whole = len("2006-01-02T15:04:05.000Z")
	from := t.size & 63
	b := (*[whole + 2]byte)(w[from : from+whole+2])
	v, ok := d.clock.usual((*[whole]byte)(b[:]))
	if !ok || b[whole] != '"' || b[whole+1] != '}' {
		return 0
	}
	s.num, s.text = v, span{from: int32(begin + from), to: int32(begin + from + whole)}
	if t.leaf != nil {
		t.leaf.AppendInt64(v)
	}
	return begin + from + whole + 2
}

func (d *Decoder) usualBoolean(t *step, s *slot, from int) (end int) {
	b := d.reader.src[from:]
	switch {
	case len(b) > 5 && string(b[:5]) == "true}":
		s.num, end = 1, from+5
	case len(b) > 6 && string(b[:6]) == "false}":
		s.num, end = 0, from+6
	default:
		return 0
	}
	if t.leaf != nil {
		t.leaf.AppendBool(s.num != 0)
	}
	return end
}

func (d *Decoder) usualText(t *step, s *slot, from int) (end int) {
	r := &d.reader
	var ok bool
	if s.text, ok = r.upTo(from); !ok {
		return 0
	}
	end = int(s.text.to)
	if end+1 >= len(r.src) || r.src[end+1] != '}' {
		return 0
	}
	if t.leaf != nil {
		r.appendTo(t.leaf, s.text)
	}
	return end + 2
}

// moveText adds the text that begins at from in w to a column, if it is short and plain and next follows its closing
// quote, and returns where that stands. Otherwise it does nothing and returns 0. Four words are looked at before anything
// is decided: how long texts are cannot be foretold.
func moveText(l *columns.Leaf, w *[window]byte, from int, next byte) (end int) {
	from &= 63
	b := (*[moveBytes + 2]byte)(w[from : from+moveBytes+2])
	x0, x1, x2, x3 := word8(b[:], 0), word8(b[:], 8), word8(b[:], 16), word8(b[:], 24)
	n, at := textLength(special(x0), special(x1), special(x2), special(x3)), len(l.Arena)
	if b[n] != '"' || b[n+1] != next || at >= min(cap(l.Arena)-moveBytes, maxMoved) {
		return 0
	}
	put4((*[moveBytes]byte)(l.Arena[at:at+moveBytes]), x0, x1, x2, x3)
	l.Arena = l.Arena[:at+n]
	l.Offsets = append(l.Offsets, uint32(at+n))
	l.Present()
	return from + n
}

// textLength returns how many bytes stand before the first that one of four words marks.
func textLength(s0, s1, s2, s3 uint64) int {
	n := 24 + bits.TrailingZeros64(s3)>>3
	if s2 != 0 {
		n = 16 + bits.TrailingZeros64(s2)>>3
	}
	if s1 != 0 {
		n = 8 + bits.TrailingZeros64(s1)>>3
	}
	if s0 != 0 {
		n = bits.TrailingZeros64(s0) >> 3
	}
	return n
}

func put4(b *[moveBytes]byte, x0, x1, x2, x3 uint64) {
	binary.LittleEndian.PutUint64(b[:], x0)
	binary.LittleEndian.PutUint64(b[8:], x1)
	binary.LittleEndian.PutUint64(b[16:], x2)
	binary.LittleEndian.PutUint64(b[24:], x3)
}

// upTo reads the string whose content begins at from, up to its closing quote. Where the next character stands is the
// caller's business. Two words are looked at before anything is decided: how long texts are cannot be foretold.
func (r *reader) upTo(from int) (s span, ok bool) {
	src, end := r.src, from
	for end+16 <= len(src) {
		b := src[end : end+16]
		low, high := special(binary.LittleEndian.Uint64(b)), special(binary.LittleEndian.Uint64(b[8:]))
		if low|high == 0 {
			end += 16
			continue
		}
		skip := 0
		if low == 0 {
			low, skip = high, 8
		}
		if end += skip + bits.TrailingZeros64(low)>>3; src[end] != '"' {
			break
		}
		return span{from: int32(from), to: int32(end)}, true
	}
	return r.restOf(from, end)
}

// appendTo adds a string to a column.
func (r *reader) appendTo(l *columns.Leaf, s span) {
	if s.escaped {
		l.AppendBytes(r.bytes(s))
	} else {
		l.AppendFrom(r.src, int(s.from), int(s.to))
	}
}
