package load_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/processors/load"
	"github.com/tarn-lake/tarn/schemas"
)

// badLine prints the quarantine row of a line.
func badLine(row, line, field, reason, payload string) string {
	if field != "" {
		field = " field=" + field
	}
	return row + ": stream=things dataset=things reason=" + reason + field + " line=" + line + " payload=" + payload
}

func TestJSONLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file, text, format string
		good, bad, unknown       []string
	}{
		{name: "every type", file: "x.jsonl", format: "jsonl",
			text: `{"text":"a","n":1e2,"small":"7","price":12.50,"ok":true,"day":"2026-11-20","at":"2026-11-20T00:00:00Z","raw":"aGk=","tags":["x","y"]}`,
			good: []string{"1: text=a n=100 small=7 price=1250 ok=true day=20777 at=1795132800000000 raw=hi tags.element=x tags.element=y"}},
		{name: "null is null", file: "x.jsonl", format: "jsonl", text: `{"text":null,"n":1}` + "\n", good: []string{"1: n=1"}},
		{name: "empty lines are no rows", file: "x.ndjson", format: "jsonl", text: "\n{\"n\":1}\r\n  \n\n{\"n\":2}", good: []string{"1: n=1", "2: n=2"}},
		{name: "a byte order mark", file: "x.json", format: "jsonl", text: "\ufeff{\"n\":1}\n", good: []string{"1: n=1"}},
		{name: "gzip", file: "x.jsonl.gz", format: "jsonl", text: zipped(t, "{\"n\":1}\n"), good: []string{"1: n=1"}},
		{name: "unknown members, nested ones too", file: "x.jsonl", format: "jsonl", unknown: []string{"z", "y"},
			text: `{"n":1,"z":{"a":[1,null,true],"b":{}},"y":"q"}` + "\n" + `{"n":2,"z":1}`,
			good: []string{`1: n=1 _extra={"y":{"S":"q"},"z":{"M":{"a":{"L":[{"N":"1"},{"NULL":true},{"BOOL":true}]},"b":{"M":{}}}}}`, `2: n=2 _extra={"z":{"N":"1"}}`}},
		{name: "DynamoDB JSON, bare and as exported", file: "x.json", format: "dynamodb",
			text: `{"text":{"S":"a"},"n":{"N":"1"},"tags":{"L":[{"S":"x"}]},"odd":{"SS":["q"]}}` + "\n" + `{"Item":{"text":{"S":"b"},"n":{"N":"2"},"ok":{"NULL":true}}}`,
			good: []string{`1: text=a n=1 tags.element=x _extra={"odd":{"SS":["q"]}}`, "2: text=b n=2"}},
		{name: "heartbeats are no records", file: "x.json", format: "dynamodb",
			text: `{"n":{"N":"1"}}` + "\n" + `{"Item":{"text":{"S":"tarn_heartbeat#1"},"tarn_heartbeat":{"N":"7"}}}` + "\n" + `{"text":{"S":"tarn_heartbeat#2"},"tarn_heartbeat":{"N":"7"}}` + "\n" + `{"Item":{"text":{"S":"tarn_heartbeat"},"n":{"N":"2"},"ok":{"BOOL":true},"tarn_heartbeat":{"N":"7"}}}`,
			good: []string{"1: n=1", `4: text=tarn_heartbeat n=2 ok=true _extra={"tarn_heartbeat":{"N":"7"}}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := mustThings(t)
			r := w.mustLoad(t, mustWrite(t, c.file, c.text), load.Options{})
			w.want(t, c.good, c.bad)
			if r.Format != c.format || int(r.Loaded) != len(c.good) || int(r.Bad) != len(c.bad) {
				t.Errorf("got %+v", r)
			}
			if diff := cmp.Diff(c.unknown, r.Unknown); diff != "" {
				t.Errorf("unknown members: %s", diff)
			}
		})
	}
}

func TestBadJSONLines(t *testing.T) {
	t.Parallel()
	deep := `{"n":1,"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`
	padded := `{"n":1}` + strings.Repeat(" ", 17<<20) + `x`
	for _, c := range []struct {
		name, line, format, field, want string
	}{
		{name: "a member twice", line: `{"n":1,"n":2}`, want: "duplicate object member name"},
		{name: "an unknown member twice", line: `{"x":1,"x":2}`, want: "duplicate object member name"},
		{name: "a member twice, inside", line: `{"x":{"a":1,"a":2}}`, field: "x", want: "duplicate object member name"},
		{name: "not UTF-8", line: "{\"text\":\"\xff\"}", field: "text", want: "invalid UTF-8"},
		{name: "a name that is not UTF-8", line: "{\"t\xff\":\"a\"}", want: "invalid UTF-8"},
		{name: "too deep", line: deep, field: "x", want: "nested deeper than 32"},
		{name: "too long, though the rest is blank", line: padded, want: "longer than 16777216 bytes"},
		{name: "something follows", line: `{"n":1} {"n":2}`, want: "something follows the object"},
		{name: "cut short", line: `{"n":1,"text":"a`, field: "text", want: "unexpected EOF"},
		{name: "cut shorter", line: `{"n":1,`, want: "the line is not JSON"},
		{name: "no object", line: `[{"n":1}]`, want: "the line is not a JSON object"},
		{name: "no JSON", line: `n=1`, want: "the line is not JSON"},
		{name: "a text for a number", line: `{"n":"many"}`, field: "n", want: "is not a number"},
		{name: "a boolean for a number", line: `{"n":true}`, field: "n", want: "the field is int64"},
		{name: "out of range", line: `{"small":2147483648}`, field: "small", want: "range"},
		{name: "too precise", line: `{"price":1.005}`, field: "price", want: "after the point"},
		{name: "an object for a text", line: `{"text":{"a":1}}`, field: "text", want: ""},
		{name: "a number beyond all", line: `{"x":1e999}`, field: "x", want: ""},
		{name: "DynamoDB: a wrong tag", format: "dynamodb", line: `{"n":{"S":"1"}}`, field: "n", want: ""},
		{name: "DynamoDB: not JSON", format: "dynamodb", line: `{"n":{"N":"1"}`, want: ""},
		{name: "DynamoDB: twice", format: "dynamodb", line: `{"n":{"N":"1"},"n":{"N":"2"}}`, field: "n", want: ""},
		{name: "DynamoDB: something follows", format: "dynamodb", line: `{"n":{"N":"1"}}{}`, want: ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := mustThings(t)
			format, good := "jsonl", `{"n":1}`
			if c.format != "" {
				format, good = c.format, `{"n":{"N":"1"}}`
			}
			r := w.mustLoad(t, mustWrite(t, "x.jsonl", good+"\n\n"+c.line+"\n"+good), load.Options{Format: format})
			if diff := cmp.Diff([]string{"1: n=1", "3: n=1"}, w.rows(t, "things")); diff != "" {
				t.Errorf("rows: %s", diff)
			}
			if len(r.First) != 1 || r.First[0].Line != 3 || r.First[0].Field != c.field || !strings.Contains(r.First[0].Reason, c.want) {
				t.Fatalf("got %+v", r.First)
			}
			payload := c.line
			if len(payload) > 16<<20 {
				payload = payload[:16<<20]
			}
			want := badLine("2", "3", c.field, r.First[0].Reason, strings.TrimSpace(payload))
			if got := w.rows(t, schemas.QuarantineTable); len(got) != 1 || got[0] != want {
				t.Errorf("quarantine: %d rows, %s", len(got), cmp.Diff(want, got[0]))
			}
		})
	}
}
