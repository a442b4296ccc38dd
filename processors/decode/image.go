package decode

import (
	"bytes"
	"slices"
)

// image is an item as one image of a record shows it.
type image struct {
	known  bool
	slots  []slot // by field
	extra  []attribute
	places []place // in the order in which they stand
	from   int32
	to     int32
}

// attribute is one that the schema does not know. Name is unescaped, quoted as it stands in the source.
type attribute struct {
	name, quoted []byte
	from, to     int32 // its value
}

// place is where an attribute stands, name and value. Field is -1-i for the i-th unknown attribute.
type place struct {
	field    int32
	from, to int32
}

func (im *image) reset(fields int) {
	im.known = false
	im.extra, im.places = im.extra[:0], im.places[:0]
	if cap(im.slots) < fields {
		im.slots = make([]slot, fields)
	}
	im.slots = im.slots[:fields]
	clear(im.slots)
}

// image reads an image that stands next.
func (d *Decoder) image(im *image) bool {
	r := &d.reader
	im.reset(len(d.set.fields.all))
	if r.peek() != '{' {
		return r.unexpected("image")
	}
	im.known, im.from = true, int32(r.pos)
	r.pos++
	last := 0
	for first := true; ; first = false {
		if r.pos < len(r.src) && r.src[r.pos] == ',' && !first {
			r.pos++
		} else if another, ok := r.more(first, '}'); !ok {
			return false
		} else if !another {
			im.to = int32(r.pos)
			return true
		}
		var ok bool
		if last, ok = d.attribute(im, last); !ok {
			return false
		}
	}
}

// attribute reads one attribute with its name. Last says which came before it: 1 + its field, or 0; the result is the
// same for the one that follows.
func (d *Decoder) attribute(im *image, last int) (int, bool) {
	r, fields := &d.reader, d.set.fields.all
	follow := d.follow.now
	if im == &d.was {
		follow = d.follow.was
	}
	guess := int(follow[last])
	f := &fields[guess]
	if s := &im.slots[guess]; s.state == absent && r.pos+len(f.literal) < len(r.src) && string(r.src[r.pos:r.pos+len(f.literal)]) == f.literal {
		from := r.pos
		r.pos += len(f.literal)
		if !d.content(f, s) {
			d.name = f.Name
			return 0, false
		}
		s.from, s.to, s.place = int32(from+f.valueAt), int32(r.pos), int32(len(im.places))
		im.places = append(im.places, place{int32(guess), int32(from), s.to})
		return guess + 1, true
	}
	r.space()
	from := int32(r.pos)
	name, quoted, ok := d.attributeName()
	if !ok {
		return 0, false
	}
	at := d.set.fields.find(name)
	if at < 0 {
		return last, d.unknown(im, name, quoted, from)
	}
	f, s := &fields[at], &im.slots[at]
	if s.state != absent {
		d.name = f.Name
		return 0, r.fail(int(from), "the attribute is there twice")
	}
	if !(im == &d.was && d.unchanged(at, s)) && !d.value(f, s) {
		d.name = f.Name
		return 0, false
	}
	follow[last] = int16(at)
	s.place = int32(len(im.places))
	im.places = append(im.places, place{int32(at), from, s.to})
	return at + 1, true
}

// content reads the rest of a value whose literal has been read.
func (d *Decoder) content(f *field, s *slot) bool {
	r := &d.reader
	s.state = present
	switch f.class {
	case booleans:
		if !r.boolean(s) {
			return false
		}
	case int32s, int64s:
		if v, n := digitsOf(r.src[r.pos:]); n > 0 && r.pos+n < len(r.src) && r.src[r.pos+n] == '"' && (f.class == int64s || v == int64(int32(v))) {
			s.num, s.text = v, span{from: int32(r.pos), to: int32(r.pos + n)}
			r.pos += n + 1
			break
		}
		fallthrough
	default:
		var ok bool
		if s.text, ok = r.rest(); !ok || !d.convert(f, s) {
			return false
		}
	}
	if r.pos < len(r.src) && r.src[r.pos] == '}' {
		r.pos++
		return true
	}
	return r.closeValue()
}

// attributeName reads a name and its colon.
func (d *Decoder) attributeName() (name, quoted []byte, ok bool) {
	r := &d.reader
	s, ok := r.string_()
	if !ok || !r.take(':') {
		return nil, nil, false
	}
	return r.bytes(s), r.src[s.from-1 : s.to+1], true
}

// unknown reads the value of an attribute that the schema does not know.
func (d *Decoder) unknown(im *image, name, quoted []byte, from int32) bool {
	r := &d.reader
	r.space()
	start := int32(r.pos)
	mark := len(r.nodes)
	if _, ok := r.tree(1); !ok {
		d.name = string(name)
		return false
	}
	r.nodes = r.nodes[:mark]
	im.extra = append(im.extra, attribute{name: name, quoted: quoted, from: start, to: int32(r.pos)})
	im.places = append(im.places, place{int32(-len(im.extra)), from, int32(r.pos)})
	return true
}

// sortExtra sorts the unknown attributes by name and checks that none is there twice. The places no longer fit then.
func (d *Decoder) sortExtra(im *image) bool {
	if len(im.extra) < 2 {
		return true
	}
	slices.SortFunc(im.extra, byName)
	for i := range im.extra[1:] {
		if bytes.Equal(im.extra[i].name, im.extra[i+1].name) {
			return d.reader.fail(int(im.from), twice)
		}
	}
	return true
}
