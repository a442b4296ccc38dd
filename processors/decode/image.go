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

// attribute reads one attribute with its name, and more where they are as expected. Last says which came before it: 1 +
// its field, or 0; the result is the same for the one that follows.
func (d *Decoder) attribute(im *image, last int) (int, bool) {
	if now, ok := d.swift(im, last); ok {
		return now, true
	}
	r := &d.reader
	r.space()
	from := r.pos
	name, quoted, ok := d.attributeName()
	if !ok {
		return 0, false
	}
	at := d.set.fields.find(name)
	if at < 0 {
		return last, d.unknown(im, name, quoted, int32(from))
	}
	f, s := &d.set.fields.all[at], &im.slots[at]
	if s.state != absent {
		d.name = f.Name
		return 0, r.fail(from, "the attribute is there twice")
	}
	d.expect(im, last, at)
	r.space()
	if im == &d.was {
		if end := d.unchanged(at, s, r.pos); end > 0 {
			r.pos = end
			im.note(at, from)
			return at + 1, true
		}
	}
	if !d.value(f, s) {
		d.name = f.Name
		return 0, false
	}
	im.note(at, from)
	d.straight(im, at)
	return at + 1, true
}

// expect says which field follows another, as it was last time.
func (d *Decoder) expect(im *image, last, at int) {
	if im == &d.was {
		d.follow.was[last] = int16(at)
	} else {
		d.follow.now[last] = int16(at)
	}
}

// note keeps where an attribute that has been read began.
func (im *image) note(field, from int) {
	s := &im.slots[field]
	s.place = int32(len(im.places))
	im.places = append(im.places, place{int32(field), int32(from), s.to})
}

// straight adds a value of the new image to its column at once, where that takes it as it is.
func (d *Decoder) straight(im *image, at int) {
	s := &im.slots[at]
	if im != &d.now || d.into == nil || s.state != present {
		return
	}
	if l := d.into.steps[at].leaf; l != nil {
		d.scalarTo(l, &d.set.fields.all[at], s)
	}
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
