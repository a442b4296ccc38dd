package decode

import (
	"encoding/binary"
	"math/bits"

	"github.com/tarn-lake/tarn/processors/columns"
)

// step is what reading an attribute at the expected place needs of its field.
type step struct {
	literal
	class            class
	valueAt          int // where in the literal the value begins
	precision, scale int
	leaf             *columns.Leaf // where the value goes at once; nil: later
	node             *columns.Node // where a list or map of texts goes at once; nil: later
}

func stepOf(f *field) step {
	return step{literal: f.literal, class: f.class, valueAt: f.valueAt, precision: f.Precision, scale: f.Scale}
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
	for ; ; begin++ {
		at := int(follow[last])
		if slots[at].state != absent || !steps[at].begins(src[begin:]) {
			if at = d.set.fields.seek(src[begin:]); at < 0 || slots[at].state != absent {
				break
			}
			follow[last] = int16(at)
		}
		t, s := &steps[at], &slots[at]
		end := 0
		if !more {
			end = d.unchanged(at, s, begin+t.valueAt)
		}
		if end > 0 {
			im.note(at, begin)
			last, behind = at+1, end
			break
		}
		switch {
		case t.class == text:
			end, s.state = d.usualText(t, s, begin+len(t.text)), present
		case t.class != nested:
			end, s.state = d.usual(t, s, begin), present
		default:
			end = d.nested(at, t, s, begin+t.valueAt)
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
	src, from := r.src, begin+len(t.text)
	end = from
	switch t.class {
	case int32s, int64s:
		v, n := digitsOf(src[from:])
		if n == 0 || t.class == int32s && v != int64(int32(v)) {
			return 0
		}
		s.num, end = v, from+n
	case isoTimes:
		v, n := d.clock.usual(src[from:])
		if n == 0 {
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

// upTo reads the string whose content begins at from, up to its closing quote. Where the next character stands is the
// caller's business.
func (r *reader) upTo(from int) (s span, ok bool) {
	src, end := r.src, from
	for end+8 <= len(src) {
		if stop := special(binary.LittleEndian.Uint64(src[end:])); stop != 0 {
			if end += bits.TrailingZeros64(stop) >> 3; src[end] != '"' {
				break
			}
			return span{from: int32(from), to: int32(end)}, true
		}
		end += 8
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
