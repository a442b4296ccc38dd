package decode

import (
	"encoding/binary"

	"github.com/tarn-lake/tarn/internal/record"
)

// slot is one attribute value: where it stands in the source and, once it has been held against a field, what it is.
type slot struct {
	state    state
	text     span  // content of S, N and B
	from, to int32 // the whole value, {"S":"…"}
	num      int64 // integer, day, microseconds, boolean; low half of a decimal; offset of a binary in the decoder's blob
	hi       int64 // high half of a decimal; length of a binary
	node     int32 // list, set, map, object: its node
	place    int32 // where it stands among the image's places
}

// state is what is known of a slot.
type state uint8

const (
	absent state = iota
	null
	present
	same // in an old image: as in the new one, where it has been read
)

// node is one value of a tree: its own, then those of what it holds.
type node struct {
	slot
	kind record.Kind
	name span  // in a map: its name
	next int32 // the node after everything it holds
	kid  int32 // in an object: which member it is; -1: none that the schema knows
}

// tree reads one attribute value, whatever its type, as nodes. It returns the index of the first.
func (r *reader) tree(depth int) (int32, bool) {
	at := int32(len(r.nodes))
	if r.peek() != '{' {
		return at, r.unexpected("attribute value")
	}
	r.nodes = append(r.nodes, node{})
	n := &r.nodes[at]
	n.state, n.from, n.kid = present, int32(r.pos), -1
	const word, textIs = 1<<48 - 1, '{' | '"'<<8 | 'S'<<16 | '"'<<24 | ':'<<32 | '"'<<40
	if b := r.src[r.pos:]; len(b) >= 8 && binary.LittleEndian.Uint64(b)&word == textIs {
		r.pos += 6
		s, ok := r.rest()
		n.kind, n.text = record.S, s
		if !ok || !r.closeValue() {
			return at, false
		}
		n.to, n.next = int32(r.pos), at+1
		return at, true
	}
	r.pos++
	kind, ok := r.tag()
	if !ok {
		return at, false
	}
	n.kind = kind
	if !r.payload(at, depth) || !r.closeValue() {
		return at, false
	}
	r.nodes[at].to, r.nodes[at].next = int32(r.pos), int32(len(r.nodes))
	return at, true
}

// tag reads the type of a value and its colon.
func (r *reader) tag() (record.Kind, bool) {
	if b := r.src[r.pos:]; len(b) > 4 && b[0] == '"' && b[2] == '"' && b[3] == ':' {
		if k := letterKind(b[1]); k != record.None {
			r.pos += 4
			return k, true
		}
	}
	s, ok := r.string_()
	if !ok || !r.take(':') {
		return 0, false
	}
	tag := r.src[s.from:s.to]
	if s.escaped {
		tag = r.bytes(s)
	}
	k := kindOf(tag)
	if k == record.None {
		return k, r.fail(int(s.from), "it is not one of DynamoDB's types")
	}
	return k, true
}

// letterKind returns the type of a tag of one letter.
func letterKind(c byte) record.Kind {
	switch c {
	case 'S':
		return record.S
	case 'N':
		return record.N
	case 'L':
		return record.L
	case 'M':
		return record.M
	case 'B':
		return record.B
	}
	return record.None
}

func kindOf(tag []byte) record.Kind {
	switch string(tag) {
	case "S":
		return record.S
	case "N":
		return record.N
	case "B":
		return record.B
	case "BOOL":
		return record.BOOL
	case "NULL":
		return record.NULL
	case "M":
		return record.M
	case "L":
		return record.L
	case "SS":
		return record.SS
	case "NS":
		return record.NS
	case "BS":
		return record.BS
	}
	return record.None
}

// closeValue reads the end of an attribute value, which has one type.
func (r *reader) closeValue() bool {
	if r.pos < len(r.src) && r.src[r.pos] == '}' {
		r.pos++
		return true
	}
	if r.peek() == ',' {
		return r.fail(r.pos, "an attribute value has more than one type")
	}
	return r.take('}')
}

// payload reads what follows the type of the node at.
func (r *reader) payload(at int32, depth int) bool {
	switch n := &r.nodes[at]; n.kind {
	case record.S, record.N, record.B:
		return r.scalar(n)
	case record.BOOL:
		return r.boolean(&n.slot)
	case record.NULL:
		n.state = null
		return r.truth()
	case record.SS, record.NS, record.BS:
		return r.set(n.kind)
	default:
		if depth > maxDepth {
			return r.fail(r.pos, "values are nested deeper than 32 levels")
		}
		if n.kind == record.M {
			return r.members(depth)
		}
		return r.list(depth)
	}
}
