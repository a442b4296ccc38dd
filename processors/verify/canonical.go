package verify

import (
	"hash/maphash"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// Comparable returns the fields that can be compared: those of one value that the lake keeps, as it is or masked.
func Comparable(d *schemas.Dataset) []schemas.Field {
	var fields []schemas.Field
	for _, f := range d.Fields {
		switch f.Type {
		case schemas.List, schemas.Set, schemas.Map, schemas.Object, schemas.Binary:
			continue
		}
		if f.Privacy.Rule == "" || f.Privacy.Rule == "keep" || f.Privacy.Rule == "mask" && text(f.Type) {
			fields = append(fields, f)
		}
	}
	return fields
}

// keySeparator stands between the two parts of a key's text; no text of DynamoDB's keys is refused for it, but none
// that people make holds it.
const keySeparator = "\x1f"

// keyText returns a record's key as one text, as the lake has it.
func (c *comparison) keyText(item record.Item) string {
	key := item[c.d.Key.Partition].Text
	if c.masked {
		key = c.o.Mask(key)
	}
	if c.d.Key.Sort != "" {
		key += keySeparator + item[c.d.Key.Sort].Text
	}
	return key
}

// ParseKeyText returns the key that a text stands for.
func ParseKeyText(d *schemas.Dataset, text string) ingest.Key {
	partition, sort, ok := strings.Cut(text, keySeparator)
	key := ingest.Key{Partition: keyValue(d, d.Key.Partition, partition)}
	if ok {
		key.Sort = keyValue(d, d.Key.Sort, sort)
	}
	return key
}

func text(t schemas.Type) bool { return t == schemas.String || t == schemas.Enum }

func keyValue(d *schemas.Dataset, name, text string) record.Value {
	if f, ok := d.Field(name); ok && (f.Type == schemas.Int32 || f.Type == schemas.Int64 || f.Type == schemas.Decimal) {
		return record.Number(text)
	}
	return record.String(text)
}

func (c *comparison) values(item record.Item) []Value {
	values := make([]Value, len(c.fields))
	for i := range c.fields {
		values[i] = canonical(&c.fields[i], item[c.fields[i].Name])
		if values[i].Set && c.fields[i].Privacy.Rule == "mask" {
			values[i].Text = c.o.Mask(values[i].Text)
		}
	}
	return values
}

// canonical returns a stored value in the text that the lake's value has: days as 2006-01-02, instants as microseconds
// since 1970, decimals with the declared digits after the point.
func canonical(f *schemas.Field, v record.Value) Value {
	if v.Kind == record.None || v.Kind == record.NULL {
		return Value{}
	}
	switch f.Type {
	case schemas.Boolean:
		if v.Bool {
			return Value{"true", true}
		}
		return Value{"false", true}
	case schemas.Day:
		return Value{day(v.Text), true}
	case schemas.Timestamp:
		return Value{micros(f, v), true}
	case schemas.Int32, schemas.Int64:
		return Value{Fixed(v.Text, 0), true}
	case schemas.Decimal:
		return Value{Fixed(v.Text, f.Scale), true}
	default:
		return Value{v.Text, true}
	}
}

// day returns the UTC date of a date or a time.
func day(text string) string {
	if t, ok := instant(text); ok {
		return t.UTC().Format(time.DateOnly)
	}
	return text
}

// micros returns an instant as microseconds; what is finer is cut off.
func micros(f *schemas.Field, v record.Value) string {
	if v.Kind != record.N {
		if t, ok := instant(v.Text); ok {
			return strconv.FormatInt(t.UnixMicro(), 10)
		}
		return v.Text
	}
	r, ok := new(big.Rat).SetString(v.Text)
	if !ok {
		return v.Text
	}
	unit := int64(1_000)
	if f.Format == "epoch" {
		unit = 1_000_000
	}
	r.Mul(r, new(big.Rat).SetInt64(unit))
	return new(big.Int).Quo(r.Num(), r.Denom()).String()
}

// instant reads an ISO 8601 time with any form of zone.
func instant(text string) (time.Time, bool) {
	text = strings.ToUpper(text)
	for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Fixed returns a decimal text with exactly scale digits after the point. What is no number stays as it is.
func Fixed(text string, scale int) string {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return text
	}
	return r.FloatString(scale)
}

// digest is a hash of a record's values.
type digest uint64

var seed = maphash.MakeSeed()

func digestOf(values []Value) digest {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, v := range values {
		if v.Set {
			_ = h.WriteByte(1)
			_, _ = h.WriteString(v.Text)
		}
		_ = h.WriteByte(0)
	}
	return digest(h.Sum64())
}
