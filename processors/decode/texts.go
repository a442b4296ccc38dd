package decode

import (
	"encoding/binary"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

const (
	inColumn  = -1 // instead of a node: the value stands in its column already
	manyTexts = 12 // of a map; more are checked for doubles in another way
	tagBytes  = 6  // {"S":" and its like
)

// ofTexts reports whether the field is a list or a map of texts.
func (f *field) ofTexts() bool {
	return f.elem != nil && f.elem.class == text && f.elem.Privacy.Rule == "" && (f.Type == schemas.List || f.Type == schemas.Map)
}

// texts reads a list or a map of texts straight into its columns and returns where it ends, or 0 where another look has to
// be taken; then nothing has been added.
func (d *Decoder) texts(t *step, s *slot, at int) (end int) {
	n := t.node
	if n == nil || !d.tagged(at, n.Column.Key != nil) {
		return 0
	}
	src := d.reader.src
	switch first := at + tagBytes; {
	case src[first] == ']' || src[first] == '}':
		n.AppendNull(0, n.Def)
		end = first + 1
	case n.Column.Key != nil:
		end = d.textMap(n, first)
	default:
		end = d.textList(n.Kids[0].Leaves[0], first)
	}
	if end > 0 && end < len(src) && src[end] == '}' {
		s.state, s.node = present, inColumn
		return end + 1
	}
	for _, l := range n.Leaves {
		l.TakeBack()
	}
	return 0
}

// tagged reports whether the tag of a list, or of a map, stands there, with its opening bracket and what may follow that.
func (d *Decoder) tagged(at int, isMap bool) bool {
	const list, keyed = `{"L":[`, `{"M":{`
	b := d.reader.src[at:]
	if len(b) <= tagBytes {
		return false
	}
	if isMap {
		return string(b[:tagBytes]) == keyed && b[tagBytes] != ']'
	}
	return string(b[:tagBytes]) == list && b[tagBytes] != '}'
}

// textAt reads {"S":"…"} and returns where it ends.
func (r *reader) textAt(at int) (s span, end int) {
	const mask, tag = 1<<48 - 1, '{' | '"'<<8 | 'S'<<16 | '"'<<24 | ':'<<32 | '"'<<40
	if b := r.src[at:]; len(b) < 8 || binary.LittleEndian.Uint64(b)&mask != tag {
		return s, 0
	}
	s, ok := r.upTo(at + tagBytes)
	if end = int(s.to) + 1; !ok || end >= len(r.src) || r.src[end] != '}' {
		return s, 0
	}
	return s, end + 1
}

// addText is textAt, and adds the text to a column.
func (r *reader) addText(l *columns.Leaf, at int) (end int) {
	const mask, tag = 1<<48 - 1, '{' | '"'<<8 | 'S'<<16 | '"'<<24 | ':'<<32 | '"'<<40
	if len(r.src)-at >= window {
		w := (*[window]byte)(r.src[at:])
		if binary.LittleEndian.Uint64(w[:])&mask != tag {
			return 0
		}
		if end = moveText(l, w, tagBytes, '}'); end > 0 {
			return at + end + 2
		}
	}
	s, end := r.textAt(at)
	if end > 0 {
		r.appendTo(l, s)
	}
	return end
}

func (d *Decoder) textList(l *columns.Leaf, at int) (end int) {
	r := &d.reader
	for first := true; ; first = false {
		end := r.addText(l, at)
		if end == 0 || end >= len(r.src) {
			return 0
		}
		if !first {
			l.Repeat()
		}
		switch r.src[end] {
		case ',':
			at = end + 1
		case ']':
			return end + 1
		default:
			return 0
		}
	}
}

func (d *Decoder) textMap(n *columns.Node, at int) (end int) {
	r, key, value := &d.reader, n.Kids[0].Leaves[0], n.Kids[1].Leaves[0]
	mark := key.Len()
	for i := range manyTexts {
		if r.src[at] != '"' {
			return 0
		}
		colon := 0
		if len(r.src)-at >= window {
			colon = moveText(key, (*[window]byte)(r.src[at:]), 1, ':')
		}
		if colon > 0 {
			colon += at + 1
		} else {
			name, ok := r.upTo(at + 1)
			if colon = int(name.to) + 1; !ok || colon >= len(r.src) || r.src[colon] != ':' {
				return 0
			}
			r.appendTo(key, name)
		}
		end := r.addText(value, colon+1)
		if end == 0 || end+1 >= len(r.src) {
			return 0
		}
		if i > 0 {
			key.Repeat()
			value.Repeat()
		}
		for k := mark; k < mark+i; k++ {
			if string(key.Value(k)) == string(key.Value(mark+i)) {
				return 0
			}
		}
		switch r.src[end] {
		case ',':
			at = end + 1
		case '}':
			return end + 1
		default:
			return 0
		}
	}
	return 0
}
