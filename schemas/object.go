package schemas

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

const maxDepth = 16 // of objects inside objects

// object is one YAML mapping while it is read. Each accessor asks for a key; done reports the keys nobody asked for.
// Accessors report what is wrong to the sheet and return the zero value.
type object struct {
	sheet   *sheet
	path    string
	members map[string]ast.Node
	keys    []string
	asked   []string
}

// object returns the mapping under path, or nil, reported, when the node is something else.
func (s *sheet) object(path string, n ast.Node) *object {
	m, ok := n.(ast.MapNode)
	if !ok || strings.Count(path, ".") > maxDepth {
		s.faultAt(start(n), path, "must be a mapping of keys to values, is %s", kind(n))
		return nil
	}
	o := &object{sheet: s, path: path, members: map[string]ast.Node{}}
	if _, ok := s.at[path]; !ok {
		s.at[path] = start(n)
	}
	for it := m.MapRange(); it.Next(); {
		key := it.Key().String()
		if text, ok := it.Key().(*ast.StringNode); ok {
			key = text.Value
		}
		if _, twice := o.members[key]; twice {
			s.faultAt(place(it.Key().GetToken()), o.under(key), "is given twice; keep one")
			continue
		}
		o.members[key] = it.Value()
		o.keys = append(o.keys, key)
		s.at[o.under(key)] = place(it.Key().GetToken())
	}
	return o
}

func (o *object) under(key string) string {
	if o.path == "" {
		return key
	}
	return o.path + "." + key
}

// take returns the key's node and whether it has a value.
func (o *object) take(key string) (ast.Node, bool) {
	if !slices.Contains(o.asked, key) {
		o.asked = append(o.asked, key)
	}
	n, ok := o.members[key]
	if !ok || n == nil || n.Type() == ast.NullType {
		return nil, false
	}
	return n, true
}

func (o *object) wrong(key string, n ast.Node, want string) {
	o.sheet.faultAt(start(n), o.under(key), "must be %s, is %s", want, kind(n))
}

func (o *object) text(key string) string {
	n, ok := o.take(key)
	if !ok {
		return ""
	}
	text, ok := plain(n)
	if !ok {
		o.wrong(key, n, "a text")
	}
	return strings.TrimSpace(text)
}

// need is text that may not be missing or empty.
func (o *object) need(key string) string {
	text := o.text(key)
	if text == "" && !o.reported(key) {
		o.sheet.fault(o.under(key), "is missing; give a text")
	}
	return text
}

// choice is text that is one of the values; the first is meant where the key is absent.
func (o *object) choice(key string, values ...string) string {
	text := o.text(key)
	if text == "" {
		return values[0]
	}
	if !slices.Contains(values, text) {
		named := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
		o.sheet.fault(o.under(key), "%q is not one of %s%s", text, strings.Join(named, ", "), meant(text, named))
		return values[0]
	}
	return text
}

func (o *object) flag(key string) bool {
	n, ok := o.take(key)
	if !ok {
		return false
	}
	b, ok := n.(*ast.BoolNode)
	if !ok {
		o.wrong(key, n, "true or false")
		return false
	}
	return b.Value
}

// whole is a whole number from low to high; 0 where the key is absent.
func (o *object) whole(key string, low, high int64) int64 {
	n, ok := o.take(key)
	if !ok {
		return 0
	}
	v, ok := integer(n)
	if !ok {
		o.wrong(key, n, "a whole number")
		return 0
	}
	if v < low || v > high {
		o.sheet.fault(o.under(key), "must be from %d to %d, is %d", low, high, v)
		return 0
	}
	return v
}

func (o *object) number(key string) *float64 {
	n, ok := o.take(key)
	if !ok {
		return nil
	}
	if v, ok := integer(n); ok {
		f := float64(v)
		return &f
	}
	if f, ok := n.(*ast.FloatNode); ok {
		return &f.Value
	}
	o.wrong(key, n, "a number")
	return nil
}

// scalar is a text, a whole number (int64) or a truth value; nil where the key is absent.
func (o *object) scalar(key string) any {
	n, ok := o.take(key)
	if !ok {
		return nil
	}
	if v, ok := integer(n); ok {
		return v
	}
	if b, ok := n.(*ast.BoolNode); ok {
		return b.Value
	}
	if text, ok := plain(n); ok {
		return text
	}
	o.wrong(key, n, "a text, a whole number, true or false")
	return nil
}

// reported says whether something was already said about the key.
func (o *object) reported(key string) bool {
	return slices.ContainsFunc(o.sheet.faults, func(f Fault) bool { return f.Field == o.under(key) })
}

// done reports the keys that nobody asked for.
func (o *object) done() {
	for _, key := range o.keys {
		if !slices.Contains(o.asked, key) {
			o.sheet.fault(o.under(key), "is not a key of this place%s", meant(key, o.asked))
		}
	}
}
