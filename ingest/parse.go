package ingest

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// maxFaults is how many bad fields one answer names.
const maxFaults = 100

// Parse reads one JSON object by the shape. The faults are the fields that could not be read as what they are declared
// to be, and those that are not declared. The error is Invalid where the body is not one well-formed JSON object: no
// repeated name, valid UTF-8, nothing after it. A null stands as NULL in the item, at any depth of objects.
func (s *Shape) Parse(body []byte) (record.Item, []fault.Field, error) {
	r := readers.Get().(*reader)
	defer r.free()
	*r.buf = *bytes.NewBuffer(body)
	r.dec.Reset(r.buf)
	r.faults, r.last, r.err = nil, "", nil
	if k := r.dec.PeekKind(); k != '{' {
		return nil, nil, r.notObject(k)
	}
	item := make(record.Item, len(s.fields))
	r.object(s, item, "")
	if r.err == nil {
		if _, err := r.dec.ReadToken(); err == nil || !errors.Is(err, io.EOF) {
			r.err = malformed("", "has something after its end at byte %d", r.dec.InputOffset())
		}
	}
	if r.err != nil {
		return nil, nil, r.err
	}
	return item, r.faults, nil
}

// reader is a pass over one body. It is reused: decoding must not allocate what it can keep.
type reader struct {
	dec    *jsontext.Decoder
	buf    *bytes.Buffer
	faults []fault.Field
	last   string // the field read last, where malformed JSON is looked for
	err    error  // what ended the reading
}

var readers = sync.Pool{New: func() any {
	buf := new(bytes.Buffer)
	return &reader{buf: buf, dec: jsontext.NewDecoder(buf)}
}}

func (r *reader) free() {
	*r.buf = bytes.Buffer{}
	r.faults = nil
	readers.Put(r)
}

// object reads members into item up to the closing brace.
func (r *reader) object(s *Shape, item record.Item, path string) {
	if !r.token() {
		return
	}
	for r.err == nil && r.dec.PeekKind() != '}' {
		f, name := r.name(s)
		if r.err != nil {
			return
		}
		if r.last = path + name; f != nil {
			r.last = path + f.Name
		}
		if f == nil {
			r.fault(path+name, "is not a field of "+s.ds.Name)
			r.skip()
			continue
		}
		if v, ok := r.value(f, path); ok {
			item[f.Name] = v
		}
	}
	r.token()
}

// name reads a member's name: the field it names, or the name where there is none.
func (r *reader) name(s *Shape) (*field, string) {
	raw, err := r.dec.ReadValue()
	if err != nil {
		r.fail(err)
		return nil, ""
	}
	if f, ok := s.byName[string(raw)]; ok {
		return f, ""
	}
	text, _ := jsontext.AppendUnquote(nil, raw)
	return s.named(string(text)), clip(string(text))
}

func (r *reader) token() bool {
	_, err := r.dec.ReadToken()
	r.fail(err)
	return r.err == nil
}

func (r *reader) skip() { r.fail(r.dec.SkipValue()) }

func (r *reader) fault(name, message string) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, fault.Field{Name: name, Message: message})
	}
}

func (r *reader) fail(err error) {
	if err != nil && r.err == nil {
		r.err = r.broken(err)
	}
}
