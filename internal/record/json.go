package record

import (
	"encoding/base64"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendItem appends the item as DynamoDB JSON, {"name":{"S":"text"},…}. Equal items give equal bytes: names and the
// members of sets are sorted, nothing is escaped that need not be. The item must pass Check.
func AppendItem(dst []byte, item Item) []byte {
	dst = append(dst, '{')
	var room [32]string // most items have fewer attributes
	names := room[:0]
	for name := range item {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, name)
		dst = append(dst, ':')
		dst = AppendValue(dst, item[name])
	}
	return append(dst, '}')
}

// AppendValue appends the value as DynamoDB JSON, {"S":"text"}. The zero Value is no value and is a bug of the caller.
func AppendValue(dst []byte, v Value) []byte {
	dst = append(dst, '{', '"')
	dst = append(dst, v.Kind.String()...)
	dst = append(dst, '"', ':')
	switch v.Kind {
	case S, N:
		dst = appendText(dst, v.Text)
	case B:
		dst = appendBase64(dst, v.Bytes)
	case BOOL:
		dst = appendBool(dst, v.Bool)
	case NULL:
		dst = append(dst, "true"...)
	case M:
		dst = AppendItem(dst, v.Map)
	case L:
		dst = append(dst, '[')
		for i, e := range v.List {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendValue(dst, e)
		}
		dst = append(dst, ']')
	case SS, NS, BS:
		dst = appendSet(dst, v)
	default:
		panic("no value to append")
	}
	return append(dst, '}')
}

func appendSet(dst []byte, v Value) []byte {
	set := v.Set
	if !slices.IsSorted(set) {
		set = slices.Sorted(slices.Values(set))
	}
	dst = append(dst, '[')
	for i, e := range set {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.Kind == BS {
			dst = appendBase64(dst, []byte(e))
		} else {
			dst = appendText(dst, e)
		}
	}
	return append(dst, ']')
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

func appendBase64(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}

// appendText appends a JSON string. Plain ASCII, which is nearly all there is, is copied as it stands.
func appendText(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x80 || c == '"' || c == '\\' {
			dst, err := jsontext.AppendQuote(dst, text)
			if err != nil {
				panic("text that is not UTF-8: " + err.Error())
			}
			return dst
		}
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}
