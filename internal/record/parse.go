package record

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ParseItem reads an item from DynamoDB JSON, the inverse of AppendItem. It is strict: a duplicate key, text that is not
// UTF-8, an unknown type tag, a value that does not fit its tag, a number beyond DynamoDB's limits, an empty set,
// nesting deeper than MaxDepth and anything after the item are Invalid, with the path of the place. It keeps no
// reference to data.
func ParseItem(data []byte) (Item, error) {
	p := parser{jsontext.NewDecoder(bytes.NewBuffer(data))}
	const attribute = 32 // bytes that one takes at least, as a rule
	item, s := p.item(0, min(len(data)/attribute, 64))
	if s == nil {
		if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
			s = wrong("something follows the item")
		}
	}
	if s != nil {
		return nil, s.fault()
	}
	return item, nil
}

type parser struct{ dec *jsontext.Decoder }

// item reads {"name":<value>,…}. Depth counts the maps and lists around it; room is how many attributes are expected.
func (p parser) item(depth, room int) (Item, *spot) {
	if depth > MaxDepth {
		return nil, tooDeep()
	}
	if s := p.open('{', "an object of attributes"); s != nil {
		return nil, s
	}
	item := make(Item, room)
	for p.dec.PeekKind() != '}' {
		name, s := p.text("a name")
		if s != nil {
			return nil, s
		}
		v, s := p.value(depth)
		if s != nil {
			return nil, s.under(name)
		}
		item[name] = v
	}
	return item, p.close()
}

// value reads {"<tag>":<content>}.
func (p parser) value(depth int) (Value, *spot) {
	if s := p.open('{', `a value such as {"S":"text"}`); s != nil {
		return Value{}, s
	}
	if p.dec.PeekKind() == '}' {
		return Value{}, wrong("the value is empty")
	}
	tag, s := p.text("a type tag")
	if s != nil {
		return Value{}, s
	}
	v, s := p.content(tag, depth)
	if s != nil {
		return Value{}, s
	}
	if p.dec.PeekKind() == '"' {
		return Value{}, wrong("the value has more than one type")
	}
	return v, p.close()
}

func (p parser) content(tag string, depth int) (v Value, s *spot) {
	switch tag {
	case "S":
		v.Kind = S
		v.Text, s = p.text("a text")
	case "N":
		v.Kind = N
		v.Text, s = p.number()
	case "B":
		v.Kind = B
		v.Bytes, s = p.base64()
	case "BOOL":
		v.Kind = BOOL
		v.Bool, s = p.bool()
	case "NULL":
		v.Kind = NULL
		if set, bad := p.bool(); bad != nil {
			s = bad
		} else if !set {
			s = wrong("NULL is always true")
		}
	case "M":
		v.Kind = M
		v.Map, s = p.item(depth+1, 0)
	case "L":
		v.Kind = L
		v.List, s = p.list(depth + 1)
	case "SS", "NS", "BS":
		v.Kind = map[string]Kind{"SS": SS, "NS": NS, "BS": BS}[tag]
		if v.Set, s = p.set(v.Kind); s == nil {
			s = v.checkSet()
		}
	default:
		s = wrong("unknown type tag " + quoteShort(tag))
	}
	return v, s
}

func (p parser) list(depth int) ([]Value, *spot) {
	if depth > MaxDepth {
		return nil, tooDeep()
	}
	if s := p.open('[', "a list of values"); s != nil {
		return nil, s
	}
	list := []Value{}
	for p.dec.PeekKind() != ']' {
		v, s := p.value(depth)
		if s != nil {
			return nil, s.underIndex(len(list))
		}
		list = append(list, v)
	}
	return list, p.close()
}

func (p parser) set(kind Kind) ([]string, *spot) {
	if s := p.open('[', "a set"); s != nil {
		return nil, s
	}
	var set []string
	for p.dec.PeekKind() != ']' {
		var e string
		var s *spot
		switch kind {
		case BS:
			var b []byte
			b, s = p.base64()
			e = string(b)
		case NS:
			e, s = p.number()
		default:
			e, s = p.text("a text")
		}
		if s != nil {
			return nil, s.underIndex(len(set))
		}
		set = append(set, e)
	}
	return set, p.close()
}

func (p parser) number() (string, *spot) {
	text, s := p.text("a number in quotes")
	if s != nil {
		return "", s
	}
	return text, checkNumber(text)
}

func (p parser) base64() ([]byte, *spot) {
	text, s := p.text("bytes as base64")
	if s != nil {
		return nil, s
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, wrong("the bytes are not base64")
	}
	return b, nil
}

func (p parser) text(want string) (string, *spot) {
	t, err := p.dec.ReadToken()
	if err != nil {
		return "", broken(err)
	}
	if t.Kind() != '"' {
		return "", wrong("want " + want)
	}
	return t.String(), nil
}

func (p parser) bool() (bool, *spot) {
	t, err := p.dec.ReadToken()
	if err != nil {
		return false, broken(err)
	}
	if k := t.Kind(); k != 't' && k != 'f' {
		return false, wrong("want true or false")
	}
	return t.Bool(), nil
}

func (p parser) open(kind jsontext.Kind, want string) *spot {
	t, err := p.dec.ReadToken()
	if err != nil {
		return broken(err)
	}
	if t.Kind() != kind {
		return wrong("want " + want)
	}
	return nil
}

// close reads the end of an object or list, where the peeked kind says that it is there.
func (p parser) close() *spot {
	if _, err := p.dec.ReadToken(); err != nil {
		return broken(err)
	}
	return nil
}

// broken says what the JSON reader found, without its own path: ours leaves out the type tags.
func broken(err error) *spot {
	var bad *jsontext.SyntacticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return wrong("a key is repeated")
	case errors.As(err, &bad):
		return wrong("bad JSON: " + bad.Err.Error())
	default:
		return wrong("bad JSON: " + err.Error())
	}
}
