package ingest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
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

func (r *reader) notObject(k jsontext.Kind) error {
	if k == 0 {
		if _, err := r.dec.ReadToken(); err != nil && !errors.Is(err, io.EOF) {
			return r.broken(err)
		}
		return malformed("", "is empty; send one JSON object")
	}
	return malformed("", "must be one JSON object, not %s", called(k))
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

// value reads a value of the field; false: it was bad, and said so.
func (r *reader) value(f *field, path string) (record.Value, bool) {
	k := r.dec.PeekKind()
	if k == 'n' {
		r.skip()
		return record.Null(), r.err == nil
	}
	switch f.stored {
	case record.S:
		return r.text(f, path, k)
	case record.N:
		return r.number(f, path, k)
	case record.BOOL:
		return r.boolean(f, path, k)
	case record.B:
		return r.binary(f, path, k)
	case record.M:
		return r.nested(f, path, k)
	default:
		return r.list(f, path, k)
	}
}

func (r *reader) text(f *field, path string, k jsontext.Kind) (record.Value, bool) {
	raw, ok := r.raw(f, path, k, '"')
	if !ok {
		return record.Value{}, false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return record.String(string(raw[1 : len(raw)-1])), true
	}
	text, _ := jsontext.AppendUnquote(nil, raw)
	return record.String(string(text)), true
}

func (r *reader) number(f *field, path string, k jsontext.Kind) (record.Value, bool) {
	raw, ok := r.raw(f, path, k, '0')
	if !ok {
		return record.Value{}, false
	}
	text, why := canonical(raw)
	if why != "" {
		r.fault(path+f.Name, why)
		return record.Value{}, false
	}
	return record.Number(text), true
}

func (r *reader) boolean(f *field, path string, k jsontext.Kind) (record.Value, bool) {
	if k != 't' && k != 'f' {
		r.unfit(f, path, k)
		return record.Value{}, false
	}
	return record.Bool(k == 't'), r.token()
}

func (r *reader) binary(f *field, path string, k jsontext.Kind) (record.Value, bool) {
	v, ok := r.text(f, path, k)
	if !ok {
		return v, false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(v.Text)
	if err != nil {
		r.fault(path+f.Name, "must be base64 text in the standard alphabet, padded")
		return v, false
	}
	return record.Value{Kind: record.B, Bytes: raw}, true
}

func (r *reader) nested(f *field, path string, k jsontext.Kind) (record.Value, bool) {
	if k != '{' {
		r.unfit(f, path, k)
		return record.Value{}, false
	}
	item := record.Item{}
	if f.Type == schemas.Object {
		r.object(f.members, item, path+f.Name+".")
		return record.Value{Kind: record.M, Map: item}, r.err == nil
	}
	r.token()
	for r.err == nil && r.dec.PeekKind() != '}' {
		raw, err := r.dec.ReadValue()
		if err != nil {
			r.fail(err)
			break
		}
		name, _ := jsontext.AppendUnquote(nil, raw)
		if v, ok := r.element(f, path, clip(string(name))); ok {
			item[string(name)] = v
		}
	}
	r.token()
	return record.Value{Kind: record.M, Map: item}, r.err == nil
}

// element reads a value that a list, set or map holds, known as the field's name and where it stands in it.
func (r *reader) element(f *field, path, place string) (record.Value, bool) {
	named := *f.elem
	declared := *f.elem.Field
	declared.Name = f.Name + "." + place
	named.Field = &declared
	return r.value(&named, path)
}

func (r *reader) list(f *field, path string, k jsontext.Kind) (record.Value, bool) {
	if k != '[' {
		r.unfit(f, path, k)
		return record.Value{}, false
	}
	r.token()
	good, list := true, []record.Value{}
	for i := 0; r.err == nil && r.dec.PeekKind() != ']'; i++ {
		v, ok := r.element(f, path, strconv.Itoa(i+1))
		if ok && v.Kind == record.NULL {
			r.fault(path+f.Name+"."+strconv.Itoa(i+1), "must be "+f.elem.wanted()+", not null")
			ok = false
		}
		good = good && ok
		list = append(list, v)
	}
	r.token()
	if !good || r.err != nil {
		return record.Value{}, false
	}
	v, why := f.gather(list)
	if why != "" {
		r.fault(path+f.Name, why)
	}
	return v, why == ""
}

// gather makes the stored value of a list's or set's elements.
func (f *field) gather(list []record.Value) (record.Value, string) {
	if f.Type == schemas.List {
		return record.Value{Kind: record.L, List: list}, ""
	}
	for i, v := range list {
		for _, w := range list[:i] {
			if v.Equal(w) {
				return record.Value{}, "must not hold the same value twice"
			}
		}
	}
	kind := f.setKind()
	if len(list) == 0 || kind == record.L { // the store knows no empty set
		return record.Value{Kind: record.L, List: list}, ""
	}
	set := record.Value{Kind: kind}
	for _, v := range list {
		if kind == record.BS {
			set.Set = append(set.Set, string(v.Bytes))
			continue
		}
		set.Set = append(set.Set, v.Text)
	}
	return set, ""
}

// raw reads a value of the kind that the field wants, without a copy: it is good until the next read.
func (r *reader) raw(f *field, path string, k, want jsontext.Kind) (jsontext.Value, bool) {
	if k != want {
		r.unfit(f, path, k)
		return nil, false
	}
	raw, err := r.dec.ReadValue()
	if err != nil {
		r.fail(err)
		return nil, false
	}
	return raw, true
}

func (r *reader) unfit(f *field, path string, k jsontext.Kind) {
	if k != 0 {
		r.fault(path+f.Name, "must be "+f.wanted()+", not "+called(k))
	}
	r.skip()
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

// broken says where the JSON is malformed and why.
func (r *reader) broken(err error) error {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return malformed("", "breaks off at byte %d", r.dec.InputOffset())
	}
	path := dotted(syntax.JSONPointer)
	if path == "" {
		path = r.last
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return malformed(path, "is named twice in one object")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return malformed(path, "breaks off at byte %d", syntax.ByteOffset)
	case syntax.Err != nil && strings.Contains(syntax.Err.Error(), "UTF-8"):
		return malformed(path, "is not valid UTF-8 at byte %d", syntax.ByteOffset)
	default:
		return malformed(path, "is not JSON at byte %d", syntax.ByteOffset)
	}
}

// malformed is the error of a body that is not JSON, at the field where that shows.
func malformed(path, format string, args ...any) error {
	e := fault.New(fault.Invalid, format, args...)
	if path == "" {
		path = "body"
	}
	e.Fields = []fault.Field{{Name: path, Message: e.Message}}
	e.Message = "the body cannot be read: " + path + " " + e.Message
	return e
}

func dotted(p jsontext.Pointer) string {
	var parts []string
	for t := range p.Tokens() {
		parts = append(parts, clip(t))
		if len(parts) == 8 { // deep nonsense is named by where it begins
			break
		}
	}
	return strings.Join(parts, ".")
}

// clip keeps a stranger's name from filling an answer.
func clip(s string) string {
	const longest = 64
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}

func called(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	case '"':
		return "text"
	case '0':
		return "a number"
	case '{':
		return "an object"
	default:
		return "an array"
	}
}
