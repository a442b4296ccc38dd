package decode

import (
	"bytes"
	"slices"
)

// Limits of nesting: DynamoDB's own for the values inside an attribute, and that of an event's JSON, which is deep
// enough for every such value.
const (
	maxDepth     = 32
	maxJSONDepth = 80
)

// reader reads JSON strictly: what it accepts is valid UTF-8, has no member twice in one object and follows the grammar
// to the letter. It never changes src. Its methods report success; the first failure is kept in why and bad.
type reader struct {
	src   []byte
	pos   int
	why   string   // reason of the failure
	bad   int      // its offset in src
	names [][]byte // names of the objects that are open, unescaped
	text  []byte   // unescaped strings
	blob  []byte   // decoded binaries
	nodes []node   // nested values
	below []int32  // nodes that are being compared, level upon level
}

// span is a string's content in src.
type span struct {
	from, to int32
	escaped  bool
}

func (r *reader) reset(src []byte) {
	r.src, r.pos, r.why = src, 0, ""
	r.forget()
}

// forget drops what was kept of earlier values.
func (r *reader) forget() {
	r.names, r.text, r.blob, r.nodes = r.names[:0], r.text[:0], r.blob[:0], r.nodes[:0]
}

// fail notes the first failure and returns false.
func (r *reader) fail(at int, why string) bool {
	if r.why == "" {
		r.why, r.bad = why, at
	}
	return false
}

// space skips white space.
func (r *reader) space() {
	for r.pos < len(r.src) && r.src[r.pos] <= ' ' {
		switch r.src[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// peek skips white space and returns the next byte, or 0 at the end.
func (r *reader) peek() byte {
	if r.pos < len(r.src) && r.src[r.pos] > ' ' {
		return r.src[r.pos]
	}
	r.space()
	if r.pos < len(r.src) {
		return r.src[r.pos]
	}
	return 0
}

// take consumes c after white space.
func (r *reader) take(c byte) bool {
	if r.peek() != c {
		return r.unexpected(string(rune(c)))
	}
	r.pos++
	return true
}

func (r *reader) unexpected(want string) bool {
	if r.pos >= len(r.src) {
		return r.fail(r.pos, "it ends where "+want+" should stand")
	}
	return r.fail(r.pos, "there is no "+want)
}

// more reports whether another member or element follows, and consumes the comma or the closing byte. first says that
// none was read yet.
func (r *reader) more(first bool, closing byte) (another, ok bool) {
	switch c := r.peek(); {
	case c == closing:
		r.pos++
		return false, true
	case first:
		return true, true
	case c == ',':
		r.pos++
		return true, true
	}
	return false, r.unexpected("comma or " + string(rune(closing)))
}

// name reads a member's name and its colon, and keeps the name for distinct.
func (r *reader) name() (name []byte, s span, ok bool) {
	if s, ok = r.string_(); !ok {
		return nil, s, false
	}
	if !r.take(':') {
		return nil, s, false
	}
	name = r.bytes(s)
	r.names = append(r.names, name)
	return name, s, true
}

const twice = "an object has a member twice"

// distinct checks that the names since mark differ, and forgets them.
func (r *reader) distinct(mark, at int, why string) bool {
	ok := true
	if names := r.names[mark:]; len(names) <= 12 {
		for i, n := range names {
			for _, m := range names[:i] {
				if len(n) == len(m) && string(n) == string(m) {
					ok = false
				}
			}
		}
	} else {
		slices.SortFunc(names, bytes.Compare)
		for i, n := range names[1:] {
			ok = ok && !bytes.Equal(n, names[i])
		}
	}
	r.names = r.names[:mark]
	if !ok {
		return r.fail(at, why)
	}
	return true
}
