package decode

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// before reads the old image, which stands next, beside the new one. What stands there byte by byte is not read again.
func (d *Decoder) before() bool {
	r, was := &d.reader, &d.was
	was.reset(len(d.set.fields.all))
	if r.peek() != '{' {
		return r.unexpected("image")
	}
	was.known, was.from = true, int32(r.pos)
	r.pos++
	next := 0 // place in the new image that may stand here too
	for first := true; ; first = false {
		another, ok := r.more(first, '}')
		if !ok {
			return false
		}
		if !another {
			was.to = int32(r.pos)
			return true
		}
		r.space()
		if n := d.run(next); n > 0 {
			if !d.repeat(next, n) {
				return false
			}
			next += n
			continue
		}
		if _, ok = d.attribute(was, d.lastOf(next)); !ok {
			return false
		}
		next = d.behind(next)
	}
}

// lastOf returns what attribute wants to know of the place before next.
func (d *Decoder) lastOf(next int) int {
	if next == 0 || d.now.places[next-1].field < 0 {
		return 0
	}
	return int(d.now.places[next-1].field) + 1
}

// behind returns the place in the new image that may follow the attribute which was read last from the old one. An
// attribute that only the old image has leaves next where it is.
func (d *Decoder) behind(next int) int {
	field := d.was.places[len(d.was.places)-1].field
	if field >= 0 {
		if s := &d.now.slots[field]; s.state != absent {
			return int(s.place) + 1
		}
		return next
	}
	if next < len(d.now.places) && d.now.places[next].field < 0 {
		if e := &d.now.extra[-1-d.now.places[next].field]; bytes.Equal(e.name, d.was.extra[-1-field].name) {
			return next + 1
		}
	}
	return next
}

// run returns how many attributes of the new image, from place next on, stand here byte by byte.
func (d *Decoder) run(next int) int {
	r, places := &d.reader, d.now.places
	if next >= len(places) {
		return 0
	}
	from := places[next].from
	same := int32(common(r.src[from:d.now.to], r.src[r.pos:])) + from
	n := next
	for n < len(places) && places[n].to <= same {
		n++
	}
	return n - next
}

// repeat takes over n attributes of the new image, from place next on, as they stand.
func (d *Decoder) repeat(next, n int) bool {
	r, im, was := &d.reader, &d.now, &d.was
	shift := int32(r.pos) - im.places[next].from
	for _, p := range im.places[next : next+n] {
		if p.field < 0 {
			was.extra = append(was.extra, im.extra[-1-p.field])
			continue
		}
		s := &was.slots[p.field]
		if s.state != absent {
			return r.fail(int(p.from+shift), "the attribute is there twice")
		}
		s.state, s.from = same, im.slots[p.field].from
	}
	r.pos = int(im.places[next+n-1].to + shift)
	return true
}

// old returns the slot of a field in the old image.
func (d *Decoder) old(field int) *slot {
	if s := &d.was.slots[field]; s.state != same {
		return s
	}
	return &d.now.slots[field]
}

// unchanged takes over the value of a field from the new image, if it stands at byte by byte, and returns where it ends;
// 0: it does not.
func (d *Decoder) unchanged(field int, s *slot, at int) (end int) {
	if !d.now.known || d.now.slots[field].state == absent {
		return 0
	}
	src, now := d.reader.src, &d.now.slots[field]
	if end = at + int(now.to-now.from); end > len(src) || string(src[at:end]) != string(src[now.from:now.to]) {
		return 0
	}
	s.state, s.from, s.to = same, now.from, int32(end)
	return end
}

func word8(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }

// common returns how many bytes a and b begin with alike.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+32 <= n; i += 32 {
		x, y := a[i:i+32], b[i:i+32]
		if (word8(x, 0)^word8(y, 0))|(word8(x, 8)^word8(y, 8))|(word8(x, 16)^word8(y, 16))|(word8(x, 24)^word8(y, 24)) != 0 {
			break
		}
	}
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)>>3
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
