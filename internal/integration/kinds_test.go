//go:build integration

package integration_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/schemas"
)

// kinds is a dataset with a field of every type.
const kinds = `
title: Kinds
stream: kinds
table: kinds
key: {partition: id}
fields:
  - {name: id, type: string, required: true}
  - {name: n32, type: int32}
  - {name: n64, type: int64}
  - {name: d9, type: decimal, precision: 9, scale: 2}
  - {name: d18, type: decimal, precision: 18, scale: 4}
  - {name: d38, type: decimal, precision: 38, scale: 10}
  - {name: flag, type: bool}
  - {name: day, type: date}
  - {name: moment, type: timestamp}
  - {name: code, type: enum, codes: [A, B]}
  - {name: bin, type: binary}
  - {name: tags, type: list, elem: {type: string}}
  - {name: grid, type: list, elem: {type: list, elem: {type: int64}}}
  - {name: nums, type: set, elem: {type: int64}}
  - {name: attrs, type: map, elem: {type: int32}}
  - {name: place, type: object, fields: [{name: state, type: string}, {name: lat, type: decimal, precision: 9, scale: 6}]}
  - {name: lines, type: list, elem: {type: object, fields: [{name: sku, type: string}, {name: qty, type: int32}, {name: labels, type: map, elem: {type: string}}]}}
region: {from: constant, value: all}
date: {from: change}
`

// records are images as DynamoDB sends them, and what every reader must show of each column; what is not named is null.
var records = []struct {
	id, image string
	want      map[string]string
}{
	{"full", `"n32":{"N":"-7"},"n64":{"N":"12345678901"},"d9":{"N":"1234567.8"},"d18":{"N":"-12345678901234.5678"},"d38":{"N":"1234567890123456789012345678.0123456789"},
		"flag":{"BOOL":true},"day":{"S":"2024-02-29"},"moment":{"S":"2026-11-20T06:07:08.123456Z"},"code":{"S":"B"},"bin":{"B":"AP8Q"},
		"tags":{"L":[{"S":"ঢাকা"},{"S":""}]},"grid":{"L":[{"L":[{"N":"1"},{"N":"2"}]},{"L":[]}]},"nums":{"NS":["3","-4"]},"attrs":{"M":{"b":{"N":"2"},"a":{"N":"1"}}},
		"place":{"M":{"state":{"S":"NY"},"lat":{"N":"23.8103"}}},
		"lines":{"L":[{"M":{"sku":{"S":"x"},"qty":{"N":"5"},"labels":{"M":{"k":{"S":"v"}}}}},{"M":{"sku":{"S":"y"}}}]}`,
		map[string]string{
			"n32": "-7", "n64": "12345678901", "d9": "1234567.80", "d18": "-12345678901234.5678", "d38": "1234567890123456789012345678.0123456789",
			"flag": "true", "day": `"2024-02-29"`, "moment": `"2026-11-20 06:07:08.123456"`, "code": `"B"`, "bin": `"00ff10"`,
			"tags": `["ঢাকা",""]`, "grid": "[[1,2],[]]", "nums": "[3,-4]", "attrs": `{"a":1,"b":2}`, "place": `{"lat":23.810300,"state":"NY"}`,
			"lines": `[{"labels":{"k":"v"},"qty":5,"sku":"x"},{"labels":null,"qty":null,"sku":"y"}]`,
		}},
	{"nothing", `"tags":{"L":[]},"attrs":{"M":{}}`, map[string]string{"tags": "[]", "attrs": "{}"}},
	{"extremes", `"n32":{"N":"-2147483648"},"n64":{"N":"9223372036854775807"},"d9":{"N":"-9999999.99"},"d38":{"N":"-9999999999999999999999999999.9999999999"},
		"flag":{"BOOL":false},"day":{"S":"1899-12-31"},"moment":{"S":"1969-12-31T23:59:59.999999Z"},"bin":{"B":""},"place":{"M":{}}`,
		map[string]string{
			"n32": "-2147483648", "n64": "9223372036854775807", "d9": "-9999999.99", "d38": "-9999999999999999999999999999.9999999999",
			"flag": "false", "day": `"1899-12-31"`, "moment": `"1969-12-31 23:59:59.999999"`, "bin": `""`, "place": `{"lat":null,"state":null}`,
		}},
}

