package decode

import (
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
	return d.members(0) && d.finish()
}

// members reads the object that stands next: the record itself (level 0) or its member dynamodb (level 1).
func (d *Decoder) members(level int) bool {
	r := &d.reader
	at, mark := r.pos, len(r.names)
	if !r.take('{') {
		return false
	}
	var seen uint32
	for k := 0; ; k++ {
		if r.pos < len(r.src) && r.src[r.pos] == ',' && k > 0 {
			r.pos++
		} else if another, ok := r.more(k == 0, '}'); !ok {
			return false
		} else if !another {
			return r.distinct(mark, at, twice)
		}
		id, known := d.recall(level, k)
		if !known {
			var ok bool
			if id, ok = d.member(level, k); !ok {
				return false
			}
		}
		if seen&(1<<id) != 0 && id != other {
			return r.fail(at, twice)
		}
		seen |= 1 << id
	}
}

// member reads the k-th member of a level and returns which it is.
func (d *Decoder) member(level, k int) (id memberID, ok bool) {
	r := &d.reader
	r.space()
	from := r.pos
	id, known := d.recallName(level, k)
	if !known {
		s, ok := r.string_()
		if !ok || !r.take(':') {
			return 0, false
		}
		name := r.bytes(s)
		if id = identify(level, name); id == other {
			r.names = append(r.names, name)
		}
		d.rememberName(level, k, id, from)
	}
	if !d.read(id, level) {
		return 0, false
	}
	d.remember(level, k, id, from)
	return id, true
}

// read reads the value of a member.
func (d *Decoder) read(id memberID, level int) bool {
	r, h := &d.reader, &d.head
	switch id {
	case eventName:
		return d.operation()
	case changed:
		return d.members(1)
	case awsRegion:
		return r.label(&h.region)
	case viewType:
		return r.label(&h.view)
	case userIdentity:
		return d.identity()
	case createdAt:
		return d.instant()
	case sequenceNumber:
		return d.sequence()
	case keysImage:
		r.space()
		h.keys = int32(r.pos)
	case newImage:
		r.space()
		if h.now = int32(r.pos); !d.plan.shared {
			return d.image(&d.now)
		}
	case oldImage:
		r.space()
		if h.was = int32(r.pos); d.now.known {
			return d.before()
		}
	}
	return r.skip(1 + level)
}

// label reads a text.
func (r *reader) label(to *[]byte) bool {
	s, ok := r.string_()
	if ok {
		*to = r.bytes(s)
	}
	return ok
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

func (d *Decoder) instant() bool {
	r := &d.reader
	s, ok := r.number()
	if !ok {
		return false
	}
	var why string
	if d.head.at, why = seconds(r.src[s.from:s.to]); why != "" {
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
	if pad < 0 || len(b) == 0 {
		return false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	copy(h.seq[:], zeros[:pad])
	copy(h.seq[pad:], b)
	h.hasSeq = true
	return true
}

const zeros = "0000000000000000000000000000000000000000"
