package schemas_test

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tarn-lake/tarn/schemas"
)

// The files of a released shop: a dataset with everything that a change can break, its metrics and its page.
var shop = map[string]string{
	"shop/orders.yaml": `stream: s
table: s
zone: UTC
key: {partition: id}
indexes: [{name: by_town, partition: town}]
fields:
  - {name: id, type: string, generated: uuid, required: true}
  - {name: town, type: int32, codeList: towns}
  - {name: count, type: int32, min: 0, max: 100}
  - {name: price, type: decimal, precision: 8, scale: 2}
  - {name: status, type: enum, codes: [NEW, DONE]}
  - {name: note, type: string, maxLength: 64}
  - {name: tags, type: set, elem: {type: string}}
  - {name: at, type: timestamp}
lifecycle: {field: status, initial: NEW, transitions: [{name: finish, from: [NEW], to: DONE, roles: [clerk]}]}
region: {from: field, field: town, lookup: towns, column: area}
date: {from: change}
track: [status, town, price, count, at]
sort: [town]
rules:
  - {name: cheap, when: "count > 50", then: "price < 100.0", field: price, message: is too much}
`,
	"shop/orders.metrics.yaml": `metrics:
  - name: sales
    source: current
    time: at
    filter: count > 0
    dimensions: [{name: state, column: status}]
    measures:
      - {name: orders, agg: count}
      - {name: value, agg: sum, of: price}
      - {name: mean, agg: ratio, of: value, per: orders}
`,
	"shop/shop.dashboard.yaml": `title: Shop
tiles:
  - {id: value, title: Value, kind: number, metric: sales, measures: [mean]}
  - {id: states, title: States, kind: bar, metric: sales, measures: [orders], dimensions: [state]}
`,
	"shop/orders.lock.json": `{"format": 1, "tables": {"orders_changes": {"_op": 1, "_shard": 2, "_seq": 3, "_commit": 4, "_at": 5, "dt": 6, "region": 7, "id": 8, "town": 9, "count": 10, "price": 11, "status": 12, "note": 13}}}`,
	"codes/towns.csv":       "code,area\n1,north\n2,south\n",
	"shop/events.yaml":      "fields: [{name: what, type: string}]\nregion: {from: constant, value: all}\ndate: {from: change}\n",
}

