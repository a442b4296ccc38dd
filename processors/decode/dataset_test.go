package decode_test

import (
	"testing"

	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

var maskKey = []byte("a key of the test")

// things is a dataset with a field of every type and every rule of privacy.
func things() *schemas.Dataset {
	text := func(name string) schemas.Field { return schemas.Field{Name: name, Type: schemas.String} }
	decimal := func(name string, precision, scale int) schemas.Field {
		return schemas.Field{Name: name, Type: schemas.Decimal, Precision: precision, Scale: scale}
	}
	geo := schemas.Field{Name: "geo", Type: schemas.Object, Fields: []schemas.Field{decimal("lat", 9, 6), {Name: "marks", Type: schemas.Set, Elem: &schemas.Field{Type: schemas.Int32}}}}
	address := schemas.Field{Name: "address", Type: schemas.Object, Fields: []schemas.Field{text("state"), {Name: "zip", Type: schemas.Int32}, geo}}
	line := schemas.Field{Type: schemas.Object, Fields: []schemas.Field{text("sku"), {Name: "qty", Type: schemas.Int32}, {Name: "labels", Type: schemas.Map, Elem: &schemas.Field{Type: schemas.String}}}}
	masked, born, note, gone, seen := text("phone"), schemas.Field{Name: "born", Type: schemas.Day}, text("note"), text("home"), schemas.Field{Name: "seen", Type: schemas.Timestamp}
	masked.Privacy.Rule = "mask"
	born.Privacy = schemas.Privacy{Rule: "band", Bands: []int{18, 65}}
	seen.Privacy = schemas.Privacy{Rule: "band", Bands: []int{1}}
	note.Privacy = schemas.Privacy{Rule: "band", Length: 2}
	gone.Privacy.Rule = "drop"
	cost := decimal("cost", 20, 2)
	cost.Privacy.Rule = "mask"
	return &schemas.Dataset{
		Name: "things", Stream: "things_v1", Key: schemas.Key{Partition: "id", Sort: "n64"},
		Fields: []schemas.Field{
			text("id"), {Name: "n64", Type: schemas.Int64}, {Name: "n32", Type: schemas.Int32}, decimal("d9", 9, 2), decimal("d18", 18, 4), decimal("d38", 38, 10),
			{Name: "flag", Type: schemas.Boolean}, {Name: "day", Type: schemas.Day}, {Name: "when", Type: schemas.Timestamp},
			{Name: "epoch", Type: schemas.Timestamp, Format: "epoch"}, {Name: "millis", Type: schemas.Timestamp, Format: "epoch-ms"},
			{Name: "code", Type: schemas.Enum, Codes: []string{"A", "B"}}, {Name: "bin", Type: schemas.Binary},
			{Name: "tags", Type: schemas.List, Elem: &schemas.Field{Type: schemas.String}},
			{Name: "grid", Type: schemas.List, Elem: &schemas.Field{Type: schemas.List, Elem: &schemas.Field{Type: schemas.Int64}}},
			{Name: "nums", Type: schemas.Set, Elem: &schemas.Field{Type: schemas.Int64}},
			{Name: "attrs", Type: schemas.Map, Elem: &schemas.Field{Type: schemas.Int32}},
			address, {Name: "lines", Type: schemas.List, Elem: &line}, masked, cost, born, seen, note, gone, text("straße \"x\""),
			{Name: "words", Type: schemas.List, Elem: &schemas.Field{Type: schemas.String}}, {Name: "says", Type: schemas.Map, Elem: &schemas.Field{Type: schemas.String}},
		},
		Region: schemas.Region{From: "field", Field: "address.state", Lower: true, Lookup: "states", Column: "region", Unknown: "unknown", Values: []string{"north", "south", "unknown"}},
		Date:   schemas.Date{From: "field", Field: "when", Grain: "day"},
		Track:  []string{"n32", "d38", "flag", "code", "tags", "address", "phone", "when", "home"},
		Lists: map[string]*schemas.Codes{"states": {
			Name: "states", Columns: []schemas.Column{{Name: "id", Type: schemas.String}, {Name: "region", Type: schemas.String}},
			Rows: [][]string{{"NY", "north"}, {"TX", "south"}, {"XX", "nowhere"}},
		}},
	}
}

// shared are two datasets of one stream.
func shared() []*schemas.Dataset {
	of := func(name string, values ...string) *schemas.Dataset {
		return &schemas.Dataset{
			Name: name, Stream: "shared_v1", Key: schemas.Key{Partition: "id"}, Track: []string{"zone"},
			Discriminator: &schemas.Discriminator{Attribute: "kind", Values: values},
			Fields:        []schemas.Field{{Name: "id", Type: schemas.String}, {Name: "zone", Type: schemas.Int32}, {Name: "v", Type: schemas.Int64}},
			Region:        schemas.Region{From: "field", Field: "zone", Lookup: "zones", Column: "region", Unknown: "unknown"},
			Date:          schemas.Date{From: "change", Grain: "month"},
			Lists: map[string]*schemas.Codes{"zones": {
				Name: "zones", Columns: []schemas.Column{{Name: "id", Type: schemas.Int32}, {Name: "region", Type: schemas.String}},
				Rows: [][]string{{"1", "east"}, {"2", "west"}, {"-3", "mid"}},
			}},
		}
	}
	meta := of("orders", "order", "basket")
	meta.Region = schemas.Region{From: "metadata"}
	return []*schemas.Dataset{of("lines", "line", "7"), meta}
}

func mustCompile(tb testing.TB, datasets ...*schemas.Dataset) *decode.Plan {
	tb.Helper()
	p, err := decode.Compile(datasets, decode.Options{MaskKey: maskKey})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}
