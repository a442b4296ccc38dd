package decode

import (
	"bytes"
	"slices"

	"github.com/tarn-lake/tarn/internal/record"
)

// differ fills d.changed with the names of the attributes that differ between the images, sorted. The unknown attributes
// of both must be sorted by name.
func (d *Decoder) differ() {
	d.changed = d.changed[:0]
	for _, i := range d.set.byName {
		now, was := &d.now.slots[i], &d.was.slots[i]
		if was.state == same || was.state == absent && now.state == absent {
			continue
		}
		if f := &d.set.fields.all[i]; !d.equal(now, was, f) {
			d.changed = append(d.changed, f.label)
		}
	}
	now, was := d.now.extra, d.was.extra
	if len(now)+len(was) == 0 {
		return
	}
	for len(now) > 0 && len(was) > 0 {
		a, b := &now[0], &was[0]
		order := bytes.Compare(a.name, b.name)
		switch {
		case order < 0:
			d.changed = append(d.changed, a.name)
		case order > 0:
			d.changed = append(d.changed, b.name)
		case a.from != b.from && !d.sameBytes(a.from, a.to, b.from, b.to):
			d.changed = append(d.changed, a.name)
		}
		if order <= 0 {
			now = now[1:]
		}
		if order >= 0 {
			was = was[1:]
		}
	}
	for i := range now {
		d.changed = append(d.changed, now[i].name)
	}
	for i := range was {
		d.changed = append(d.changed, was[i].name)
	}
	if len(d.changed) > 1 {
		slices.SortFunc(d.changed, bytes.Compare)
	}
}

// equal reports whether a field has the same value in both images.
func (d *Decoder) equal(a, b *slot, f *field) bool {
	if a.state != b.state {
		return false
	}
	if a.state == absent || a.state == null || f.class == booleans && a.num == b.num {
		return true
	}
	if f.class == nested {
		return d.sameBytes(a.from, a.to, b.from, b.to)
	}
	r := &d.reader
	x, y := r.src[a.text.from:a.text.to], r.src[b.text.from:b.text.to]
	if a.text.escaped || b.text.escaped {
		x, y = r.bytes(a.text), r.bytes(b.text)
	}
	return f.kind != record.BOOL && bytes.Equal(x, y)
}

// sameBytes compares two values by their bytes and, where these differ, by their meaning.
func (d *Decoder) sameBytes(a, aEnd, b, bEnd int32) bool {
	r := &d.reader
	if bytes.Equal(r.src[a:aEnd], r.src[b:bEnd]) {
		return true
	}
	pos, mark := r.pos, len(r.nodes)
	r.pos = int(a)
	x, _ := r.tree(1)
	r.pos = int(b)
	y, _ := r.tree(1)
	same := r.same(x, y)
	r.pos, r.nodes = pos, r.nodes[:mark]
	return same
}
