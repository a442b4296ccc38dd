package schemas_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tarn-lake/tarn/schemas"
)

func TestInferLoads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		columns    []schemas.InferColumn
		region     schemas.Region
		date       schemas.Date
	}{
		{name: "flights", file: "Flights 2001",
			columns: []schemas.InferColumn{
				{Name: "date", Type: schemas.Timestamp}, {Name: "delay", Type: schemas.Int64, Examples: []string{"33", "19"}},
				{Name: "origin", Type: schemas.String, Distinct: 229, Examples: []string{"ABE"}},
				{Name: "Coast", Type: schemas.String, Distinct: 2, Examples: []string{"West", "East"}}},
			region: schemas.Region{From: "field", Field: "Coast", Lower: true, Unknown: "unknown"},
			date:   schemas.Date{From: "field", Field: "date", Grain: "day"}},
		{name: "odd names", file: "2001",
			columns: []schemas.InferColumn{{Name: "Origin City"}, {Name: "origin_city"}, {Name: "_x"}, {Name: "dt"}, {Name: "region"}, {Name: "old_value"},
				{Name: "null"}, {Name: ""}, {Name: "\"'\n#:\x00"}, {Name: strings.Repeat("a", 99)}, {Name: "1st"}, {Name: "ছাপা"}},
			region: schemas.Region{From: "constant", Value: "all", Unknown: "unknown"}, date: schemas.Date{From: "change", Grain: "day"}},
		{name: "money", file: "lookup_prices", columns: []schemas.InferColumn{{Name: "price", Type: schemas.Decimal, Precision: 12, Scale: 2},
			{Name: "odd", Type: schemas.Decimal, Scale: 50}, {Name: "tags", Type: schemas.List}, {Name: "note", Examples: []string{"a\nb: c # d"}}},
			region: schemas.Region{From: "constant", Value: "all", Unknown: "unknown"}, date: schemas.Date{From: "change", Grain: "day"}},
		{name: "no columns", file: "",
			region: schemas.Region{From: "constant", Value: "all", Unknown: "unknown"}, date: schemas.Date{From: "change", Grain: "day"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := schemas.Infer(c.file, c.columns)
			name := schemas.DatasetName(c.file)
			registry, err := schemas.Load(fstest.MapFS{"drafts/" + name + ".yaml": {Data: text}})
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			d := dataset(t, registry, name)
			got := d.Region
			got.Values = nil
			if got.From != c.region.From || got.Field != c.region.Field || got.Value != c.region.Value || got.Lower != c.region.Lower || d.Date != c.date {
				t.Errorf("region %+v, date %+v\n%s", got, d.Date, text)
			}
			flat := slices.DeleteFunc(slices.Clone(c.columns), func(c schemas.InferColumn) bool { return c.Type == schemas.List })
			if len(flat) > 0 && len(d.Fields) != len(flat) {
				t.Errorf("%d fields of %d flat columns\n%s", len(d.Fields), len(flat), text)
			}
		})
	}
}

func FuzzInfer(f *testing.F) {
	f.Add("flights", "date", "origin", "x")
	f.Fuzz(func(t *testing.T, file, first, second, example string) {
		text := schemas.Infer(file, []schemas.InferColumn{{Name: first, Type: schemas.Timestamp, Examples: []string{example}},
			{Name: second, Distinct: 2, Examples: []string{example, first}}})
		if _, err := schemas.Load(fstest.MapFS{"d/" + schemas.DatasetName(file) + ".yaml": {Data: text}}); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	})
}
