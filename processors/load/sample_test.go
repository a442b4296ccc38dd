package load_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/processors/load"
	"github.com/tarn-lake/tarn/schemas"
)

// TestSampleLoads drafts a dataset from a file, and loads the same file into it: no row is bad and every field is set.
func TestSampleLoads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file, text string
		types            string // of the fields
		rows             []string
	}{
		{name: "CSV of every kind", file: "x.csv",
			text:  "day,at,i,l,d,b,s,code,mixed\n2026-11-20,2026-11-20T06:00:00+06:00,1,5000000000,1.5,true,x,007,1\n,,-2,1,-12.25,false,,01,x\n",
			types: "day:date at:timestamp i:int32 l:int64 d:decimal(4,2) b:bool s:string code:string mixed:string",
			rows:  []string{"1: day=20777 at=1795132800000000 i=1 l=5000000000 d=150 b=true s=x code=007 mixed=1", "2: i=-2 l=1 d=-1225 b=false code=01 mixed=x"}},
		{name: "what only looks like days, instants and numbers", file: "x.csv",
			text:  "day,at,local,space,n,big\n2026-02-30,2026-11-20T25:00:00Z,2026-11-20T06:00:00,2026-11-20 06:00:00Z,1e5,12345678901234567890\n",
			types: "day:string at:string local:string space:string n:string big:string",
			rows:  []string{"1: day=2026-02-30 at=2026-11-20T25:00:00Z local=2026-11-20T06:00:00 space=2026-11-20 06:00:00Z n=1e5 big=12345678901234567890"}},
		{name: "names that no field can have", file: "x.csv", text: "Order ID,2nd,dt,Größe\n1,a,b,c\n",
			types: "Order_ID:int32 field_2nd:string field_dt:string Gr_e:string",
			rows:  []string{"1: Order_ID=1 field_2nd=a field_dt=b Gr_e=c"}},
		{name: "integers among decimals", file: "x.csv", text: "d\n1234\n0.125\n-7\n", types: "d:decimal(7,3)", rows: []string{"1: d=1234000", "2: d=125", "3: d=-7000"}},
		{name: "JSON, nested members left out", file: "x.jsonl",
			text:  `{"a":1,"b":true,"c":["x"],"m":{"on":true},"z":null}` + "\n" + `{"a":2.5,"b":null,"c":[],"s":"5"}`,
			types: "a:decimal(2,1) b:bool s:int32",
			rows:  []string{`1: a=10 b=true _extra={"c":{"L":[{"S":"x"}]},"m":{"M":{"on":{"BOOL":true}}},"z":{"NULL":true}}`, `2: a=25 s=5 _extra={"c":{"L":[]}}`}},
		{name: "DynamoDB JSON, digits in a text stay text", file: "x.json",
			text: `{"Item":{"id":{"S":"123"},"n":{"N":"5"},"on":{"BOOL":true},"raw":{"B":"aGk="},"day":{"S":"2026-11-20"},"gone":{"NULL":true},"tags":{"SS":["a"]}}}` + "\n" +
				`{"Item":{"id":{"S":"124"},"n":{"NULL":true},"on":{"NULL":true}}}`,
			types: "day:date id:string n:int32 on:bool raw:binary",
			rows:  []string{`1: day=20777 id=123 n=5 on=true raw=hi _extra={"gone":{"NULL":true},"tags":{"SS":["a"]}}`, "2: id=124"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := mustWrite(t, c.file, c.text)
			w := drafted(t, path)
			if got := types(w.dataset); got != c.types {
				t.Errorf("got %s, want %s", got, c.types)
			}
			w.mustLoad(t, path, load.Options{})
			w.want(t, c.rows, nil)
		})
	}
	for _, path := range []string{"../../examples/flights/flights-sample.csv", "../../examples/flights/flights-sample.parquet"} {
		w := drafted(t, path)
		if got, want := types(w.dataset), "date:timestamp delay:int32 distance:int32 origin:string destination:string"; got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
		if r := w.mustLoad(t, path, load.Options{}); r.Bad > 0 || r.Loaded != r.Rows || len(r.Unknown) > 0 {
			t.Errorf("got %+v", r)
		}
	}
}

// drafted returns a place with the dataset that is drafted from the file.
func drafted(tb testing.TB, path string) *where {
	tb.Helper()
	cols, err := load.Sample(path, "", 1000)
	if err != nil {
		tb.Fatal(err)
	}
	text := schemas.Infer("things", cols)
	registry, err := schemas.Load(fstest.MapFS{"shop/things.yaml": {Data: text}})
	if err != nil {
		tb.Fatalf("%v\n%s", err, text)
	}
	return mustPlace(tb, registry, "things")
}

func types(d *schemas.Dataset) string {
	var all []string
	for _, f := range d.Fields {
		text := fmt.Sprintf("%s:%s", f.Name, f.Type)
		if f.Type == schemas.Decimal {
			text += fmt.Sprintf("(%d,%d)", f.Precision, f.Scale)
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestSample(t *testing.T) {
	t.Parallel()
	got, err := load.Sample(mustWrite(t, "x.csv", "a,b\n1,\n2,x\nwrong\n2,x\n3,3\n"), "", 4)
	want := []schemas.InferColumn{
		{Name: "a", Type: schemas.Int32, Nullable: true, Distinct: 2, Examples: []string{"1", "2"}},
		{Name: "b", Type: schemas.String, Nullable: true, Distinct: 1, Examples: []string{"x"}},
	}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v: %s", err, cmp.Diff(want, got))
	}
	for name, text := range map[string]string{"x.csv": "a,b\n", "x.jsonl": "[1]\n", "x.txt": "a"} {
		if got, err := load.Sample(mustWrite(t, name, text), "", 10); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
