package schemas_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tarn-lake/tarn/schemas"
)

func TestEmbeddedFilesLoad(t *testing.T) {
	t.Parallel()
	registry := embedded(t)
	for _, name := range []string{"applicants", "passes"} {
		d := dataset(t, registry, name)
		if d.Domain != "movement-pass" || d.Zone.String() != "Asia/Dhaka" || d.Stream != "movement-pass_"+name+"_v1" {
			t.Errorf("%s: domain %s, zone %s, stream %s", name, d.Domain, d.Zone, d.Stream)
		}
		want := []string{"barishal", "chattogram", "dhaka", "khulna", "mymensingh", "rajshahi", "rangpur", "sylhet", "unknown"}
		if got := d.Region.Values; !slices.Equal(got, want) {
			t.Errorf("%s has regions %v, want %v", name, got, want)
		}
	}
}

func TestSchemaFilesNameTheirJSONSchema(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{".", "../examples"} {
		err := fs.WalkDir(os.DirFS(dir), ".", func(name string, _ fs.DirEntry, err error) error {
			if err != nil || path.Ext(name) != ".yaml" || strings.HasPrefix(name, "testdata/") {
				return err
			}
			kind := strings.TrimPrefix(path.Ext(strings.TrimSuffix(name, ".yaml")), ".")
			text, err := os.ReadFile(path.Join(dir, name))
			want := map[string]string{"": "dataset", "metrics": "metrics", "dashboard": "dashboard"}[kind]
			first, _, _ := strings.Cut(string(text), "\n")
			if want != "" && (!strings.HasPrefix(first, "# yaml-language-server: $schema=") || !strings.HasSuffix(first, "/"+want+".schema.json")) {
				t.Errorf("%s begins with %q", name, first)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestLoadReadsMetricsAndDashboards(t *testing.T) {
	t.Parallel()
	registry, err := schemas.LoadDir("testdata/small")
	if err != nil {
		t.Fatal(err)
	}
	m, d, ok := registry.Metric("orders")
	if !ok || d.Name != "orders" || len(m.Measures) != 4 || len(m.Dimensions) != 2 || !m.Dimensions[1].Hour || m.Measures[3].P != 0.95 {
		t.Errorf("metric %+v", m)
	}
	tile := registry.Dashboards()[0].Tiles[0]
	want := schemas.Tile{ID: "value", Title: "Value", Note: "What open orders are worth.", Kind: "line", Metric: "orders", Measures: []string{"value"},
		Dimensions: []string{"town"}, Filters: []schemas.Filter{{Dimension: "town", Values: []string{"1"}, Not: true}},
		Grain: "day", Range: "last-7d", Compare: true, Limit: 100, Width: 6}
	if fmt.Sprint(tile) != fmt.Sprint(want) {
		t.Errorf("got %+v\nwant %+v", tile, want)
	}
	towns, _ := registry.Codes("towns")
	if towns.Columns[0].Type != schemas.String {
		t.Errorf("the codes of towns are %s, but a text field uses them", towns.Columns[0].Type)
	}
}

func TestLoadDirTakesADomainByItself(t *testing.T) {
	t.Parallel()
	registry, err := schemas.LoadDir("../examples/flights")
	if err != nil {
		t.Fatal(err)
	}
	d := dataset(t, registry, "flights")
	if d.Domain != "flights" || !d.Key.IsZero() || d.Date != (schemas.Date{From: "field", Field: "date", Grain: "day"}) {
		t.Errorf("domain %s, key %+v, date %+v", d.Domain, d.Key, d.Date)
	}
	if want := []string{"midwest", "northeast", "south", "territories", "west", "unknown"}; !slices.Equal(d.Region.Values, want) {
		t.Errorf("regions %v, want %v", d.Region.Values, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	states := "code,area\n"
	for i := range 17 {
		states += fmt.Sprintf("s%d,area%d\n", i, i)
	}
	const good = "fields: [{name: s, type: string}]\ndate: {from: change}\nregion: "
	for _, c := range []struct{ name, text, want string }{
		{"too many regions", good + "{from: field, field: s, lookup: states, column: area}", "there are 17 regions, more than 16"},
		{"a look-up column that is not there", good + "{from: field, field: s, lookup: states, column: aera}", `no column "aera"; did you mean "area"?`},
		{"a region that is no folder", good + "{from: constant, value: New York}", `the region "New York" names a folder`},
		{"a capital region", good + "{from: constant, value: North}", "underscores such as north"},
		{"numbers as regions", "fields: [{name: s, type: int32}]\ndate: {from: change}\nregion: {from: field, field: s}", "name a code list that turns its numbers into regions"},
		{"an alias", "fields: &a [{name: s, type: string}]\n", "write the value out"},
		{"two documents", good + "{from: constant, value: all}\n---\na: 1\n", "must hold one YAML document"},
		{"nothing", "", "must hold one YAML document"},
		{"a list", "- a", "must be a mapping of keys to values, is a list"},
		{"a key twice", "title: a\ntitle: b\n", "already defined"},
		{"facts with a version", good + "{from: constant, value: all}\nversion: s", "needs a key, and this dataset has none"},
		{"a set of objects", "fields: [{name: s, type: set, elem: {type: object, fields: [{name: a, type: string}]}}]", "a set holds texts, numbers or binaries"},
		{"privacy inside", "fields: [{name: s, type: object, fields: [{name: a, type: string, privacy: {rule: drop}}]}]", "stands on a field of the record itself"},
		{"bands that do not rise", "fields: [{name: s, type: date, privacy: {rule: band, bands: [18, 10]}}]", "must be ages in years, rising"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := schemas.Load(fstest.MapFS{"shop/facts.yaml": {Data: []byte(c.text)}, "codes/states.csv": {Data: []byte(states)}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestDatasetsOfOneStreamNeedADiscriminator(t *testing.T) {
	t.Parallel()
	file := func(discriminator string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("stream: s\ntable: s\nkey: {partition: pk}\nfields: [{name: pk, type: string}]\n" +
			"region: {from: metadata}\ndate: {from: change}\n" + discriminator)}
	}
	for _, c := range []struct{ name, a, b, want string }{
		{"none", "", "", `feeds "b" too; add a discriminator`},
		{"the same value", "discriminator: {attribute: type, values: [x, y]}", "discriminator: {attribute: type, values: [y]}", `"y" is also a value of`},
		{"different values", "discriminator: {attribute: type, values: [x]}", "discriminator: {attribute: type, values: [y]}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := schemas.Load(fstest.MapFS{"d/a.yaml": file(c.a), "d/b.yaml": file(c.b)})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// The YAML parser has no limits of its own: a hundred thousand brackets would take minutes and all memory.
func TestHugeFilesAreRefusedSoon(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"brackets":   strings.Repeat("[", 100_000),
		"braces":     strings.Repeat("{a: ", 50_000),
		"marks":      strings.Repeat("- ", 100_000),
		"indents":    indents(400),
		"elements":   "fields: [" + strings.Repeat("{name: a, type: list, elem: ", 5_000),
		"bytes":      strings.Repeat("# nothing\n", 30_000),
		"a list":     "fields:\n" + strings.Repeat("- {name: a, type: string}\n", 2_000),
		"keys":       strings.Repeat("title: a\n", 5_000),
		"other keys": keys(2_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := schemas.Load(fstest.MapFS{"d/x.yaml": {Data: []byte(text)}}); err == nil {
				t.Error("no fault")
			}
		})
	}
}

func indents(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	return b.String()
}

func FuzzLoad(f *testing.F) {
	for _, dir := range []string{"movement-pass", "testdata/broken/shop", "testdata/small/shop"} {
		for _, name := range []string{"passes.yaml", "orders.yaml", "orders.metrics.yaml", "sales.dashboard.yaml"} {
			if text, err := os.ReadFile(path.Join(dir, name)); err == nil {
				f.Add(string(text), "a,b\n1,x\n", `{"format":1,"tables":{"x_changes":{"id":1}}}`)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text, codes, lock string) {
		registry, err := schemas.Load(fstest.MapFS{
			"d/x.yaml": {Data: []byte(text)}, "d/x.metrics.yaml": {Data: []byte(text)}, "d/x.dashboard.yaml": {Data: []byte(text)},
			"codes/towns.csv": {Data: []byte(codes)}, "d/x.lock.json": {Data: []byte(lock)},
		})
		if err != nil {
			if len(err.Error()) == 0 {
				t.Error("a fault without a word")
			}
			return
		}
		d := dataset(t, registry, "x") // what loads has columns and a lock
		if len(d.ChangeColumns()) == 0 || len(schemas.Lock(d)) == 0 {
			t.Error("no columns")
		}
	})
}

func embedded(tb testing.TB) *schemas.Registry {
	tb.Helper()
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	return registry
}

func dataset(tb testing.TB, registry *schemas.Registry, name string) *schemas.Dataset {
	tb.Helper()
	d, ok := registry.Dataset(name)
	if !ok {
		tb.Fatalf("there is no dataset %s", name)
	}
	return d
}
