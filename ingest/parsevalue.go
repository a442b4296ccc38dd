package ingest

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

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
	kind := f.Stored()
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
