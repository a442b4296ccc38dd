package schemas_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	registry, err := schemas.LoadDir("testdata/small")
	if err != nil {
		t.Fatal(err)
	}
	orders := dataset(t, registry, "orders")
	list := func(values ...record.Value) record.Value { return record.Value{Kind: record.L, List: values} }
	object := func(item record.Item) record.Value { return record.Value{Kind: record.M, Map: item} }
	for _, c := range []struct {
		name  string
		field string
		value record.Value
		want  string // "field: message" of the only fault; empty: none
	}{
		{"a key must be there", "id", record.Null(), "id: is required"},
		{"a text", "id", record.Number("1"), "id: must be a text"},
		{"broken UTF-8", "id", record.String("\xff"), "id: is not valid UTF-8"},
		{"missing is fine", "total", record.Null(), ""},
		{"cents", "total", record.Number("10.01"), ""},
		{"a cent as a power of ten", "total", record.Number("1e-2"), ""},
		{"half a cent", "total", record.Number("10.005"), "total: must have at most 12 digits, 2 of them after the point"},
		{"too many digits", "total", record.Number("10000000000"), "total: must have at most 12 digits, 2 of them after the point"},
		{"below the range", "total", record.Number("0"), "total: must be at least 0.01"},
		{"no number", "total", record.Number("ten"), "total: must be a number"},
		{"a number in a text", "total", record.String("10"), "total: must be a number"},
		{"an absurd exponent", "total", record.Number("1e999999999"), "total: must be a number"},
		{"the largest int64", "big", record.Number("9223372036854775807"), ""},
		{"the smallest int64", "big", record.Number("-9223372036854775808"), ""},
		{"past int64", "big", record.Number("9223372036854775808"), "big: is too large for int64"},
		{"a whole number with a point", "big", record.Number("5.0"), ""},
		{"half a number", "big", record.Number("0.5"), "big: must be a whole number"},
		{"a code", "status", record.String("DONE"), ""},
		{"no code", "status", record.String("done"), "status: must be one of NEW, DONE"},
		{"a date", "placedOn", record.String("2026-02-28"), ""},
		{"a whole time as a date", "placedOn", record.String("2026-02-28T00:00:00.000Z"), ""},
		{"no such day", "placedOn", record.String("2026-02-30"), "placedOn: must be a date such as 2026-11-20"},
		{"a time", "placedAt", record.String("2026-02-28T10:00:00+06:00"), ""},
		{"a time without zone", "placedAt", record.String("2026-02-28T10:00:00"), "placedAt: must be a time with its zone, such as 2026-11-20T09:00:00.000Z"},
		{"seconds", "expires", record.Number("1790000000"), ""},
		{"seconds as text", "expires", record.String("1790000000"), "expires: must be a number, the time since 1970 in seconds"},
		{"a truth", "gift", record.Bool(false), ""},
		{"a truth as text", "gift", record.String("false"), "gift: must be true or false"},
		{"bytes", "stamp", record.Value{Kind: record.B, Bytes: []byte("1234")}, ""},
		{"too many bytes", "stamp", record.Value{Kind: record.B, Bytes: []byte("12345")}, "stamp: must have at most 4 bytes, has 5"},
		{"a list of objects", "lines", list(object(record.Item{"item": record.String("tea"), "pieces": record.Number("2")})), ""},
		{"inside a list", "lines", list(object(record.Item{"item": record.String("tea")}), object(record.Item{"pieces": record.Number("1")})), "lines.2.item: is required"},
		{"a range inside", "lines", list(object(record.Item{"item": record.String("tea"), "pieces": record.Number("0")})), "lines.1.pieces: must be at least 1"},
		{"an object where a list should be", "lines", object(record.Item{}), "lines: must be a list"},
		{"a map", "labels", object(record.Item{"a": record.String("short")}), ""},
		{"a long value in a map", "labels", object(record.Item{"a": record.String("too long")}), "labels.a: must have at most 5 characters, has 8"},
		{"a set", "colours", record.Value{Kind: record.SS, Set: []string{"red", "blue"}}, ""},
		{"a list for a set", "colours", list(record.String("red")), ""},
		{"a colour that is none", "colours", record.Value{Kind: record.SS, Set: []string{"red", "pink"}}, "colours.2: must be one of red, blue"},
		{"mail", "mail", record.String("ada@example.com"), ""},
		{"no mail", "mail", record.String("Ada <ada@example.com>"), "mail: must be a mail address"},
		{"an address", "web", record.String("https://example.com/a"), ""},
		{"no address", "web", record.String("javascript:alert(1)"), "web: must be an address that begins with https:// or http://"},
		{"unknown attributes pass", "colour", record.String("red"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			item := record.Item{"customer": record.String("c"), "id": record.String("1")}
			item[c.field] = c.value
			var got []string
			for _, f := range schemas.Check(orders, item, schemas.Lenient) {
				got = append(got, f.Name+": "+f.Message)
			}
			if strings.Join(got, "\n") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCheckStrictWantsListedCodes(t *testing.T) {
	t.Parallel()
	registry, err := schemas.LoadDir("testdata/small")
	if err != nil {
		t.Fatal(err)
	}
	orders := dataset(t, registry, "orders")
	item := record.Item{"customer": record.String("c"), "id": record.String("1"), "town": record.String("3")}
	if bad := schemas.Check(orders, item, schemas.Lenient); bad != nil {
		t.Errorf("lenient: %v", bad)
	}
	bad := schemas.Check(orders, item, schemas.Strict)
	if len(bad) != 1 || bad[0].Name != "town" || bad[0].Message != "3 is not one of the towns" {
		t.Errorf("strict: %v", bad)
	}
}

func FuzzCheckNumber(f *testing.F) {
	for _, text := range []string{"1", "-0.5e3", "99999999999999999999", "1e-130", "+", "0x1", "1e999999999"} {
		f.Add(text)
	}
	registry, err := schemas.LoadDir("testdata/small")
	if err != nil {
		f.Fatal(err)
	}
	orders := dataset(f, registry, "orders")
	f.Fuzz(func(t *testing.T, text string) {
		item := record.Item{"customer": record.String("c"), "id": record.String("1")}
		for _, name := range []string{"total", "big", "expires"} {
			item[name] = record.Number(text)
		}
		for _, bad := range schemas.Check(orders, item, schemas.Strict) {
			if !slices.Contains([]string{"total", "big", "expires"}, bad.Name) {
				t.Errorf("%s: %s", bad.Name, bad.Message)
			}
		}
	})
}
