package record

import (
	"errors"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/tarn-lake/tarn/internal/fault"
)

// MaxDepth is how deep lists and maps may be nested.
const MaxDepth = 32

// Check reports what keeps the item from being stored: text that is not UTF-8, a number that is none, an empty set or a
// repeated member of one, nesting deeper than MaxDepth. The error is Invalid and names the place by its path.
func (i Item) Check() error { return i.check(0).fault() }

// spot is a fault found deep in an item. The path is put together on the way out.
type spot struct{ path, why string }

func (s *spot) fault() error {
	if s == nil {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Message: s.path + ": " + s.why, Fields: []fault.Field{{Name: s.path, Message: s.why}}}
}

// under puts a name or an index before the path.
func (s *spot) under(step string) *spot {
	switch {
	case s == nil:
		return nil
	case s.path == "" || s.path[0] == '[':
		s.path = step + s.path
	default:
		s.path = step + "." + s.path
	}
	return s
}

func (s *spot) underIndex(i int) *spot { return s.under("[" + strconv.Itoa(i) + "]") }

func wrong(why string) *spot { return &spot{why: why} }

func (i Item) check(depth int) *spot {
	if depth > MaxDepth {
		return tooDeep()
	}
	for name, v := range i {
		if !utf8.ValidString(name) {
			return wrong("the name is not UTF-8").under(strconv.Quote(name))
		}
		if s := v.check(depth); s != nil {
			return s.under(name)
		}
	}
	return nil
}

func (v Value) check(depth int) *spot {
	switch v.Kind {
	case S:
		return checkText(v.Text)
	case N:
		return checkNumber(v.Text)
	case B, BOOL, NULL:
		return nil
	case M:
		return v.Map.check(depth + 1)
	case L:
		if depth+1 > MaxDepth {
			return tooDeep()
		}
		for i, e := range v.List {
			if s := e.check(depth + 1); s != nil {
				return s.underIndex(i)
			}
		}
		return nil
	case SS, NS, BS:
		return v.checkSet()
	default:
		return wrong("there is no value; leave the attribute out or store null")
	}
}

func (v Value) checkSet() *spot {
	if len(v.Set) == 0 {
		return wrong("a set must not be empty; leave the attribute out")
	}
	for i, e := range v.Set {
		var s *spot
		switch v.Kind {
		case SS:
			s = checkText(e)
		case NS:
			s = checkNumber(e)
		}
		if s != nil {
			return s.underIndex(i)
		}
	}
	sorted := slices.Sorted(slices.Values(v.Set))
	if len(slices.Compact(sorted)) != len(v.Set) {
		return wrong("a member of the set is repeated")
	}
	return nil
}

func checkText(text string) *spot {
	if !utf8.ValidString(text) {
		return wrong("the text is not UTF-8")
	}
	return nil
}

func checkNumber(text string) *spot {
	if len(text) < 16 && digits(text) {
		return nil
	}
	if _, err := ParseDecimal(text); err != nil {
		return wrong(message(err))
	}
	return nil
}

func tooDeep() *spot {
	return wrong("nested deeper than " + strconv.Itoa(MaxDepth) + " levels")
}

// message is what a fault says to the user.
func message(err error) string {
	if e := (*fault.Error)(nil); errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}
