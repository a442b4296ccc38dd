package decode

import (
	"math"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// value reads the attribute value that stands next, as f wants it, into s.
func (d *Decoder) value(f *field, s *slot) bool {
	r := &d.reader
	if r.peek() != '{' {
		return r.unexpected("attribute value")
	}
	start := r.pos
	if f.class == nested {
		at, ok := r.tree(1)
		if !ok || !d.shape(f, at) {
			return false
		}
		*s = r.nodes[at].slot
		s.node = at
		return true
	}
	r.pos++
	kind, ok := r.tag()
	if !ok {
		return false
	}
	*s = slot{state: present, from: int32(start)}
	switch {
	case kind == record.NULL:
		s.state = null
		ok = r.truth()
	case kind != f.kind:
		return r.mismatch(start, kind, f)
	case kind == record.BOOL:
		ok = r.boolean(s)
	default:
		if s.text, ok = r.string_(); ok {
			ok = d.convert(f, s)
		}
	}
	if !ok || !r.closeValue() {
		return false
	}
	s.to = int32(r.pos)
	return true
}

func (r *reader) mismatch(at int, kind record.Kind, f *field) bool {
	if r.why != "" {
		return false
	}
	want := f.kind.String()
	if f.class == nested {
		want = nestedKinds[f.Type]
	}
	return r.fail(at, "it is "+kind.String()+", but a "+string(f.Type)+" is stored as "+want)
}

var nestedKinds = map[schemas.Type]string{schemas.List: "L", schemas.Set: "SS, NS or BS", schemas.Map: "M", schemas.Object: "M"}

// convert holds the text of s against the type of f.
func (d *Decoder) convert(f *field, s *slot) bool {
	if f.class == text {
		return true
	}
	r := &d.reader
	if f.class == binaries {
		start := len(r.blob)
		if !r.binary(s.text) {
			return false
		}
		s.num, s.hi = int64(start), int64(len(r.blob)-start)
		return true
	}
	why := d.scalar(f, r.bytes(s.text), s)
	if why != "" {
		return r.fail(int(s.text.from), "it "+why)
	}
	return true
}

// scalar reads b as a value of the type of f and returns what is wrong with it.
func (d *Decoder) scalar(f *field, b []byte, s *slot) (why string) {
	ok := true
	switch f.class {
	case days:
		if s.num, ok = d.clock.date(b); !ok {
			return notADay
		}
		return ""
	case isoTimes:
		if s.num, ok = d.clock.micros(b); !ok {
			return notATime
		}
		return ""
	case int32s, int64s:
		if v, n := digitsOf(b); n == len(b) && n > 0 {
			if s.num = v; f.class == int32s && v != int64(int32(v)) {
				return outOfRange
			}
			return ""
		}
	}
	n, why := parseDecimal(b)
	if why != "" {
		return why
	}
	switch f.class {
	case int32s:
		s.num, why = n.whole(math.MinInt32, math.MaxInt32)
	case int64s:
		s.num, why = n.whole(math.MinInt64, math.MaxInt64)
	case epochs:
		s.num, why = n.micros(6)
	case epochMillis:
		s.num, why = n.micros(3)
	case decimals:
		var low uint64
		s.hi, low, why = n.scaled(f.Precision, f.Scale)
		s.num = int64(low)
	}
	return why
}

// shape holds a tree against the type of f and converts its values.
func (d *Decoder) shape(f *field, at int32) bool {
	r := &d.reader
	n := &r.nodes[at]
	if n.kind == record.NULL {
		return true
	}
	switch {
	case f.class != nested:
		if n.kind != f.kind {
			return r.mismatch(int(n.from), n.kind, f)
		}
		if n.kind == record.BOOL {
			return true
		}
		return d.convert(f, &n.slot)
	case f.Type == schemas.List && n.kind == record.L,
		f.Type == schemas.Set && (n.kind == record.L || n.kind >= record.SS):
		return d.items(f, at)
	case f.Type == schemas.Map && n.kind == record.M:
		for i, end := at+1, n.next; i < end; i = r.nodes[i].next {
			if !d.shape(f.elem, i) {
				return false
			}
		}
		return true
	case f.Type == schemas.Object && n.kind == record.M:
		for i, end := at+1, n.next; i < end; i = r.nodes[i].next {
			kid := f.members.find(r.bytes(r.nodes[i].name))
			r.nodes[i].kid = int32(kid)
			if kid >= 0 && !d.shape(&f.members.all[kid], i) {
				return false
			}
		}
		return true
	}
	return r.mismatch(int(n.from), n.kind, f)
}

// items converts what a list or a set holds; in the lake none of it can be null.
func (d *Decoder) items(f *field, at int32) bool {
	r := &d.reader
	for i, end := at+1, r.nodes[at].next; i < end; i = r.nodes[i].next {
		if r.nodes[i].kind == record.NULL {
			return r.fail(int(r.nodes[i].from), "a "+string(f.Type)+" cannot hold null")
		}
		if !d.shape(f.elem, i) {
			return false
		}
	}
	return true
}
