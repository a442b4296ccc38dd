package decode_test

import (
	"errors"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// typed returns the known attributes of an item as rowsOf returns them; nulls are left out.
func (c *change) typed(item record.Item) (map[string]any, error) {
	out := map[string]any{}
	for name, v := range item {
		f, ok := c.Field(name)
		if !ok {
			continue
		}
		t, err := typed(f, v)
		if err != nil {
			return nil, err
		}
		if t != nil {
			out[name] = t
		}
	}
	return out, nil
}

var errType = errors.New("wrong type")

func typed(f *schemas.Field, v record.Value) (any, error) {
	if v.Kind == record.NULL {
		return nil, nil
	}
	want := map[schemas.Type]record.Kind{
		schemas.String: record.S, schemas.Enum: record.S, schemas.Day: record.S, schemas.Timestamp: record.S, schemas.Int32: record.N, schemas.Int64: record.N,
		schemas.Decimal: record.N, schemas.Boolean: record.BOOL, schemas.Binary: record.B, schemas.List: record.L, schemas.Map: record.M, schemas.Object: record.M,
	}[f.Type]
	if f.Format == "epoch" || f.Format == "epoch-ms" {
		want = record.N
	}
	if f.Type == schemas.Set {
		if v.Kind != record.L && v.Kind < record.SS {
			return nil, errType
		}
	} else if v.Kind != want {
		return nil, errType
	}
	switch f.Type {
	case schemas.String, schemas.Enum:
		return v.Text, nil
	case schemas.Boolean:
		return v.Bool, nil
	case schemas.Binary:
		return string(v.Bytes), nil
	case schemas.Day:
		if len(v.Text) == 10 {
			t, err := instant(v.Text + "T00:00:00Z")
			return floor(t, 86400e6), err
		}
		t, err := instant(v.Text)
		return floor(t, 86400e6), err
	case schemas.Timestamp:
		switch f.Format {
		case "epoch":
			return micros(v.Text, 6)
		case "epoch-ms":
			return micros(v.Text, 3)
		}
		return instant(v.Text)
	case schemas.Int32, schemas.Int64, schemas.Decimal:
		return number(f, v.Text)
	case schemas.List, schemas.Set:
		return list(f, v)
	case schemas.Map:
		return pairs(f, v)
	}
	out := map[string]any{}
	for i := range f.Fields {
		m, ok := v.Map[f.Fields[i].Name]
		if !ok {
			continue
		}
		t, err := typed(&f.Fields[i], m)
		if err != nil {
			return nil, err
		}
		if t != nil {
			out[f.Fields[i].Name] = t
		}
	}
	return out, nil
}

func list(f *schemas.Field, v record.Value) (any, error) {
	values := v.List
	for _, text := range v.Set {
		e := record.Value{Kind: map[record.Kind]record.Kind{record.SS: record.S, record.NS: record.N, record.BS: record.B}[v.Kind], Text: text}
		if v.Kind == record.BS {
			e = record.Value{Kind: record.B, Bytes: []byte(text)}
		}
		values = append(values, e)
	}
	out := []any{}
	for _, e := range values {
		t, err := typed(f.Elem, e)
		if err != nil {
			return nil, err
		}
		if t == nil {
			return nil, errType
		}
		out = append(out, t)
	}
	return out, nil
}

func pairs(f *schemas.Field, v record.Value) (any, error) {
	out := map[string]any{}
	for name, e := range v.Map {
		t, err := typed(f.Elem, e)
		if err != nil {
			return nil, err
		}
		out[name] = t
	}
	return out, nil
}

func rat(text string) (*big.Rat, error) {
	if _, err := record.ParseDecimal(text); err != nil {
		return nil, err
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, errType
	}
	return r, nil
}

func number(f *schemas.Field, text string) (any, error) {
	r, err := rat(text)
	if err != nil {
		return nil, err
	}
	if f.Type == schemas.Decimal {
		r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(f.Scale)), nil)))
	}
	if !r.IsInt() {
		return nil, errType
	}
	n := r.Num()
	switch {
	case f.Type == schemas.Decimal:
		if len(strings.TrimPrefix(n.String(), "-")) > f.Precision && n.Sign() != 0 {
			return nil, errType
		}
		if f.Precision > 18 {
			return n.String(), nil
		}
		return n.Int64(), nil
	case !n.IsInt64(), f.Type == schemas.Int32 && n.Int64() != int64(int32(n.Int64())):
		return nil, errType
	}
	return n.Int64(), nil
}

func micros(text string, unit int) (int64, error) {
	r, err := rat(text)
	if err != nil {
		return 0, err
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(unit)), nil)))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if !n.IsInt64() || n.Int64() < -62135596800_000000 || n.Int64() > 253402300799_999999 {
		return 0, errType
	}
	return n.Int64(), nil
}

var iso = regexp.MustCompile(`^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:?\d\d)$`)

func instant(text string) (int64, error) {
	m := iso.FindStringSubmatch(text)
	if m == nil {
		return 0, errType
	}
	n := make([]int, 7)
	for i := 1; i < 7; i++ {
		n[i], _ = strconv.Atoi(m[i])
	}
	t := time.Date(n[1], time.Month(n[2]), n[3], n[4], n[5], n[6], 0, time.UTC)
	if n[1] < 1 || t.Format("2006-01-02T15:04:05") != strings.Join(m[1:4], "-")+"T"+strings.Join(m[4:7], ":") {
		return 0, errType
	}
	fraction := strings.TrimPrefix(m[7], ".") + "000000"
	part, _ := strconv.Atoi(fraction[:6])
	v := t.UnixMicro() + int64(part)
	if z := strings.ReplaceAll(m[8], ":", ""); len(z) == 5 {
		hours, _ := strconv.Atoi(z[1:3])
		minutes, _ := strconv.Atoi(z[3:])
		if hours > 23 || minutes > 59 {
			return 0, errType
		}
		shift := int64(hours*60+minutes) * 60e6
		if z[0] == '+' {
			shift = -shift
		}
		v += shift
	}
	if v < -62135596800_000000 || v > 253402300799_999999 {
		return 0, errType
	}
	return v, nil
}