// showByPython prints the rows that pyarrow and DuckDB read from the files that PyIceberg plans, in one form. (PyIceberg's
// own scan is not asked: it makes empty lists of absent lists of objects.)
const showByPython = `
import json, sys
from datetime import date, datetime, timezone
from decimal import Decimal
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

def show(v, kind):
    if v is None:
        return "null"
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (int, Decimal)):
        return format(v, "f") if isinstance(v, Decimal) else str(v)
    if isinstance(v, datetime):
        return json.dumps((v if v.tzinfo is None else v.astimezone(timezone.utc)).strftime("%Y-%m-%d %H:%M:%S.%f"))
    if isinstance(v, date):
        return json.dumps(v.isoformat())
    if isinstance(v, bytes):
        return json.dumps(v.hex())
    if isinstance(v, str):
        return json.dumps(v, ensure_ascii=False)
    if isinstance(v, list) and kind.is_map_type:
        v = dict(v)
    if isinstance(v, dict):
        of = (lambda k: kind.value_type) if kind.is_map_type else (lambda k: kind.field_by_name(k).field_type)
        return "{" + ",".join(json.dumps(k) + ":" + show(v[k], of_(of(k))) for k in sorted(v)) + "}"
    return "[" + ",".join(show(e, of_(kind.element_type)) for e in v) + "]"

class Kind:
    def __init__(self, t):
        self.t = t
        self.is_map_type = type(t).__name__ == "MapType"
    def __getattr__(self, name):
        return getattr(self.t, name)
    def field_by_name(self, name):
        return next(f for f in self.t.fields if f.name == name)

def of_(t):
    return Kind(t)

t = lake.load_table(sys.argv[1])
names = sys.argv[3].split(",")
kinds = {n: of_(t.schema().find_field(n).field_type) for n in names}
files = [sys.argv[2] + f.file.file_path.split("/", 3)[3] for f in t.scan().plan_files()]
rows = pa.concat_tables(pq.ParquetFile(f).read() for f in files).to_pylist()
out = {"pyarrow": {r["id"]: {n: show(r[n], kinds[n]) for n in names} for r in rows}}
db = duckdb.connect()
db.execute("set timezone = 'UTC'")
columns = ["moment at time zone 'UTC'" if n == "moment" else n for n in names]
rows = db.execute("select id, " + ",".join(columns) + " from read_parquet(?, hive_partitioning = false)", [files]).fetchall()
out["DuckDB"] = {r[0]: {n: show(v, kinds[n]) for n, v in zip(names, r[1:])} for r in rows}
print(json.dumps(out))
`

// everyKind: what the encoder writes of every type, at its bounds and absent, is read alike by engines of three families.
func everyKind(t *testing.T, c *cloudSide) {
	registry, err := schemas.Load(fstest.MapFS{"all/kinds.yaml": {Data: []byte(kinds)}})
	if err != nil {
		t.Fatal(err)
	}
	s := c.bucket(t, "kinds", tables.Options{})
	lander, err := land.New(s.files, registry, land.Options{})
	if err != nil {
		t.Fatal(err)
	}
	landed, err := lander.Land(t.Context(), land.Batch{Stream: "kinds", Lane: "s/1", Begin: true, Body: events()})
	if err != nil || landed.Bad > 0 || landed.Records != len(records) {
		t.Fatalf("%+v, %v", landed, err)
	}
	if _, err := commit.New(s.files, s.catalog, registry, commit.Options{}).Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(records[0].want))
	want := map[string]map[string]string{}
	for _, r := range records {
		want[r.id] = map[string]string{}
		for _, name := range names {
			if want[r.id][name] = r.want[name]; want[r.id][name] == "" {
				want[r.id][name] = "null"
			}
		}
	}
	got := map[string]map[string]map[string]string{}
	said := integration.PyIceberg(t, c.glue, c.objects, showByPython, "kinds.kinds_changes", filepath.Join(c.objects.Folder, onAWS)+"/", strings.Join(names, ","))
	if err := json.Unmarshal([]byte(said), &got); err != nil {
		t.Fatal(err)
	}
	got["Trino"] = kindsByTrino(t, c, names)
	for who, rows := range got {
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("%s reads otherwise (-want +%s):\n%s", who, who, diff)
		}
	}
}

func events() []byte {
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i, r := range records {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"eventID":"e%d","eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"eu-west-1","dynamodb":{`+
			`"ApproximateCreationDateTime":1795176428,"Keys":{"id":{"S":%q}},"NewImage":{"id":{"S":%q},%s},"SequenceNumber":"%d","SizeBytes":9,"StreamViewType":"NEW_AND_OLD_IMAGES"}}`,
			i, r.id, r.id, r.image, 100+i)
	}
	b.WriteString("]}")
	return b.Bytes()
}

// kindsByTrino returns the rows as Trino's own JSON shows them.
func kindsByTrino(t *testing.T, c *cloudSide, names []string) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for _, name := range names {
		shown := "json_format(cast(" + name + " as json))"
		switch name {
		case "bin":
			shown = "json_format(cast(lower(to_hex(bin)) as json))"
		case "moment":
			shown = "json_format(cast(cast(cast(moment at time zone 'UTC' as timestamp(6)) as varchar) as json))"
		}
		for _, row := range c.trino.Query(t, "select id, "+shown+" from lake.kinds.kinds_changes") {
			id := row[0].(string)
			if all[id] == nil {
				all[id] = map[string]string{}
			}
			text, ok := row[1].(string)
			if !ok {
				text = "null"
			}
			all[id][name] = inOrder(t, text)
		}
	}
	return all
}

// inOrder writes JSON anew with its members in order.
func inOrder(t *testing.T, text string) string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(again)
}
