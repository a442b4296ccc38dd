package decode

import "github.com/tarn-lake/tarn/internal/record"

// Line sets every field from a line of DynamoDB JSON: an item, or an export's {"Item":<item>}. Then Add it.
func (r *Row) Line(line []byte) error {
	r.Clear()
	d := r.d
	start := int(r.keep(line).from)
	d.reader.pos = start
	if at := r.wrapped(); at > 0 {
		d.reader.pos = at
		if d.image(&d.now) && d.reader.take('}') && r.ended() {
			return nil
		}
		return r.fault(d.name)
	}
	d.reader.why, d.reader.pos = "", start
	if !d.image(&d.now) || !r.ended() {
		return r.fault(d.name)
	}
	return nil
}

// wrapped returns where the item of an export's line begins, or 0.
func (r *Row) wrapped() int {
	in := &r.d.reader
	if !in.take('{') {
		return 0
	}
	if s, ok := in.string_(); !ok || string(in.src[s.from:s.to]) != "Item" || !in.take(':') {
		return 0
	}
	at := in.pos
	// A bare item may have an attribute of that name: then a type follows, not an attribute.
	if !in.take('{') || in.peek() == '}' {
		return at
	}
	if s, ok := in.string_(); ok && kindOf(in.src[s.from:s.to]) != record.None && in.take(':') && in.peek() != '{' {
		return 0
	}
	return at
}
