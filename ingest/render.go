package ingest

import (
	"encoding/base64"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarn-lake/tarn/internal/record"
)

// Append appends the item as one JSON object: the shape's fields that it has, in their order. Attributes that the
// shape does not declare are left out.
func (s *Shape) Append(dst []byte, item record.Item) []byte {
	dst = append(dst, '{')
	first := true
	for _, f := range s.fields {
		v, ok := item[f.Name]
		if !ok || v.Kind == record.NULL {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, f.label...)
		dst = f.append(dst, v)
	}
	return append(dst, '}')
}

func (f *field) append(dst []byte, v record.Value) []byte {
	if v.Kind == record.M && f.members != nil {
		return f.members.Append(dst, v.Map)
	}
	return AppendJSON(dst, v)
}

// AppendJSON appends the value as plain JSON: numbers as they are written, bytes in base64, sets as arrays, maps with
// their names sorted.
func AppendJSON(dst []byte, v record.Value) []byte {
	switch v.Kind {
	case record.S:
		return appendText(dst, v.Text)
	case record.N:
		return append(dst, v.Text...)
	case record.BOOL:
		if v.Bool {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case record.B:
		return appendBytes(dst, v.Bytes)
	case record.M:
		return appendMap(dst, v.Map)
	case record.L, record.SS, record.NS, record.BS:
		return appendList(dst, v)
	default:
		return append(dst, "null"...)
	}
}

func appendMap(dst []byte, item record.Item) []byte {
	dst = append(dst, '{')
	for i, name := range item.Names() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, name), ':')
		dst = AppendJSON(dst, item[name])
	}
	return append(dst, '}')
}

func appendList(dst []byte, v record.Value) []byte {
	dst = append(dst, '[')
	for i := range len(v.List) + len(v.Set) {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch v.Kind {
		case record.L:
			dst = AppendJSON(dst, v.List[i])
		case record.NS:
			dst = append(dst, v.Set[i]...)
		case record.BS:
			dst = appendBytes(dst, []byte(v.Set[i]))
		default:
			dst = appendText(dst, v.Set[i])
		}
	}
	return append(dst, ']')
}

func appendBytes(dst, raw []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, raw)
	return append(dst, '"')
}

// appendText appends the text in quotes. Bytes that are no UTF-8, which only a foreign writer can have stored, come out
// as the replacement character.
func appendText(dst []byte, s string) []byte {
	out, _ := jsontext.AppendQuote(dst, s)
	return out
}
