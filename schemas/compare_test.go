package schemas_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tarn-lake/tarn/schemas"
)

const released = `stream: s
table: s
zone: UTC
key: {partition: id}
indexes: [{name: by_town, partition: town}]
fields:
  - {name: id, type: string}
  - {name: town, type: string, maxLength: 64}
  - {name: count, type: int32, min: 0, max: 100}
  - {name: price, type: decimal, precision: 8, scale: 2}
  - {name: status, type: enum, codes: [NEW, DONE]}
  - {name: at, type: timestamp}
  - {name: place, type: object, fields: [{name: street, type: string}, {name: number, type: int32}]}
region: {from: field, field: town}
date: {from: change}
history: {keep: 400d}
track: [status]
sort: [town]
`

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, from, to string // what is replaced in the released file
		want           []string
	}{
		{name: "nothing"},
		{name: "a field more", from: "  - {name: at,", to: "  - {name: note, type: string}\n  - {name: at,", want: []string{"safe fields.note"}},
		{name: "a required field more", from: "  - {name: at,", to: "  - {name: note, type: string, required: true}\n  - {name: at,", want: []string{"unsafe fields.note"}},
		{name: "a field less", from: "  - {name: at, type: timestamp}\n", want: []string{"unsafe fields.at"}},
		{name: "renamed", from: "name: price", to: "name: cost", want: []string{"unsafe fields.price", "safe fields.cost"}},
		{name: "wider number", from: "int32, min: 0", to: "int64, min: 0", want: []string{"safe fields.count.type"}},
		{name: "number to text", from: "type: int32, min: 0, max: 100", to: "type: string", want: []string{"unsafe fields.count.type"}},
		{name: "enum to text", from: "type: enum, codes: [NEW, DONE]", to: "type: string", want: []string{"safe fields.status.type"}},
		{name: "a code more", from: "[NEW, DONE]", to: "[NEW, DONE, LOST]", want: []string{"safe fields.status.codes"}},
		{name: "a code less", from: "[NEW, DONE]", to: "[NEW]", want: []string{"unsafe fields.status.codes"}},
		{name: "more digits", from: "precision: 8", to: "precision: 9", want: []string{"safe fields.price.precision"}},
		{name: "another scale", from: "scale: 2", to: "scale: 3", want: []string{"unsafe fields.price.precision"}},
		{name: "narrower range", from: "max: 100", to: "max: 99", want: []string{"unsafe fields.count.max"}},
		{name: "wider range", from: "max: 100", to: "max: 101"},
		{name: "shorter text", from: "maxLength: 64", to: "maxLength: 63", want: []string{"unsafe fields.town.maxLength"}},
		{name: "a new pattern", from: "maxLength: 64", to: `maxLength: 64, pattern: "^[a-z]+$"`, want: []string{"unsafe fields.town.pattern"}},
		{name: "now required", from: "maxLength: 64", to: "maxLength: 64, required: true", want: []string{"unsafe fields.town.required"}},
		{name: "now masked", from: "maxLength: 64", to: "maxLength: 64, privacy: {rule: mask}", want: []string{"unsafe fields.town.privacy"}},
		{name: "now a number of seconds", from: "type: timestamp}", to: "type: timestamp, format: epoch}", want: []string{"unsafe fields.at.format"}},
		{name: "inside an object", from: "{name: number, type: int32}", to: "{name: number, type: string}", want: []string{"unsafe fields.place.fields.number.type"}},
		{name: "another key", from: "key: {partition: id}", to: "key: {partition: id, sort: at}", want: []string{"unsafe key"}},
		{name: "another region", from: "{from: field, field: town}", to: "{from: metadata}", want: []string{"unsafe region"}},
		{name: "another date", from: "date: {from: change}", to: "date: {from: field, field: at}", want: []string{"unsafe date"}},
		{name: "another grain", from: "date: {from: change}", to: "date: {from: change, grain: month}", want: []string{"unsafe date"}},
		{name: "another zone", from: "zone: UTC", to: "zone: Asia/Dhaka", want: []string{"unsafe zone"}},
		{name: "another stream", from: "stream: s", to: "stream: t", want: []string{"unsafe stream"}},
		{name: "more tracked", from: "track: [status]", to: "track: [status, town]", want: []string{"safe track"}},
		{name: "history kept for less", from: "keep: 400d", to: "keep: 399d", want: []string{"unsafe history.keep"}},
		{name: "history kept for longer", from: "keep: 400d", to: "keep: 401d", want: []string{"safe history.keep"}},
		{name: "history kept for ever", from: "history: {keep: 400d}\n", want: []string{"safe history.keep"}},
		{name: "less tracked", from: "track: [status]\n", want: []string{"unsafe track"}},
		{name: "sorted anew", from: "sort: [town]", to: "sort: [town, at]", want: []string{"safe sort"}},
		{name: "an index less", from: "indexes: [{name: by_town, partition: town}]\n", want: []string{"unsafe indexes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := released
			if c.from != "" {
				if text = strings.Replace(released, c.from, c.to, 1); text == released {
					t.Fatalf("%q is not in the file", c.from)
				}
			}
			var got []string
			for _, d := range schemas.Compare(loaded(t, released), loaded(t, text)) {
				word := map[bool]string{true: "safe ", false: "unsafe "}[d.Safe]
				got = append(got, word+d.Field)
			}
			if strings.Join(got, ", ") != strings.Join(c.want, ", ") {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func loaded(t *testing.T, text string) *schemas.Dataset {
	t.Helper()
	registry, err := schemas.Load(fstest.MapFS{"d/x.yaml": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return dataset(t, registry, "x")
}
