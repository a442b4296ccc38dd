// Package record holds what travels: an item in DynamoDB's data model and a change of one, with its image before and
// after. It knows the model's JSON form and nothing of stores, schemas or files.
package record

import (
	"maps"
	"slices"
)

// Kind is the type of a Value, one of DynamoDB's ten.
type Kind uint8

// The kinds, named as DynamoDB JSON tags them.
const (
	None Kind = iota // no value; only the zero Value has it
	S                // text
	N                // a number as text, at most 38 significant digits
	B                // bytes, base64 in JSON
	BOOL
	NULL
	M  // a map of names to values
	L  // a list of values
	SS // a set of texts
	NS // a set of numbers
	BS // a set of bytes
)

var tags = [...]string{"", "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}

// String returns the kind's tag in DynamoDB JSON.
func (k Kind) String() string { return tags[k] }

// Value is one attribute value. Only the member of its kind is set; a value is never changed once shared.
type Value struct {
	Kind  Kind
	Text  string   // S and N
	Bytes []byte   // B
	Bool  bool     // BOOL
	Map   Item     // M
	List  []Value  // L
	Set   []string // SS, NS, and BS as raw bytes; in the order given, without repeats
}

// Item is a record's attributes by name.
type Item map[string]Value

// String returns a text value.
func String(s string) Value { return Value{Kind: S, Text: s} }

// Number returns a number from its text, which must be one that DynamoDB accepts.
func Number(text string) Value { return Value{Kind: N, Text: text} }

// Bool returns a boolean value.
func Bool(b bool) Value { return Value{Kind: BOOL, Bool: b} }

// Null returns the null value.
func Null() Value { return Value{Kind: NULL} }

// Names returns the item's attribute names, sorted.
func (i Item) Names() []string { return slices.Sorted(maps.Keys(i)) }

// Clone returns a copy whose attributes may be set without changing i. Values are shared.
func (i Item) Clone() Item { return maps.Clone(i) }

// Equal reports whether two values are the same, sets in any order. Numbers are compared as text.
func (v Value) Equal(w Value) bool {
	if v.Kind != w.Kind {
		return false
	}
	switch v.Kind {
	case S, N:
		return v.Text == w.Text
	case B:
		return slices.Equal(v.Bytes, w.Bytes)
	case BOOL:
		return v.Bool == w.Bool
	case M:
		return v.Map.Equal(w.Map)
	case L:
		return slices.EqualFunc(v.List, w.List, Value.Equal)
	case SS, NS, BS:
		return slices.Equal(slices.Sorted(slices.Values(v.Set)), slices.Sorted(slices.Values(w.Set)))
	default:
		return true
	}
}

// Equal reports whether two items have the same attributes with equal values.
func (i Item) Equal(j Item) bool { return maps.EqualFunc(i, j, Value.Equal) }