// TestReleases changes one thing of the shop a row. An unsafe row says what it breaks, after an arrow.
func TestReleases(t *testing.T) {
	t.Parallel()
	const data, figures, page, lock, towns = "shop/orders.yaml", "shop/orders.metrics.yaml", "shop/shop.dashboard.yaml", "shop/orders.lock.json", "codes/towns.csv"
	for _, c := range []struct {
		name, file, from, to string
		more                 []string // further file, from, to
		want                 string
	}{
		{name: "nothing", file: data},
		{name: "wider integer", file: data, from: "count, type: int32", to: "count, type: int64", want: "safe fields.count.type"},
		{name: "wider decimal", file: data, from: "precision: 8", to: "precision: 18", want: "safe fields.price.precision"},
		{name: "enum to string", file: data, from: "type: enum, codes: [NEW, DONE]", to: "type: string", want: "safe fields.status.type"},
		{name: "set to list", file: data, from: "type: set", to: "type: list", want: "safe fields.tags.type"},
		{name: "optional field", file: data, from: "  - {name: at,", to: "  - {name: colour, type: string}\n  - {name: at,", want: "safe fields.colour"},
		{name: "required field with a default", file: data, from: "  - {name: at,", to: "  - {name: vip, type: bool, required: true, default: false}\n  - {name: at,", want: "safe fields.vip"},
		{name: "new code", file: data, from: "[NEW, DONE]", to: "[NEW, DONE, LOST]", want: "safe fields.status.codes"},
		{name: "new code in a list", file: towns, from: "2,south\n", to: "2,south\n3,south\n", want: "safe fields.town.codeList"},
		{name: "new region", file: towns, from: "2,south\n", to: "2,south\n3,west\n", want: "safe region, safe fields.town.codeList"},
		{name: "new metric", file: figures, from: "metrics:\n", to: "metrics:\n  - {name: all_orders, source: current, measures: [{name: n, agg: count}]}\n", want: "safe metrics.all_orders"},
		{name: "new measure", file: figures, from: "      - {name: value,", to: "      - {name: top, agg: max, of: price}\n      - {name: value,", want: "safe metrics.sales.measures.top"},
		{name: "new dimension", file: figures, from: "[{name: state,", to: "[{name: town, column: town}, {name: state,", want: "safe metrics.sales.dimensions.town"},
		{name: "new tile", file: page, from: "tiles:\n", to: "tiles:\n  - {id: more, title: More, kind: number, metric: sales, measures: [orders]}\n", want: "safe tiles.more"},
		{name: "new index", file: data, from: "indexes: [", to: "indexes: [{name: by_at, partition: status, sort: at}, ", want: "safe indexes"},
		{name: "more tracked", file: data, from: "track: [", to: "track: [note, ", want: "safe track"},
		{name: "wider range", file: data, from: "max: 100", to: "max: 1000"},
		{name: "longer text", file: data, from: "maxLength: 64", to: "maxLength: 640"},
		{name: "new strict rule", file: data, from: "rules:\n", to: "rules:\n  - {name: noted, then: \"note != ''\", field: note, message: is missing, strict: true}\n", want: "safe rules.noted"},
		{name: "rule gone", file: data, from: "rules:\n  - {name: cheap, when: \"count > 50\", then: \"price < 100.0\", field: price, message: is too much}\n", want: "safe rules.cheap"},
		{name: "another title", file: figures, from: "agg: count}", to: "agg: count, title: Orders}"},
		{name: "tile gone", file: page, from: "  - {id: value, title: Value, kind: number, metric: sales, measures: [mean]}\n", want: "safe tiles.value"},

		{name: "field renamed", file: data, from: "{name: note,", to: "{name: remark,", want: "unsafe fields.note, safe fields.remark"},
		{name: "metric's field removed", file: data, from: "  - {name: count, type: int32, min: 0, max: 100}\n", more: []string{data, "price, count,", "price,",
			data, "rules:\n  - {name: cheap, when: \"count > 50\", then: \"price < 100.0\", field: price, message: is too much}\n", "", figures, "    filter: count > 0\n", ""},
			want: "unsafe fields.count -> shop/orders.yaml: track; shop/orders.yaml: rules.cheap; shop/orders.metrics.yaml: metrics.sales (filter); shop/shop.dashboard.yaml: tiles.value; shop/shop.dashboard.yaml: tiles.states, unsafe track, safe rules.cheap, unsafe metrics.sales.filter -> shop/shop.dashboard.yaml: tiles.value; shop/shop.dashboard.yaml: tiles.states"},
		{name: "number narrowed", file: data, from: "town, type: int32", to: "town, type: string", more: []string{},
			want: "unsafe fields.town.type -> shop/orders.yaml: indexes.by_town; shop/orders.yaml: region; shop/orders.yaml: track; shop/orders.yaml: sort"},
		{name: "decimal narrowed", file: data, from: "precision: 8", to: "precision: 6",
			want: "unsafe fields.price.precision -> shop/orders.yaml: track; shop/orders.yaml: rules.cheap; shop/orders.metrics.yaml: metrics.sales (measures.value); shop/shop.dashboard.yaml: tiles.value"},
		{name: "decimal rescaled", file: data, from: "scale: 2", to: "scale: 3",
			want: "unsafe fields.price.precision -> shop/orders.yaml: track; shop/orders.yaml: rules.cheap; shop/orders.metrics.yaml: metrics.sales (measures.value); shop/shop.dashboard.yaml: tiles.value"},
		{name: "now required", file: data, from: "maxLength: 64", to: "maxLength: 64, required: true", want: "unsafe fields.note.required"},
		{name: "required field", file: data, from: "  - {name: at,", to: "  - {name: vip, type: bool, required: true}\n  - {name: at,", want: "unsafe fields.vip"},
		{name: "now read-only", file: data, from: "maxLength: 64", to: "maxLength: 64, readOnly: true", want: "unsafe fields.note.readOnly"},
		{name: "no longer generated", file: data, from: "generated: uuid, ", to: "", want: "unsafe fields.id.generated -> shop/orders.yaml: key"},
		{name: "now masked", file: data, from: "maxLength: 64", to: "maxLength: 64, privacy: {rule: mask}", want: "unsafe fields.note.privacy"},
		{name: "code gone", file: data, from: "[NEW, DONE]", to: "[NEW, DONE2]", more: []string{data, "to: DONE", "to: DONE2"},
			want: "unsafe fields.status.codes -> shop/orders.yaml: lifecycle; shop/orders.yaml: track; shop/orders.metrics.yaml: metrics.sales (dimensions.state); shop/shop.dashboard.yaml: tiles.states, safe fields.status.codes, unsafe lifecycle.transitions.finish"},
		{name: "code gone from a list", file: towns, from: "1,north\n", to: "7,north\n",
			want: "unsafe fields.town.codeList -> shop/orders.yaml: indexes.by_town; shop/orders.yaml: region; shop/orders.yaml: track; shop/orders.yaml: sort, safe fields.town.codeList"},
		{name: "code in another region", file: towns, from: "2,south\n", to: "2,north\n3,south\n",
			want: "safe fields.town.codeList, unsafe region -> shop/orders.metrics.yaml: metrics.sales; shop/shop.dashboard.yaml: tiles.value; shop/shop.dashboard.yaml: tiles.states"},
		{name: "another key", file: data, from: "key: {partition: id}", to: "key: {partition: id, sort: at}",
			want: "unsafe key -> shop/orders.metrics.yaml: metrics.sales; shop/shop.dashboard.yaml: tiles.value; shop/shop.dashboard.yaml: tiles.states"},
		{name: "another region rule", file: data, from: "field: town, lookup: towns, column: area", to: "field: town, lookup: towns, column: area, lower: true",
			want: "unsafe region -> shop/orders.metrics.yaml: metrics.sales; shop/shop.dashboard.yaml: tiles.value; shop/shop.dashboard.yaml: tiles.states"},
		{name: "another date", file: data, from: "{from: change}", to: "{from: field, field: at}",
			want: "unsafe date -> shop/orders.metrics.yaml: metrics.sales; shop/shop.dashboard.yaml: tiles.value; shop/shop.dashboard.yaml: tiles.states"},
		{name: "another zone", file: data, from: "zone: UTC", to: "zone: Asia/Dhaka",
			want: "unsafe zone -> shop/orders.metrics.yaml: metrics.sales; shop/shop.dashboard.yaml: tiles.value; shop/shop.dashboard.yaml: tiles.states"},
		{name: "another stream", file: data, from: "stream: s\n", to: "stream: t\n", want: "unsafe stream"},
		{name: "another discriminator", file: data, from: "zone: UTC", to: "zone: UTC\ndiscriminator: {attribute: kind, values: [order]}", want: "unsafe discriminator"},
		{name: "less tracked", file: data, from: "track: [status, town, price, count, at]", to: "track: [status, price, count, at]", want: "unsafe track"},
		{name: "index gone", file: data, from: "indexes: [{name: by_town, partition: town}]\n", want: "unsafe indexes"},
		{name: "metric gone", file: figures, from: "name: sales", to: "name: turnover", more: []string{page, "metric: sales, measures: [mean]", "metric: turnover, measures: [mean]", page, "metric: sales, measures: [orders]", "metric: turnover, measures: [orders]"},
			want: "unsafe metrics.sales -> shop/shop.dashboard.yaml: tiles.value; shop/shop.dashboard.yaml: tiles.states, safe metrics.turnover"},
		{name: "measure counts something else", file: figures, from: "agg: sum, of: price", to: "agg: sum, of: price * count",
			want: "unsafe metrics.sales.measures.value -> shop/shop.dashboard.yaml: tiles.value"},
		{name: "dimension from something else", file: figures, from: "column: status", to: "column: town",
			want: "unsafe metrics.sales.dimensions.state -> shop/shop.dashboard.yaml: tiles.states"},
		{name: "measure gone", file: figures, from: "      - {name: mean, agg: ratio, of: value, per: orders}\n", more: []string{page, "[mean]", "[value]"},
			want: "unsafe metrics.sales.measures.mean -> shop/shop.dashboard.yaml: tiles.value"},
		{name: "field id changed", file: lock, from: `"note": 13`, to: `"note": 14`, want: "unsafe lock.orders_changes.note"},
		{name: "new rule", file: data, from: "rules:\n", to: "rules:\n  - {name: noted, then: \"note != ''\", field: note, message: is missing}\n", want: "unsafe rules.noted"},
		{name: "dataset gone", file: "shop/events.yaml", want: "unsafe "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			after := maps.Clone(shop)
			for edit := append([]string{c.file, c.from, c.to}, c.more...); len(edit) > 0; edit = edit[3:] {
				text := after[edit[0]]
				if edit[1] == "" && c.want != "" {
					delete(after, edit[0])
					continue
				}
				if after[edit[0]] = strings.Replace(text, edit[1], edit[2], 1); after[edit[0]] == text && edit[1] != edit[2] {
					t.Fatalf("%q is not in %s", edit[1], edit[0])
				}
			}
			if got := said(schemas.CompareReleases(mustLoad(t, shop), mustLoad(t, after))); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func said(all []schemas.Change) string {
	var out []string
	for _, c := range all {
		text := map[bool]string{true: "safe ", false: "unsafe "}[c.Safe] + c.Field
		if len(c.Breaks) > 0 {
			text += " -> " + strings.Join(c.Breaks, "; ")
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func mustLoad(t *testing.T, files map[string]string) *schemas.Registry {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	r, err := schemas.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
