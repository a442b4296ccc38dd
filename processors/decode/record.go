package decode

import (
	"bytes"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
)

// record reads the record that stands next and leaves its images in d. In a shared stream they are first noted and read
// once the record has been claimed.
func (d *Decoder) record() bool {
	r := &d.reader
	r.forget()
	r.why = ""
	d.head, d.name = head{}, ""
	d.now.known, d.was.known, d.keys.known, d.told = false, false, false, false
	at := r.pos
	if r.peek() != '{' {
		return r.unexpected("record")
	}
	r.pos++
	for first := true; ; first = false {
		another, ok := r.more(first, '}')
		if !ok {
			return false
		}
		if !another {
			break
		}
		name, _, ok := r.name()
		if !ok || !d.member(name) {
			return false
		}
	}
	return r.distinct(0, at, twice) && d.finish()
}

// member reads the value of a member of a record.
func (d *Decoder) member(name []byte) bool {
	r := &d.reader
	switch string(name) {
	case "eventName":
		return d.operation()
	case "dynamodb":
		return d.change()
	case "awsRegion":
		s, ok := r.string_()
		if ok {
			d.head.region = r.bytes(s)
		}
		return ok
	case "userIdentity":
		return d.identity()
	}
	return r.skip(1)
}

func (d *Decoder) operation() bool {
	r := &d.reader
	s, ok := r.string_()
	if !ok {
		return false
	}
	switch string(r.bytes(s)) {
	case "INSERT":
		d.head.op = record.Insert
	case "MODIFY":
		d.head.op = record.Modify
	case "REMOVE":
		d.head.op = record.Remove
	default:
		return r.fail(int(s.from), "eventName is not INSERT, MODIFY or REMOVE")
	}
	return true
}

// identity reads who made the change: the store itself, where an item's time was over.
func (d *Decoder) identity() bool {
	r := &d.reader
	if r.peek() != '{' {
		return r.skip(1)
	}
	at, mark := r.pos, len(r.names)
	r.pos++
	service, store := false, false
	for first := true; ; first = false {
		another, ok := r.more(first, '}')
		if !ok {
			return false
		}
		if !another {
			d.head.expired = service && store
			return r.distinct(mark, at, twice)
		}
		name, _, ok := r.name()
		if !ok {
			return false
		}
		if r.peek() != '"' {
			if !r.skip(2) {
				return false
			}
			continue
		}
		s, ok := r.string_()
		if !ok {
			return false
		}
		switch string(name) {
		case "type":
			service = string(r.bytes(s)) == "Service"
		case "principalId":
			store = string(r.bytes(s)) == "dynamodb.amazonaws.com"
		}
	}
}

// change reads the member dynamodb.
func (d *Decoder) change() bool {
	r := &d.reader
	at, mark := r.pos, len(r.names)
	if !r.take('{') {
		return false
	}
	for first := true; ; first = false {
		another, ok := r.more(first, '}')
		if !ok {
			return false
		}
		if !another {
			return r.distinct(mark, at, twice)
		}
		name, _, ok := r.name()
		if !ok || !d.detail(name) {
			return false
		}
	}
}

func (d *Decoder) detail(name []byte) bool {
	r, h := &d.reader, &d.head
	switch string(name) {
	case "ApproximateCreationDateTime":
		return d.instant()
	case "SequenceNumber":
		return d.sequence()
	case "StreamViewType":
		s, ok := r.string_()
		if ok {
			h.view = r.bytes(s)
		}
		return ok
	case "Keys":
		r.space()
		h.keys = int32(r.pos)
	case "NewImage":
		r.space()
		h.now = int32(r.pos)
		if !d.plan.shared {
			return d.image(&d.now)
		}
	case "OldImage":
		r.space()
		h.was = int32(r.pos)
		if d.now.known {
			return d.before()
		}
	}
	return r.skip(2)
}

func (d *Decoder) instant() bool {
	r := &d.reader
	s, ok := r.number()
	if !ok {
		return false
	}
	n, why := parseDecimal(r.src[s.from:s.to])
	if why == "" {
		d.head.at, why = n.micros(6)
	}
	if why != "" {
		d.name = "ApproximateCreationDateTime"
		return r.fail(int(s.from), "it "+why)
	}
	d.head.hasAt = true
	return true
}

func (d *Decoder) sequence() bool {
	r := &d.reader
	s, ok := r.string_()
	if !ok {
		return false
	}
	if !d.head.sequence(r.bytes(s)) {
		d.name = "SequenceNumber"
		return r.fail(int(s.from), "it does not have 1 to 40 digits")
	}
	return true
}

// sequence pads a sequence number.
func (h *head) sequence(b []byte) bool {
	pad := lake.SeqDigits - len(b)
	if pad < 0 || len(b) == 0 || bytes.ContainsFunc(b, func(c rune) bool { return c < '0' || c > '9' }) {
		return false
	}
	copy(h.seq[:], zeros[:pad])
	copy(h.seq[pad:], b)
	h.hasSeq = true
	return true
}

const zeros = "0000000000000000000000000000000000000000"

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
	if !d.keyed(&d.now) || !d.sortExtra(&d.now) || !d.sortExtra(&d.was) {
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
