package verify

import (
	"bytes"

	"github.com/tarn-lake/tarn/internal/record"
)

// image finds wanted attributes in an item's DynamoDB JSON. It knows the plain form that a store of ours writes, without
// spaces and escapes, and gives up on any other, which record.ParseItem then reads. Records of a table are much alike, so
// it remembers how attributes begin and which two came last after each: most are known again by comparing a few bytes.
type image struct {
	src    []byte
	pos    int
	starts []start        // the first stands for the beginning of an item
	index  map[string]int // of starts
}

// start is how an attribute begins: "name":{"S":" with the quote that opens a text.
type start struct {
	text []byte
	name []byte
	kind record.Kind
	slot int    // -1: it is not wanted
	next [2]int // starts that came after it; 0: none yet
}

// mostStarts is how many beginnings are remembered. Names of attributes are the store's, so there may be any number.
const mostStarts = 1024

// each puts the attributes that the slots are of into them and returns how many attributes the item has; false: it is not
// plain, and the slots are in no state.
func (m *image) each(src []byte, slot func(name []byte) int, slots []attribute) (n int, ok bool) {
	m.src, m.pos = src, 0
	if bytes.IndexByte(src, '\\') >= 0 || !m.take('{') {
		return 0, false
	}
	if m.take('}') {
		return 0, m.pos == len(src)
	}
	for at := 0; ; {
		if at = m.follow(at, slot); at == 0 {
			return 0, false
		}
		s := &m.starts[at]
		a, ok := m.content(s)
		if !ok || !m.take('}') {
			return 0, false
		}
		if n++; s.slot >= 0 {
			slots[s.slot] = a
		}
		if m.take(',') {
			continue
		}
		return n, m.take('}') && m.pos == len(src)
	}
}

// follow passes the beginning of the attribute that comes after another, and returns which it is; 0: it is not plain.
func (m *image) follow(before int, slot func(name []byte) int) int {
	if m.starts == nil {
		m.starts, m.index = []start{{}}, map[string]int{}
	}
	for _, at := range m.starts[before].next {
		if at != 0 && bytes.HasPrefix(m.src[m.pos:], m.starts[at].text) {
			m.pos += len(m.starts[at].text)
			return at
		}
	}
	from := m.pos
	name, kind, ok := m.begin()
	if !ok {
		return 0
	}
	at, known := m.index[string(m.src[from:m.pos])]
	if !known {
		if len(m.starts) == mostStarts {
			m.starts, before = m.starts[:1], 0
			m.starts[0] = start{}
			clear(m.index)
		}
		at = len(m.starts)
		m.index[string(m.src[from:m.pos])] = at
		m.starts = append(m.starts, start{text: bytes.Clone(m.src[from:m.pos]), name: bytes.Clone(name), kind: kind, slot: slot(name)})
	}
	next := &m.starts[before].next
	next[0], next[1] = at, next[0]
	return at
}

// begin reads "name":{"<tag>": and the quote that opens a text; the kind is None where it is of values in values.
func (m *image) begin() (name []byte, kind record.Kind, ok bool) {
	if name, ok = m.quoted(); !ok || !m.take(':') || !m.take('{') {
		return nil, 0, false
	}
	tag, ok := m.quoted()
	if !ok || !m.take(':') {
		return nil, 0, false
	}
	switch string(tag) {
	case "S":
		return name, record.S, m.take('"')
	case "N":
		return name, record.N, m.take('"')
	case "BOOL":
		return name, record.BOOL, true
	case "NULL":
		return name, record.NULL, true
	}
	return name, record.None, true
}

func (m *image) take(c byte) bool {
	if m.pos < len(m.src) && m.src[m.pos] == c {
		m.pos++
		return true
	}
	return false
}

// quoted reads a text. That it holds no escape has been seen before.
func (m *image) quoted() ([]byte, bool) {
	if !m.take('"') {
		return nil, false
	}
	return m.rest()
}

// rest reads a text up to the quote that closes it.
func (m *image) rest() ([]byte, bool) {
	n := bytes.IndexByte(m.src[m.pos:], '"')
	if n < 0 {
		return nil, false
	}
	text := m.src[m.pos : m.pos+n]
	m.pos += n + 1
	return text, true
}

// content reads what comes after the beginning of an attribute, but for the brace that closes it.
func (m *image) content(s *start) (a attribute, ok bool) {
	a.kind = s.kind
	switch s.kind {
	case record.S, record.N:
		a.text, ok = m.rest()
	case record.BOOL:
		a.text, ok = m.word()
	case record.NULL:
		_, ok = m.word()
	default:
		return m.nested(s)
	}
	return a, ok
}

func (m *image) word() ([]byte, bool) {
	for _, w := range []string{"true", "false"} {
		if bytes.HasPrefix(m.src[m.pos:], []byte(w)) {
			m.pos += len(w)
			return m.src[m.pos-len(w) : m.pos], true
		}
	}
	return nil, false
}

// nested reads a value of any other kind, which ends before the brace that closes it.
func (m *image) nested(s *start) (attribute, bool) {
	from := m.pos
	for depth := 0; m.pos < len(m.src); {
		switch m.src[m.pos] {
		case '"':
			if _, ok := m.quoted(); !ok {
				return attribute{}, false
			}
			continue
		case '{', '[':
			depth++
		case ']':
			depth--
		case '}':
			if depth == 0 {
				return m.wrapped(s, m.src[from:m.pos])
			}
			depth--
		}
		m.pos++
	}
	return attribute{}, false
}

func (m *image) wrapped(s *start, content []byte) (attribute, bool) {
	item, err := record.ParseItem(append(append(append([]byte{'{'}, s.text...), content...), "}}"...))
	return of(item[string(s.name)]), err == nil
}
