package decode

import "github.com/tarn-lake/tarn/internal/record"

// finish checks that a record says what it must, and reads the images that were only noted so far.
func (d *Decoder) finish() bool {
	r, h := &d.reader, &d.head
	missing := ""
	switch {
	case h.op == "":
		missing = "eventName"
	case !h.hasSeq:
		missing = "SequenceNumber"
	case !h.hasAt:
		missing = "ApproximateCreationDateTime"
	case h.now == 0 && !h.op.Gone():
		missing = "NewImage"
	case h.keys == 0 && h.op.Gone():
		missing = "Keys"
	}
	if missing != "" {
		d.name = missing
		return r.fail(r.pos, "the record has no "+missing)
	}
	if h.op.Gone() && h.now != 0 {
		d.name = "NewImage"
		return r.fail(int(h.now), "a removal has a new image")
	}
	if h.op == record.Remove && h.expired {
		h.op = record.Expire
	}
	end := r.pos
	ok := d.claim() && d.images()
	if ok {
		r.pos = end
	}
	return ok
}

// images reads what finish finds unread, and sorts what the schema does not know.
func (d *Decoder) images() bool {
	r, h := &d.reader, &d.head
	if h.now != 0 && !d.now.known {
		if r.pos = int(h.now); !d.image(&d.now) {
			return false
		}
	}
	if h.was != 0 && !d.was.known {
		r.pos = int(h.was)
		if h.now != 0 && !d.before() || h.now == 0 && !d.image(&d.was) {
			return false
		}
	}
	if h.op.Gone() {
		if r.pos = int(h.keys); !d.image(&d.keys) {
			return false
		}
		return d.keyed(&d.keys) && d.sortExtra(&d.was)
	}
	if !d.keyed(&d.now) || !d.sortExtra(&d.now) || !d.sortExtra(&d.was) || !d.strangers() {
		return false
	}
	if d.told = h.op == record.Modify && d.was.known; d.told {
		d.differ()
	}
	return true
}

// keyed checks that the key is there.
func (d *Decoder) keyed(im *image) bool {
	for _, k := range d.set.keys {
		if im.slots[k].state != present {
			d.name = d.set.fields.all[k].Name
			return d.reader.fail(int(im.from), "the key attribute is missing")
		}
	}
	return true
}
