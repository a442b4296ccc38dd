package decode_test

import (
	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

func fieldsOf(many bool) []schemas.Field {
	if many {
		return shared()[0].Fields
	}
	return things().Fields
}

func names(many bool) []string {
	all := []string{"kind", "other", "zz"}
	for _, f := range fieldsOf(many) {
		all = append(all, f.Name)
	}
	return all
}

// drawItem draws an item that mostly fits the dataset.
func drawItem(t *rapid.T, many bool) record.Item {
	item := record.Item{}
	for _, f := range fieldsOf(many) {
		if rapid.IntRange(0, 9).Draw(t, "missing") > 1 {
			item[f.Name] = drawValue(t, &f)
		}
	}
	if _, ok := item["n64"]; !ok && !many {
		item["n64"] = record.Number("1")
	}
	item["id"] = record.String(rapid.SampledFrom([]string{"a", "b", "ä\n\"", "", "\U0001f600"}).Draw(t, "id"))
	if many || rapid.Bool().Draw(t, "with kind") {
		item["kind"] = rapid.SampledFrom([]record.Value{record.String("order"), record.String("line"), record.Number("7"), record.String("none")}).Draw(t, "kind")
	}
	for _, name := range []string{"other", "zz", "a", "Ω\t"} {
		if rapid.IntRange(0, 2).Draw(t, "unknown") == 0 {
			item[name] = drawAny(t, 0)
		}
	}
	return item
}

var sample = map[schemas.Type][]string{
	schemas.Day:       {"2000-02-29", "1999-12-31", "0001-01-01", "2026-11-20T23:59:59.999Z", "2026-11-20T01:00:00+06:00"},
	schemas.Timestamp: {"2026-11-20T04:05:06.789Z", "2026-11-19T23:59:59Z", "2026-11-20t04:05:06.123456789+0600", "1969-12-31T23:59:59.5-00:30"},
	schemas.Int32:     {"0", "1", "-7", "2147483647", "1e3", "12.50e1", "1043", "12345678", "-2147483648"},
	schemas.Int64:     {"0", "9223372036854775807", "-9223372036854775808", "1e18", "500", "00012", "1234567", "12345678", "1234567890", "123456789012345", "1234567890123456", "123456789012345678", "1000000000000000000"},
	schemas.Decimal:   {"0", "12.34", "-0.01", "1e3", "999", "-12.3400", "0.000e9", "120.5", "9999999.99", "10000000", "0.10", "7.125", "1."},
	schemas.Enum:      {"A", "B", "Z"},
	schemas.String:    {"", "NY", "tx", "XX", "näh\\er\n", "long enough to pass a word of eight bytes \u0001 \U0001f600", "/", "আব্দুল করিম", "ঢাকা Metro-GA ১২", "\u0800\ud7ff\ue000\uffff", "Ω≈ç√"},
}

var wrong = []string{"", "x", "1.5", "2147483648", "9223372036854775808", "1e126", "1e125", "123456789012345678901234567890123456789", "2026-02-30", "2026-13-01T00:00:00Z", "2026-11-20T24:00:00Z", "1.23456789012"}

// drawValue draws a value that mostly fits the field.
func drawValue(t *rapid.T, f *schemas.Field) record.Value {
	switch rapid.IntRange(0, 60).Draw(t, "fit") {
	case 0:
		return drawAny(t, 0)
	case 1:
		return record.Null()
	case 2:
		if f.Type != schemas.String {
			return drawWrong(t, f)
		}
	}
	text := func(of schemas.Type) string { return rapid.SampledFrom(sample[of]).Draw(t, "text") }
	switch f.Type {
	case schemas.Int32, schemas.Int64, schemas.Decimal:
		return record.Number(text(f.Type))
	case schemas.Timestamp:
		if f.Format != "" {
			return record.Number(rapid.SampledFrom([]string{"0", "1795132800", "1.5e9", "1795132800.1234567", "-1.5", "-62135596800"}).Draw(t, "epoch"))
		}
		return record.String(text(f.Type))
	case schemas.Boolean:
		return record.Bool(rapid.Bool().Draw(t, "bool"))
	case schemas.Binary:
		return record.Value{Kind: record.B, Bytes: rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "bytes")}
	case schemas.List:
		v := record.Value{Kind: record.L}
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			v.List = append(v.List, drawValue(t, f.Elem))
		}
		return v
	case schemas.Set:
		kind := rapid.SampledFrom([]record.Kind{record.NS, record.NS, record.NS, record.SS}).Draw(t, "set")
		return record.Value{Kind: kind, Set: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"1", "2", "30", "-4", "1e2"}), 1, 3, rapid.ID).Draw(t, "members")}
	case schemas.Map:
		v := record.Value{Kind: record.M, Map: record.Item{}}
		for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"k", "l", "ü\""}), 0, 3).Draw(t, "keys") {
			v.Map[name] = drawValue(t, f.Elem)
		}
		return v
	case schemas.Object:
		v := record.Value{Kind: record.M, Map: record.Item{}}
		for i := range f.Fields {
			if rapid.IntRange(0, 3).Draw(t, "member") > 0 {
				v.Map[f.Fields[i].Name] = drawValue(t, &f.Fields[i])
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "stranger") == 0 {
			v.Map["stranger"] = drawAny(t, 1)
		}
		return v
	}
	return record.String(text(f.Type))
}

func drawWrong(t *rapid.T, f *schemas.Field) record.Value {
	text := rapid.SampledFrom(wrong).Draw(t, "wrong")
	if f.Type == schemas.Day || f.Type == schemas.Timestamp && f.Format == "" {
		return record.String(text)
	}
	return record.Number(text)
}

// drawAny draws a value of any type.
func drawAny(t *rapid.T, depth int) record.Value {
	switch kind := record.Kind(rapid.IntRange(1, 10).Draw(t, "kind")); kind {
	case record.N:
		return record.Number("12")
	case record.B:
		return record.Value{Kind: kind, Bytes: []byte{1, 2, 255}}
	case record.BOOL:
		return record.Bool(true)
	case record.NULL:
		return record.Null()
	case record.SS, record.NS, record.BS:
		return record.Value{Kind: kind, Set: rapid.Permutation([]string{"1", "2", "3"}).Draw(t, "set")}
	case record.L, record.M:
		if depth > 2 {
			break
		}
		v := record.Value{Kind: kind}
		if kind == record.L {
			v.List = []record.Value{drawAny(t, depth+1), drawAny(t, depth+1)}
		} else {
			v.Map = record.Item{"a": drawAny(t, depth+1), "b\"": drawAny(t, depth+1)}
		}
		return v
	}
	return record.String(rapid.SampledFrom(sample[schemas.String]).Draw(t, "string"))
}
