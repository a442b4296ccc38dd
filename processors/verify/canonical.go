package verify

import (
	"bytes"
	"encoding/base64"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// The canonical text of a record is its comparable fields in the order of the schema, each in the text of its type, with
// these marks between them and in the place of nulls. Whoever reads the lake makes the same text of its columns.
const (
	fieldMark = 0x1f // between fields
	nullText  = "\x1e"
	entryMark = 0x1c // between the members of an object, in the order of the schema, and the entries of a map, sorted
	valueMark = 0x1b // between the key and the value of an entry
	elemMark  = 0x1d // between the elements of a list, after an opening bracket; those of a set are sorted
	keyMark   = 0x1f // between the parts of a key
)

// appendCanonical appends a stored value in the text that the lake's value has: days as 2006-01-02, instants as
// microseconds since 1970, decimals with the declared digits after the point.
func appendCanonical(b []byte, f *schemas.Field, a *attribute) []byte {
	if a.kind == record.None || a.kind == record.NULL {
		return append(b, nullText...)
	}
	switch f.Type {
	case schemas.Day:
		return appendDay(b, a.text)
	case schemas.Timestamp:
		return appendMicros(b, f, a)
	case schemas.Int32, schemas.Int64:
		return appendFixed(b, a.text, 0)
	case schemas.Decimal:
		return appendFixed(b, a.text, f.Scale)
	case schemas.Binary:
		return base64.StdEncoding.AppendEncode(b, a.value().Bytes)
	case schemas.List, schemas.Set:
		return appendList(b, f, a)
	case schemas.Object:
		return appendObject(b, f, a)
	case schemas.Map:
		return appendMap(b, f, a)
	default:
		return append(b, a.text...)
	}
}

func appendList(b []byte, f *schemas.Field, a *attribute) []byte {
	var texts []string
	add := func(e attribute) { texts = append(texts, string(appendCanonical(nil, f.Elem, &e))) }
	for _, v := range a.value().List {
		add(of(v))
	}
	for _, t := range a.value().Set {
		add(attribute{kind: record.S, text: []byte(t)})
	}
	if f.Type == schemas.Set {
		slices.Sort(texts)
	}
	return append(append(b, '['), strings.Join(texts, string(rune(elemMark)))...)
}

func appendObject(b []byte, f *schemas.Field, a *attribute) []byte {
	members := a.value().Map
	b = append(b, '{')
	for i := range f.Fields {
		if i > 0 {
			b = append(b, entryMark)
		}
		member := of(members[f.Fields[i].Name])
		b = appendCanonical(b, &f.Fields[i], &member)
	}
	return append(b, '}')
}

func appendMap(b []byte, f *schemas.Field, a *attribute) []byte {
	var entries []string
	for key, v := range a.value().Map {
		value := of(v)
		entries = append(entries, string(appendCanonical(append([]byte(key), valueMark), f.Elem, &value)))
	}
	slices.Sort(entries)
	return append(append(append(b, '<'), strings.Join(entries, string(rune(entryMark)))...), '>')
}

// appendDay appends the UTC date of a date or a time.
func appendDay(b, text []byte) []byte {
	if len(text) == len(time.DateOnly) {
		return append(b, text...)
	}
	if t, ok := instant(string(text)); ok {
		return t.UTC().AppendFormat(b, time.DateOnly)
	}
	return append(b, text...)
}

// appendMicros appends an instant as microseconds; what is finer is cut off.
func appendMicros(b []byte, f *schemas.Field, a *attribute) []byte {
	if a.kind != record.N {
		if n, ok := plainTime(a.text); ok {
			return strconv.AppendInt(b, n, 10)
		}
		if t, ok := instant(string(a.text)); ok {
			return strconv.AppendInt(b, t.UnixMicro(), 10)
		}
		return append(b, a.text...)
	}
	zeros := "000"
	if f.Format == "epoch" {
		zeros = "000000"
	}
	if whole(a.text, 15) {
		if string(a.text) == "0" {
			return append(b, '0')
		}
		return append(append(b, a.text...), zeros...)
	}
	r, ok := new(big.Rat).SetString(string(a.text))
	if !ok {
		return append(b, a.text...)
	}
	unit, _ := strconv.ParseInt("1"+zeros, 10, 64)
	r.Mul(r, new(big.Rat).SetInt64(unit))
	return new(big.Int).Quo(r.Num(), r.Denom()).Append(b, 10)
}

func digits(t []byte) (n int, ok bool) {
	for _, c := range t {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// whole reports whether the text is a number without sign, point, exponent or zeros in front, of at most so many digits.
func whole(t []byte, most int) bool {
	_, ok := digits(t)
	return ok && len(t) > 0 && len(t) <= most && (t[0] != '0' || len(t) == 1)
}

// appendFixed appends a decimal text with exactly scale digits after the point. What is no number stays as it is.
func appendFixed(b, text []byte, scale int) []byte {
	front, behind, _ := bytes.Cut(text, []byte("."))
	if whole(front, 38) && len(behind) <= scale {
		if _, ok := digits(behind); ok {
			b = append(b, front...)
			if scale == 0 {
				return b
			}
			b = append(append(b, '.'), behind...)
			for range scale - len(behind) {
				b = append(b, '0')
			}
			return b
		}
	}
	return append(b, Fixed(string(text), scale)...)
}

// Fixed returns a decimal text with exactly scale digits after the point. What is no number stays as it is.
func Fixed(text string, scale int) string {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return text
	}
	return r.FloatString(scale)
}

// parseKeyText returns the key that a text of the lake stands for, and whether it leads back to the store: a masked key
// does not, nor does an instant, which a store may have written in several ways.
func parseKeyText(d *schemas.Dataset, text string) (ingest.Key, bool) {
	parts := strings.SplitN(text, string(rune(keyMark)), 2)
	values := make([]record.Value, 2)
	for i, name := range keyNames(d) {
		if i >= len(parts) {
			return ingest.Key{}, false
		}
		v, ok := keyValue(d, name, parts[i])
		if !ok {
			return ingest.Key{}, false
		}
		values[i] = v
	}
	return ingest.Key{Partition: values[0], Sort: values[1]}, true
}

func keyValue(d *schemas.Dataset, name, text string) (record.Value, bool) {
	f, ok := d.Field(name)
	if !ok {
		return record.String(text), true
	}
	if f.Privacy.Rule == "mask" {
		return record.Value{}, false
	}
	switch f.Type {
	case schemas.Int32, schemas.Int64, schemas.Decimal:
		return record.Number(text), true
	case schemas.Binary:
		b, err := base64.StdEncoding.DecodeString(text)
		return record.Value{Kind: record.B, Bytes: b}, err == nil
	case schemas.Timestamp:
		return record.Value{}, false
	}
	return record.String(text), true
}
