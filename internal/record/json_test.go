package record_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"pgregory.net/rapid"
)

func TestAppendItem(t *testing.T) {
	t.Parallel()
	item := record.Item{
		"name":  record.String(`Ruma "R" <b>&\` + "\n\u2028é😀"),
		"age":   record.Number("41"),
		"photo": {Kind: record.B, Bytes: []byte{0, 255, 1}},
		"ok":    record.Bool(true),
		"none":  record.Null(),
		"map":   {Kind: record.M, Map: record.Item{"b": record.Bool(false), "a": record.String("")}},
		"list":  {Kind: record.L, List: []record.Value{record.Number("1"), record.Null()}},
		"empty": {Kind: record.L},
		"ss":    {Kind: record.SS, Set: []string{"b", "a"}},
		"ns":    {Kind: record.NS, Set: []string{"1"}},
		"bs":    {Kind: record.BS, Set: []string{"\xff", "\x00"}},
	}
	want := `{"age":{"N":"41"},"bs":{"BS":["AA==","/w=="]},"empty":{"L":[]},"list":{"L":[{"N":"1"},{"NULL":true}]},` +
		`"map":{"M":{"a":{"S":""},"b":{"BOOL":false}}},"name":{"S":"Ruma \"R\" <b>&\\\n` + "\u2028é😀" + `"},` +
		`"none":{"NULL":true},"ns":{"NS":["1"]},"ok":{"BOOL":true},"photo":{"B":"AP8B"},"ss":{"SS":["a","b"]}}`
	want = strings.Replace(want, "\\\\\n", `\\\n`, 1)
	got := string(record.AppendItem([]byte("x"), item))
	if got != "x"+want {
		t.Errorf("got  %s\nwant x%s", got, want)
	}
	back, err := record.ParseItem([]byte(want))
	if err != nil || !back.Equal(item) {
		t.Errorf("parsed back %v, %v", back, err)
	}
}

func TestParseItemRefuses(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat(`{"L":[`, n) + `{"S":"x"}` + strings.Repeat(`]}`, n) }
	if _, err := record.ParseItem([]byte(`{"a":` + deep(record.MaxDepth) + `}`)); err != nil {
		t.Errorf("the deepest nesting allowed: %v", err)
	}
	for _, c := range []struct{ name, in, path, why string }{
		{"a key twice", `{"a":{"S":"1"},"a":{"S":"2"}}`, "", "repeated"},
		{"a nested key twice", `{"m":{"M":{"a":{"S":"1"},"a":{"S":"2"}}}}`, "m", "repeated"},
		{"a tag twice", `{"a":{"S":"1","S":"2"}}`, "a", "more than one type"},
		{"two tags", `{"a":{"S":"1","N":"2"}}`, "a", "more than one type"},
		{"no tag", `{"a":{}}`, "a", "empty"},
		{"unknown tag", `{"a":{"X":"1"}}`, "a", "unknown type tag"},
		{"bad UTF-8", "{\"a\":{\"S\":\"\xff\"}}", "a", "UTF-8"},
		{"half a surrogate", `{"a":{"S":"\ud800"}}`, "a", "bad JSON"},
		{"number without quotes", `{"a":{"N":1}}`, "a", "in quotes"},
		{"no number", `{"a":{"L":[{"N":"1"},{"N":"1x"}]}}`, "a[1]", "not a number"},
		{"39 digits", `{"a":{"M":{"b":{"N":"` + strings.Repeat("1", 39) + `"}}}}`, "a.b", "39 significant digits"},
		{"too large", `{"a":{"N":"1E126"}}`, "a", "too large"},
		{"too small", `{"a":{"N":"1E-131"}}`, "a", "too large or too small"},
		{"number in a set", `{"a":{"NS":["1","NaN"]}}`, "a[1]", "not a number"},
		{"empty set", `{"a":{"SS":[]}}`, "a", "must not be empty"},
		{"repeated member", `{"a":{"SS":["x","x"]}}`, "a", "repeated"},
		{"bad base64", `{"a":{"B":"!"}}`, "a", "base64"},
		{"null that is false", `{"a":{"NULL":false}}`, "a", "always true"},
		{"bool in quotes", `{"a":{"BOOL":"true"}}`, "a", "true or false"},
		{"too deep", `{"a":` + deep(record.MaxDepth+1) + `}`, "a" + strings.Repeat("[0]", record.MaxDepth), "deeper than 32"},
		{"cut short", `{"a":{"S":"1"}`, "", "bad JSON"},
		{"something after", `{} {}`, "", "follows"},
		{"not an object", `[]`, "", "object of attributes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := record.ParseItem([]byte(c.in))
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != fault.Invalid || !strings.Contains(f.Error(), c.why) || f.Fields[0].Name != c.path {
				t.Errorf("got %v (fields %v), want %q at %q", err, f.Fields, c.why, c.path)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		item record.Item
		want string
	}{
		{"fine", record.Item{"a": record.String("x")}, ""},
		{"no value", record.Item{"a": {}}, "a: there is no value"},
		{"bad UTF-8", record.Item{"m": {Kind: record.M, Map: record.Item{"a": record.String("\xff")}}}, "m.a: the text is not UTF-8"},
		{"bad name", record.Item{"\xff": record.Null()}, "the name is not UTF-8"},
		{"bad number", record.Item{"a": record.Number("")}, "not a number"},
		{"empty set", record.Item{"a": {Kind: record.SS}}, "must not be empty"},
		{"repeated member", record.Item{"a": {Kind: record.BS, Set: []string{"1", "1"}}}, "repeated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := c.item.Check()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// values draws any value that a store keeps.
func values(depth int) *rapid.Generator[record.Value] {
	number := rapid.Custom(func(t *rapid.T) string {
		return rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
	})
	return rapid.Custom(func(t *rapid.T) record.Value {
		last := record.BS
		if depth == 0 {
			last = record.NULL
		}
		switch k := record.Kind(rapid.IntRange(int(record.S), int(last)).Draw(t, "kind")); k {
		case record.S:
			return record.String(rapid.String().Draw(t, "text"))
		case record.N:
			return record.Number(number.Draw(t, "n"))
		case record.B:
			return record.Value{Kind: k, Bytes: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")}
		case record.BOOL:
			return record.Bool(rapid.Bool().Draw(t, "bool"))
		case record.M:
			return record.Value{Kind: k, Map: rapid.MapOfN(rapid.String(), values(depth-1), 0, 4).Draw(t, "map")}
		case record.L:
			return record.Value{Kind: k, List: rapid.SliceOfN(values(depth-1), 0, 4).Draw(t, "list")}
		case record.SS:
			return record.Value{Kind: k, Set: rapid.SliceOfNDistinct(rapid.String(), 1, 4, rapid.ID).Draw(t, "set")}
		case record.NS:
			return record.Value{Kind: k, Set: rapid.SliceOfNDistinct(number, 1, 4, rapid.ID).Draw(t, "set")}
		case record.BS:
			b := rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })
			return record.Value{Kind: k, Set: rapid.SliceOfNDistinct(b, 1, 4, rapid.ID).Draw(t, "set")}
		default:
			return record.Null()
		}
	})
}

func TestItemsSurviveJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		item := record.Item(rapid.MapOfN(rapid.String(), values(3), 0, 6).Draw(t, "item"))
		if err := item.Check(); err != nil {
			t.Fatalf("a good item is refused: %v", err)
		}
		text := record.AppendItem(nil, item)
		if !json.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		back, err := record.ParseItem(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !back.Equal(item) {
			t.Fatalf("%s became %s", text, record.AppendItem(nil, back))
		}
		if again := record.AppendItem(nil, back); string(again) != string(text) {
			t.Fatalf("two forms of one item: %s and %s", text, again)
		}
	})
}

func FuzzParseItem(f *testing.F) {
	f.Add([]byte(`{"a":{"S":"x"},"b":{"M":{"c":{"NS":["1","2.5e3"]}}},"d":{"L":[{"BOOL":true},{"NULL":true},{"B":"AA=="}]}}`))
	f.Add([]byte(`{"a":{"S":"\ud83d\ude00\u0000"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		item, err := record.ParseItem(data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("kind of %v", err)
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("accepted what is not JSON: %q", data)
		}
		if err := item.Check(); err != nil {
			t.Fatalf("parsed but refused: %v", err)
		}
		text := record.AppendItem(nil, item)
		back, err := record.ParseItem(text)
		if err != nil || !back.Equal(item) {
			t.Fatalf("%q became %s, %v", data, text, err)
		}
	})
}

func BenchmarkAppendItem(b *testing.B) {
	item, _ := record.ParseItem([]byte(sample))
	var buf []byte
	for b.Loop() {
		buf = record.AppendItem(buf[:0], item)
	}
}

func BenchmarkParseItem(b *testing.B) {
	for b.Loop() {
		if _, err := record.ParseItem([]byte(sample)); err != nil {
			b.Fatal(err)
		}
	}
}

const sample = `{"id":{"S":"p-000000000123"},"applicantId":{"S":"a-00000000123"},"fromLocation":{"S":"House 12, Road 5"},"toLocation":{"S":"Sylhet Sadar"},` +
	`"district":{"N":"27"},"thana":{"N":"312"},"dateTime":{"S":"2026-11-20T10:30:00.000Z"},"durationInHour":{"N":"4"},"type":{"S":"R"},"reason":{"S":"medicine"},` +
	`"includeVehicle":{"BOOL":true},"vehicleNo":{"S":"DHAKA METRO GA 11-2345"},"selfDriven":{"BOOL":false},"driverName":{"S":"Karim"},"driverLicenseNo":{"S":"DK1234567890"},` +
	`"startAt":{"S":"2026-11-20T10:30:00.000Z"},"endAt":{"S":"2026-11-20T14:30:00.000Z"},"status":{"S":"APPLIED"},"createdAt":{"S":"2026-11-20T09:01:02.003Z"}}`
