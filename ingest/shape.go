package ingest

import (
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// Shape is a kind of JSON object compiled for reading and writing. It is safe for concurrent use.
type Shape struct {
	ds     *schemas.Dataset // what schemas.Check holds an object against
	fields []*field
	byName map[string]*field // by the name in quotes, as it stands in JSON
	times  []*field          // those whose text has more than one way to be written
}

// field is one declared field, compiled.
type field struct {
	*schemas.Field
	label   string // the name in quotes and a colon, as it stands in JSON
	stored  record.Kind
	elem    *field
	members *Shape
}

// NewShape compiles the fields of an object that messages call name.
func NewShape(name string, fields []schemas.Field) *Shape {
	return newShape(&schemas.Dataset{Name: name, Fields: fields})
}

func newShape(ds *schemas.Dataset) *Shape {
	s := &Shape{ds: ds, byName: make(map[string]*field, len(ds.Fields))}
	for i := range ds.Fields {
		f := newField(&ds.Fields[i])
		s.fields = append(s.fields, f)
		s.byName[f.label[:len(f.label)-1]] = f
		if f.timed() {
			s.times = append(s.times, f)
		}
	}
	return s
}

func newField(declared *schemas.Field) *field {
	f := &field{Field: declared, label: string(appendText(nil, declared.Name)) + ":"}
	if declared.Elem != nil {
		f.elem = newField(declared.Elem)
	}
	if declared.Type == schemas.Object {
		f.members = NewShape(declared.Name, declared.Fields)
	}
	f.stored = f.Stored()
	return f
}

// Check returns what is wrong with an object as a whole, by schemas.Check, and writes its times in their one form.
func (s *Shape) Check(item record.Item, mode schemas.Mode) []fault.Field {
	faults := schemas.Check(s.ds, item, mode)
	if len(faults) == 0 {
		for _, f := range s.times {
			if v, ok := item[f.Name]; ok {
				item[f.Name] = f.settle(v)
			}
		}
	}
	return faults
}

// Field returns the declared field of that name and whether there is one.
func (s *Shape) Field(name string) (*schemas.Field, bool) {
	if f := s.named(name); f != nil {
		return f.Field, true
	}
	return nil, false
}

// named returns the field of that name, or nil.
func (s *Shape) named(name string) *field {
	for _, f := range s.fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// timed reports whether the field is, or holds, a day or a time written as text.
func (f *field) timed() bool {
	switch {
	case f.elem != nil:
		return f.elem.timed()
	case f.members != nil:
		return len(f.members.times) > 0
	default:
		return f.Type == schemas.Day || f.Type == schemas.Timestamp && !f.Epoch()
	}
}

// wanted says in words what the field takes.
func (f *field) wanted() string {
	switch f.stored {
	case record.N:
		return "a number"
	case record.BOOL:
		return "true or false"
	case record.B:
		return "base64 text"
	case record.M:
		return "an object"
	case record.S:
		return "text"
	default:
		return "an array"
	}
}
