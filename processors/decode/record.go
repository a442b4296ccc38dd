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
	return d.framed() && d.finish()
}

// members reads the object that stands next: the record itself (level 0) or its member dynamodb (level 1).
func (d *Decoder) members(level int) bool {
	r := &d.reader
	at, mark := r.pos, len(r.names)
	return r.take('{') && d.others(level, at, mark, 0, true)
}

// others reads the members that are left of an object which began at, those seen left out. first says that none was read.
func (d *Decoder) others(level, at, mark int, seen uint32, first bool) bool {
	r, start := &d.reader, 0
	for ; ; first = false {
		if r.pos < len(r.src) && r.src[r.pos] == ',' && !first {
			r.pos++
		} else if another, ok := r.more(first, '}'); !ok {
			return false
		} else if !another {
			return len(r.names) == mark || r.distinct(mark, at, twice)
		}
		id := r.usualName(level)
		if id == other {
			var ok bool
			if id, ok = r.memberName(level); !ok {
				return false
			}
		}
		if seen&(1<<id) != 0 && id != other {
			return r.fail(at, twice)
		}
		seen |= 1 << id
		if !d.read(id, level) {
			return false
		}
		switch id {
		case eventName:
			if start = r.pos; seen&usualStretch == 0 && d.recallStretch() {
				seen |= usualStretch
			}
		case awsRegion:
			if seen&usualStretch == usualStretch && start > 0 {
				d.rememberStretch(start)
			}
		}
	}
}

// memberName reads the name of a member, whatever it is, and its colon.
func (r *reader) memberName(level int) (memberID, bool) {
	s, ok := r.string_()
	if !ok || !r.take(':') {
		return other, false
	}
	name := r.bytes(s)
	id := identify(level, name)
	if id == other {
		r.names = append(r.names, name)
	}
	return id, true
}

// read reads the value of a member.
func (d *Decoder) read(id memberID, level int) (ok bool) {
	r, h := &d.reader, &d.head
	switch id {
	case eventID:
		if r.pos < len(r.src) && r.src[r.pos] == '"' {
			r.pos++
			_, ok = r.rest()
			return ok
		}
	case eventName:
		return d.operation()
	case changed:
		return d.members(1)
	case eventVersion, eventSource, sourceARN:
		if r.space(); d.recall(id) {
			return true
		}
		if r.peek() == '"' {
			_, ok := d.label(id)
			return ok
		}
	case awsRegion:
		h.region, ok = d.label(id)
		return ok
	case viewType:
		h.view, ok = d.label(id)
		return ok
	case userIdentity:
		return d.identity()
	case createdAt:
		return d.instant()
	case sequenceNumber:
		return d.sequence()
	case keysImage:
		r.space()
		if h.keys = int32(r.pos); d.usualKeys() {
			return true
		}
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

// usualKeys reads over keys that are one text, as most are. Where they are not, it leaves them.
func (d *Decoder) usualKeys() bool {
	r, start := &d.reader, d.reader.pos
	if len(d.set.keys) != 1 {
		return false
	}
	f := &d.set.fields.all[d.set.keys[0]]
	if f.class != text || start >= len(r.src) || r.src[start] != '{' || !f.literal.begins(r.src[start+1:]) {
		return false
	}
	r.pos += 1 + len(f.literal.text)
	if s, ok := r.rest(); ok && !s.escaped && r.pos+1 < len(r.src) && r.src[r.pos] == '}' && r.src[r.pos+1] == '}' {
		r.pos += 2
		return true
	}
	r.pos, r.why = start, ""
	return false
}

func (d *Decoder) operation() bool {
	r := &d.reader
	if r.pos+8 < len(r.src) {
		d.head.op = ""
		switch string(r.src[r.pos : r.pos+8]) {
		case `"INSERT"`:
			d.head.op = record.Insert
		case `"MODIFY"`:
			d.head.op = record.Modify
		case `"REMOVE"`:
			d.head.op = record.Remove
		}
		if d.head.op != "" {
			r.pos += 8
			return true
		}
	}
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
	if v, n := digitsOf(r.src[r.pos:]); n > 0 && v >= 0 && v < maxMicros/1_000_000 && r.pos+n < len(r.src) && r.src[r.pos+n] == ',' {
		d.head.at, d.head.hasAt = v*1_000_000, true
		r.pos += n
		return true
	}
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
	rest := b
	for ; len(rest) >= wordBytes; rest = rest[wordBytes:] {
		if _, n := digitWord(rest); n < wordBytes {
			return false
		}
	}
	for _, c := range rest {
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
