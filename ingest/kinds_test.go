package ingest_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/schemas"
)

// readings is a dataset of every type of field, with a key of two fields.
var readings = sync.OnceValue(func() *schemas.Registry {
	zero := 0.0
	address := []schemas.Field{{Name: "city", Type: schemas.String, Required: true}, {Name: "zip", Type: schemas.String}, {Name: "since", Type: schemas.Timestamp}}
	return schemas.NewRegistry([]*schemas.Dataset{{
		Name: "readings", Table: "readings", Stream: "readings", Zone: time.UTC, Version: "version", TTL: "expires",
		Key:    schemas.Key{Partition: "sensor", Sort: "seq"},
		Region: schemas.Region{From: "constant", Value: "here"},
		Fields: []schemas.Field{
			{Name: "sensor", Type: schemas.String, Required: true},
			{Name: "seq", Type: schemas.Int64, Required: true},
			{Name: "uuid", Type: schemas.String, Generated: "uuid"},
			{Name: "code", Type: schemas.String, Generated: "digits8"},
			{Name: "made", Type: schemas.Timestamp, Generated: "now", Format: "epoch-ms"},
			{Name: "changed", Type: schemas.Timestamp, Generated: "updated"},
			{Name: "expires", Type: schemas.Timestamp, Format: "epoch"},
			{Name: "value", Type: schemas.Decimal, Precision: 38, Scale: 10},
			{Name: "small", Type: schemas.Decimal, Precision: 5, Scale: 2, Min: &zero},
			{Name: "count", Type: schemas.Int64},
			{Name: "good", Type: schemas.Boolean, Default: true},
			{Name: "grade", Type: schemas.Enum, Codes: []string{"A", "B"}, Default: "A"},
			{Name: "level", Type: schemas.Int32, Default: int64(3)},
			{Name: "day", Type: schemas.Day},
			{Name: "at", Type: schemas.Timestamp},
			{Name: "raw", Type: schemas.Binary},
			{Name: "notes", Type: schemas.List, Elem: &schemas.Field{Type: schemas.String, MaxLength: 5}},
			{Name: "days", Type: schemas.List, Elem: &schemas.Field{Type: schemas.Day}},
			{Name: "tags", Type: schemas.Set, Elem: &schemas.Field{Type: schemas.String}},
			{Name: "numbers", Type: schemas.Set, Elem: &schemas.Field{Type: schemas.Int64}},
			{Name: "truths", Type: schemas.Set, Elem: &schemas.Field{Type: schemas.Boolean}},
			{Name: "limits", Type: schemas.Map, Elem: &schemas.Field{Type: schemas.Decimal, Precision: 9, Scale: 2}},
			{Name: "address", Type: schemas.Object, Fields: address},
			{Name: "mail", Type: schemas.String, Format: "email"},
			{Name: "link", Type: schemas.String, Format: "uri"},
			{Name: "version", Type: schemas.Int64, ReadOnly: true},
		},
	}}, nil, nil)
})

const readingsPath = "/v1/datasets/readings/records"

func TestEveryKindOfField(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{registry: readings()})
	body := `{"sensor":"a/b ü","seq":-7,"expires":1795154400,"value":1234567890123456789012345678.0123456789,"small":1.50,"count":9007199254740993,` +
		`"day":"2026-11-20","at":"2026-11-20T12:00:00.123456+06:00","raw":"AAEC/w==","notes":["x","é\u0000"],"days":["2026-01-01"],"tags":["b","a"],` +
		`"numbers":[1e2,2],"truths":[true],"limits":{"max":1.10,"a\"b":2},"address":{"city":"Dhaka","zip":null,"since":"2026-11-20T12:00:00+06:00"},` +
		`"mail":"a@b.org","link":"https://a.org"}`
	got := w.want(201, "POST", readingsPath, body)
	path := got.header.Get("Location")
	if path != readingsPath+"/a%2Fb%20%C3%BC/-7" {
		t.Errorf("Location %s", path)
	}
	for _, want := range []string{
		`"seq":-7,`, `"made":1795154400000,`, `"changed":"2026-11-20T06:00:00.000Z"`, `"expires":1795154400,`, `"value":1234567890123456789012345678.0123456789,`,
		`"small":1.5,`, `"count":9007199254740993,`, `"good":true,"grade":"A","level":3,"day":"2026-11-20","at":"2026-11-20T06:00:00.123Z","raw":"AAEC/w=="`,
		`"notes":["x","é\u0000"]`, `"tags":["b","a"]`, `"numbers":[100,2]`, `"truths":[true]`, `"limits":{"a\"b":2,"max":1.1}`,
		`"address":{"city":"Dhaka","since":"2026-11-20T06:00:00.000Z"}`, `"version":1}`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("no %s in %s", want, got.body)
		}
	}
	if again := w.want(404, "GET", path, ""); again.status != 404 {
		t.Error("an expired record is there")
	}
}

func TestSortKeysAndExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{registry: readings()})
	for _, seq := range []string{"10", "9", "-1", "2"} {
		w.want(201, "POST", readingsPath, `{"sensor":"a","seq":`+seq+`,"expires":1795158000}`)
	}
	w.want(409, "POST", readingsPath, `{"sensor":"a","seq":2e0}`)
	got := w.want(200, "GET", readingsPath+"?partition=a&order=desc&limit=2", "").json(t)
	if len(got["records"].([]any)) != 2 || !strings.Contains(w.want(200, "GET", readingsPath+"?partition=a&order=desc", "").body, `"seq":10,`) {
		t.Errorf("got %v", got)
	}
	w.want(200, "GET", readingsPath+"/a/2.0", "")
	w.want(404, "GET", readingsPath+"/a/x", "")
	w.want(404, "GET", readingsPath+"/a", "")
	w.want(405, "POST", readingsPath+"/a", "")
	w.clock.advance(2 * time.Hour)
	w.want(404, "GET", readingsPath+"/a/2", "")
	if got := w.want(200, "GET", readingsPath, "").json(t)["records"].([]any); len(got) != 0 {
		t.Errorf("expired records are listed: %v", got)
	}
}

func TestBadKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, member string
		fields       []string
	}{
		{"a list's element of another type", `"notes":["x",1,null]`, []string{"notes.2", "notes.3"}},
		{"a list's element too long", `"notes":["abcdef"]`, []string{"notes.1"}},
		{"a set with a repeat", `"tags":["a","a"]`, []string{"tags"}},
		{"a set with a repeat written otherwise", `"numbers":[100,1e2]`, []string{"numbers"}},
		{"a map's value of another type", `"limits":{"a":"x"}`, []string{"limits.a"}},
		{"a map's name twice", `"limits":{"a":1,"a":2}`, []string{"limits.a"}},
		{"a map's value too exact", `"limits":{"a":1.001}`, []string{"limits.a"}},
		{"an object's unknown member", `"address":{"city":"x","street":"y"}`, []string{"address.street"}},
		{"an object without a required member", `"address":{}`, []string{"address.city"}},
		{"an object's member of another type", `"address":{"city":1}`, []string{"address.city"}},
		{"an object's member twice", `"address":{"city":"x","city":"y"}`, []string{"address.city"}},
		{"base64 without its end", `"raw":"AAE"`, []string{"raw"}},
		{"base64 of another alphabet", `"raw":"-_-_"`, []string{"raw"}},
		{"a decimal with too many digits", `"small":1000`, []string{"small"}},
		{"a decimal below its range", `"small":-0.01`, []string{"small"}},
		{"a day that is none", `"day":"2026-02-29"`, []string{"day"}},
		{"an address that is none", `"mail":"nobody","link":"ftp://x"`, []string{"mail", "link"}},
		{"an integer beyond int64", `"count":9223372036854775808`, []string{"count"}},
		{"an integer with a fraction", `"count":0.5`, []string{"count"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, setup{registry: readings()})
			got := w.want(400, "POST", readingsPath, `{"sensor":"a","seq":1,`+c.member+`}`)
			if names := got.fields(t); !slices.Equal(names, c.fields) {
				t.Errorf("got %q, want %q: %s", names, c.fields, got.body)
			}
		})
	}
}

func TestReplaceAndPatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{registry: readings()})
	w.want(201, "POST", readingsPath, `{"sensor":"a","seq":1,"count":5,"good":false,"address":{"city":"Dhaka","zip":"1205"},"limits":{"a":1,"b":2},"notes":["x"]}`)
	path := readingsPath + "/a/1"
	w.clock.advance(time.Minute)

	got := w.want(200, "PATCH", path, `{"count":null,"address":{"zip":null},"limits":{"a":null,"c":3}}`)
	for _, want := range []string{`"address":{"city":"Dhaka"}`, `"limits":{"b":2,"c":3}`, `"good":false`, `"changed":"2026-11-20T06:01:00.000Z"`, `"version":2`} {
		if !strings.Contains(got.body, want) {
			t.Errorf("no %s in %s", want, got.body)
		}
	}
	if strings.Contains(got.body, `"count"`) {
		t.Errorf("count is still there: %s", got.body)
	}
	if same := w.want(200, "PATCH", path, `{"good":false}`); same.header.Get("ETag") != `"2"` {
		t.Errorf("a change of nothing made version %s", same.header.Get("ETag"))
	}
	w.want(200, "PUT", path, got.body) // what was read may be sent back
	got = w.want(200, "PUT", path, `{"count":6}`, "If-Match", `"2"`)
	for _, gone := range []string{"address", "limits", "notes"} {
		if strings.Contains(got.body, gone) {
			t.Errorf("%s is still there: %s", gone, got.body)
		}
	}
	for _, want := range []string{`"sensor":"a"`, `"uuid":"`, `"made":1795154400000`, `"good":true`, `"version":3`} {
		if !strings.Contains(got.body, want) {
			t.Errorf("no %s in %s", want, got.body)
		}
	}
	for _, c := range []struct{ body, field string }{
		{`{"seq":2}`, "seq"}, {`{"sensor":"b"}`, "sensor"}, {`{"version":9}`, "version"}, {`{"uuid":"x"}`, "uuid"}, {`{"made":null}`, "made"},
		{`{"address":{"zip":"1"}}`, "address.city"}, {`{"nothing":1}`, "nothing"}, {`{"count":"1"}`, "count"},
	} {
		if names := w.want(400, "PATCH", path, c.body).fields(t); !slices.Equal(names, []string{c.field}) {
			t.Errorf("%s: got %q", c.body, names)
		}
	}
	w.want(400, "PUT", path, `{"version":1}`)
	w.want(200, "PUT", path, `{"seq":1.0,"sensor":"a"}`)
}
