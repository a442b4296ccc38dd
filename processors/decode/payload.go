package decode

import (
	"encoding/base64"

	"github.com/tarn-lake/tarn/internal/record"
)

// truth reads the value of NULL, which can only be true.
func (r *reader) truth() bool {
	r.space()
	return r.word("true")
}

func (r *reader) boolean(s *slot) bool {
	if r.peek() == 't' {
		s.num = 1
		return r.word("true")
	}
	s.num = 0
	return r.word("false")
}

// scalar reads the text of an S, N or B and checks it.
func (r *reader) scalar(n *node) bool {
	s, ok := r.string_()
	if !ok {
		return false
	}
	n.text = s
	switch n.kind {
	case record.N:
		if _, why := parseDecimal(r.bytes(s)); why != "" {
			return r.fail(int(s.from), "a number "+why)
		}
	case record.B:
		mark := len(r.blob)
		ok := r.binary(s)
		r.blob = r.blob[:mark]
		return ok
	}
	return true
}

// binary decodes base64 at the end of r.blob.
func (r *reader) binary(s span) bool {
	b := r.bytes(s)
	for _, c := range b {
		if c == '\n' || c == '\r' { // the standard decoder would skip them
			return r.fail(int(s.from), "a binary is not base64")
		}
	}
	var err error
	if r.blob, err = base64.StdEncoding.Strict().AppendDecode(r.blob, b); err != nil {
		return r.fail(int(s.from), "a binary is not base64")
	}
	return true
}

func (r *reader) members(depth int) bool {
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
		_, s, ok := r.name()
		if !ok {
			return false
		}
		child, ok := r.tree(depth + 1)
		if !ok {
			return false
		}
		r.nodes[child].name = s
	}
}

func (r *reader) list(depth int) bool {
	if !r.take('[') {
		return false
	}
	for first := true; ; first = false {
		another, ok := r.more(first, ']')
		if !ok || !another {
			return ok
		}
		if _, ok := r.tree(depth + 1); !ok {
			return false
		}
	}
}

// set reads texts, numbers or binaries, of which no two are equal.
func (r *reader) set(kind record.Kind) bool {
	at, mark := r.pos, len(r.names)
	if !r.take('[') {
		return false
	}
	for first := true; ; first = false {
		another, ok := r.more(first, ']')
		if !ok {
			return false
		}
		if !another {
			if first {
				return r.fail(at, "a set is empty")
			}
			return r.distinct(mark, at, "a set has a member twice")
		}
		r.space()
		n := node{slot: slot{state: present, from: int32(r.pos)}, kind: kind - record.SS + record.S, kid: -1}
		if !r.scalar(&n) {
			return false
		}
		n.to, n.next = int32(r.pos), int32(len(r.nodes)+1)
		r.nodes = append(r.nodes, n)
		r.names = append(r.names, r.bytes(n.text))
	}
}
