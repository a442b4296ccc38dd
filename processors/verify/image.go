package verify

import (
	"bytes"

	"github.com/tarn-lake/tarn/internal/record"
)

// attribute is one value as the store has it.
type attribute struct {
	kind record.Kind
	text []byte       // S, N, and true or false
	more record.Value // of every other kind
}

// of returns the attribute of a value.
func of(v record.Value) attribute {
	switch v.Kind {
	case record.S, record.N:
		return attribute{kind: v.Kind, text: []byte(v.Text)}
	case record.BOOL:
		if v.Bool {
			return attribute{kind: v.Kind, text: []byte("true")}
		}
		return attribute{kind: v.Kind, text: []byte("false")}
	default:
		return attribute{kind: v.Kind, more: v}
	}
}

// image finds wanted attributes in an item's DynamoDB JSON. It knows the plain form that a store of ours writes, without
// spaces and escapes, and gives up on any other, which record.ParseItem then reads.
type image struct {
	src []byte
	pos int
}

// each calls found with every attribute whose text is plain; it reports whether the whole item was.
func (m *image) each(found func(name []byte, a attribute)) bool {
	if !m.take('{') {
		return false
	}
	if m.take('}') {
		return m.pos == len(m.src)
	}
	for {
		name, ok := m.quoted()
		if !ok || !m.take(':') || !m.take('{') {
			return false
		}
		a, ok := m.value()
		if !ok || !m.take('}') {
			return false
		}
		found(name, a)
		if m.take('}') {
			return m.pos == len(m.src)
		}
		if !m.take(',') {
			return false
		}
	}
}

func (m *image) take(c byte) bool {
	if m.pos < len(m.src) && m.src[m.pos] == c {
		m.pos++
		return true
	}
	return false
}

// quoted reads a text that holds no escape.
func (m *image) quoted() ([]byte, bool) {
	if !m.take('"') {
		return nil, false
	}
	n := bytes.IndexByte(m.src[m.pos:], '"')
	if n < 0 {
		return nil, false
	}
	text := m.src[m.pos : m.pos+n]
	m.pos += n + 1
	return text, bytes.IndexByte(text, '\\') < 0
}

// value reads "<tag>":<content>.
func (m *image) value() (a attribute, ok bool) {
	from := m.pos
	tag, ok := m.quoted()
	if !ok || !m.take(':') {
		return a, false
	}
	switch string(tag) {
	case "S":
		a.kind = record.S
		a.text, ok = m.quoted()
	case "N":
		a.kind = record.N
		a.text, ok = m.quoted()
	case "BOOL":
		a.kind = record.BOOL
		a.text, ok = m.word()
	case "NULL":
		a.kind = record.NULL
		_, ok = m.word()
	default:
		return m.nested(from)
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

// nested reads a value of any other kind, which begins at from and ends before the brace that closes it.
func (m *image) nested(from int) (attribute, bool) {
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
				return wrapped(m.src[from:m.pos])
			}
			depth--
		}
		m.pos++
	}
	return attribute{}, false
}

func wrapped(content []byte) (attribute, bool) {
	text := append(append([]byte(`{"v":{`), content...), "}}"...)
	item, err := record.ParseItem(text)
	return of(item["v"]), err == nil
}
