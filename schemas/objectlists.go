package schemas

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// texts is a list of texts; numbers in it are taken as they are written.
func (o *object) texts(key string) []string {
	var out []string
	for i, n := range o.sequence(key) {
		text, ok := plain(n)
		if s, scalar := n.(ast.ScalarNode); !ok && scalar && n.Type() != ast.NullType {
			text, ok = s.GetToken().Value, true
		}
		path := fmt.Sprintf("%s.%d", o.under(key), i+1)
		o.sheet.at[path] = start(n)
		if !ok {
			o.sheet.fault(path, "must be a text, is %s", kind(n))
			continue
		}
		out = append(out, text)
	}
	return out
}

// wholes is a list of whole numbers.
func (o *object) wholes(key string) []int {
	var out []int
	for i, n := range o.sequence(key) {
		v, ok := integer(n)
		if !ok {
			o.sheet.faultAt(start(n), fmt.Sprintf("%s.%d", o.under(key), i+1), "must be a whole number, is %s", kind(n))
			continue
		}
		out = append(out, int(v))
	}
	return out
}

// one is the mapping under key; nil where the key is absent or something else.
func (o *object) one(key string) *object {
	n, ok := o.take(key)
	if !ok {
		return nil
	}
	return o.sheet.object(o.under(key), n)
}

// many is a list of mappings. Each is known by its member `by` in paths, or by its place where it has none.
func (o *object) many(key, by string) []*object {
	var out []*object
	for i, n := range o.sequence(key) {
		path := fmt.Sprintf("%s.%d", o.under(key), i+1)
		if name := member(n, by); name != "" {
			if _, taken := o.sheet.at[o.under(key)+"."+name]; !taken {
				path = o.under(key) + "." + name
			}
		}
		if one := o.sheet.object(path, n); one != nil {
			out = append(out, one)
		}
	}
	return out
}

func (o *object) sequence(key string) []ast.Node {
	n, ok := o.take(key)
	if !ok {
		return nil
	}
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		o.wrong(key, n, "a list")
		return nil
	}
	return s.Values
}
