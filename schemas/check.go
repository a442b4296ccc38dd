package schemas

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// Mode is how hard a record is judged.
type Mode uint8

// The modes. Lenient takes what the store can hold and the lake can type, and leaves the rest to be counted as data
// quality. Strict also wants every value with a code list to be in it, and every rule marked strict to hold.
const (
	Lenient Mode = iota
	Strict
)

// Check returns what is wrong with a whole record, field by field in file order: missing values, types, patterns,
// ranges, lengths and codes. NULL counts as missing. Attributes that the dataset does not declare are not looked at, nor
// are the rules over several fields, which schemas/check compiles.
func Check(d *Dataset, item record.Item, mode Mode) []fault.Field {
	c := checker{ds: d, mode: mode}
	c.fields("", d.Fields, item)
	return c.faults
}

type checker struct {
	ds     *Dataset
	mode   Mode
	faults []fault.Field
}

func (c *checker) add(path, format string, args ...any) {
	c.faults = append(c.faults, fault.Field{Name: path, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) fields(above string, fields []Field, item record.Item) {
	for i := range fields {
		f := &fields[i]
		v, ok := item[f.Name]
		if !ok || v.Kind == record.NULL || v.Kind == record.None {
			if f.Required || above == "" && (f.Name == c.ds.Key.Partition || f.Name == c.ds.Key.Sort) {
				c.add(above+f.Name, "is required")
			}
			continue
		}
		c.value(above+f.Name, f, v)
	}
}

func (c *checker) value(path string, f *Field, v record.Value) {
	switch f.Type {
	case String, Enum:
		c.text(path, f, v)
	case Int32, Int64, Decimal:
		c.number(path, f, v)
	case Boolean:
		if v.Kind != record.BOOL {
			c.add(path, "must be true or false")
		}
	case Day, Timestamp:
		c.instant(path, f, v)
	case Binary:
		if v.Kind != record.B {
			c.add(path, "must be binary, in base64")
		}
		c.length(path, f, len(v.Bytes), "bytes")
	case List, Set:
		c.elements(path, f, v)
	case Map, Object:
		c.members(path, f, v)
	}
}

func (c *checker) text(path string, f *Field, v record.Value) {
	if v.Kind != record.S {
		c.add(path, "must be a text")
		return
	}
	switch {
	case !utf8.ValidString(v.Text):
		c.add(path, "is not valid UTF-8")
	case f.Required && strings.TrimSpace(v.Text) == "":
		c.add(path, "is required, and empty")
	case f.Type == Enum && !slices.Contains(f.Codes, v.Text):
		c.add(path, "must be one of %s", strings.Join(f.Codes, ", "))
	case f.Pattern != "" && !f.matches(v.Text):
		c.add(path, "must match %s", f.Pattern)
	case f.Format == "uri" && !isURI(v.Text):
		c.add(path, "must be an address that begins with https:// or http://")
	case f.Format == "email" && !isEmail(v.Text):
		c.add(path, "must be a mail address")
	default:
		c.length(path, f, utf8.RuneCountInString(v.Text), "characters")
		c.listed(path, f, v.Text)
	}
}

func (c *checker) length(path string, f *Field, n int, unit string) {
	if n < f.MinLength {
		c.add(path, "must have at least %d %s, has %d", f.MinLength, unit, n)
	}
	if f.MaxLength > 0 && n > f.MaxLength {
		c.add(path, "must have at most %d %s, has %d", f.MaxLength, unit, n)
	}
}

// listed wants a value with a code list to be in it, in the strict mode.
func (c *checker) listed(path string, f *Field, code string) {
	if c.mode != Strict || f.CodeList == "" || f.Type == Enum {
		return
	}
	if list, ok := c.ds.Lists[f.CodeList]; ok && !list.Has(code) {
		c.add(path, "%s is not one of the %s", code, f.CodeList)
	}
}

func (c *checker) elements(path string, f *Field, v record.Value) {
	values := v.List
	switch {
	case v.Kind == record.L:
	case f.Type == Set && slices.Contains([]record.Kind{record.SS, record.NS, record.BS}, v.Kind):
		values = setValues(v)
	default:
		c.add(path, "must be a %s", f.Type)
		return
	}
	c.length(path, f, len(values), "elements")
	for i, one := range values {
		c.value(fmt.Sprintf("%s.%d", path, i+1), f.Elem, one)
	}
}

func setValues(v record.Value) []record.Value {
	out := make([]record.Value, len(v.Set))
	for i, text := range v.Set {
		switch v.Kind {
		case record.NS:
			out[i] = record.Number(text)
		case record.BS:
			out[i] = record.Value{Kind: record.B, Bytes: []byte(text)}
		default:
			out[i] = record.String(text)
		}
	}
	return out
}

func (c *checker) members(path string, f *Field, v record.Value) {
	if v.Kind != record.M {
		c.add(path, "must be an object of names and values")
		return
	}
	if f.Type == Object {
		c.fields(path+".", f.Fields, v.Map)
		return
	}
	c.length(path, f, len(v.Map), "members")
	for _, name := range v.Map.Names() {
		if one := v.Map[name]; one.Kind != record.NULL {
			c.value(path+"."+name, f.Elem, one)
		}
	}
}
