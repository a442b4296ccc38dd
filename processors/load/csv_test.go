package load_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/processors/load"
)

func zipped(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

const columnsWrong = "wrong number of fields"

func TestCSV(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file, text string
		good, bad        []string
		unknown          []string
	}{
		{name: "every type", file: "x.csv",
			text: "text,n,small,price,ok,day,at,raw\nhello,-7,3,12.5,true,2026-11-20,2026-11-20T06:00:00+06:00,aGk=\n",
			good: []string{"1: text=hello n=-7 small=3 price=1250 ok=true day=20777 at=1795132800000000 raw=hi"}},
		{name: "quotes, a comma, a line break and a quote", file: "x.csv",
			text: "text,n\n\"a, \"\"b\"\"\nc\",1\n\"d\",2\n",
			good: []string{"1: text=a, \"b\"\nc n=1", "2: text=d n=2"}},
		{name: "a byte order mark", file: "x.csv", text: "\ufefftext,n\na,1\n", good: []string{"1: text=a n=1"}},
		{name: "a byte order mark before a quote", file: "x.csv", text: "\ufeff\"text\",n\na,1\n", good: []string{"1: text=a n=1"}},
		{name: "gzip", file: "x.csv.gz", text: zipped(t, "text,n\r\na,1\r\n"), good: []string{"1: text=a n=1"}},
		{name: "GZIP in capitals", file: "x.CSV.GZ", text: zipped(t, "text,n\na,1\n"), good: []string{"1: text=a n=1"}},
		{name: "empty cells are null", file: "x.csv", text: "text,n,price\n,1,\na,,\n,,\n",
			good: []string{"1: n=1", "2: text=a", "3:"}},
		{name: "no line feed at the end", file: "x.csv", text: "text,n\na,1", good: []string{"1: text=a n=1"}},
		{name: "nothing but names", file: "x.csv", text: "text,n\n"},
		{name: "too few and too many columns", file: "x.csv", text: "text,n\na,1\nb\nc,3,x\nd,4\n",
			good: []string{"1: text=a n=1", "4: text=d n=4"},
			bad: []string{
				"2: stream=things dataset=things reason=the row is not CSV of 2 columns: " + columnsWrong + " line=3 payload=b",
				"3: stream=things dataset=things reason=the row is not CSV of 2 columns: " + columnsWrong + " line=4 payload=c,3,x",
			}},
		{name: "a quote that stands alone", file: "x.csv", text: "text,n\na \"b\" c,1\n\nd,2\n",
			good: []string{"2: text=d n=2"},
			bad:  []string{`1: stream=things dataset=things reason=the row is not CSV of 2 columns: bare " in non-quoted-field line=2 payload=a "b" c,1`}},
		{name: "a value that does not fit", file: "x.csv", text: "text,n\n\"a\nb\",1\nc,many\nd,2\n",
			good: []string{"1: text=a\nb n=1", "3: text=d n=2"},
			bad:  []string{"2: stream=things dataset=things reason=n: it is not a number field=n line=4 payload=c,many"}},
		{name: "a list has no text", file: "x.csv", text: "text,tags\na,x\nb,\n", good: []string{"2: text=b"},
			bad: []string{"1: stream=things dataset=things reason=tags: a list has no text form field=tags line=2 payload=a,x"}},
		{name: "not UTF-8", file: "x.csv", text: "text,odd\na\xff,1\nb,\xff\nc,2\n", unknown: []string{"odd"},
			good: []string{`3: text=c _extra={"odd":{"S":"2"}}`},
			bad: []string{
				"1: stream=things dataset=things reason=text: the text is not valid UTF-8 field=text line=2 payload=a\xff,1",
				"2: stream=things dataset=things reason=odd: the text is not valid UTF-8 field=odd line=3 payload=b,\xff",
			}},
		{name: "a column of the field's name goes before one that is only like it", file: "x.csv", text: "ok?,ok,n!\nyes,true,7\n",
			unknown: []string{"ok?"}, good: []string{`1: n=7 ok=true _extra={"ok?":{"S":"yes"}}`}},
		{name: "columns that the schema does not know", file: "x.csv", text: "zeta,text,alpha,\n1,a,\"x\"\"y\",\n,b,,5\n",
			unknown: []string{"zeta", "alpha", ""},
			good:    []string{`1: text=a _extra={"alpha":{"S":"x\"y"},"zeta":{"S":"1"}}`, `2: text=b _extra={"":{"S":"5"}}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := mustThings(t)
			r := w.mustLoad(t, mustWrite(t, c.file, c.text), load.Options{})
			w.want(t, c.good, c.bad)
			if int(r.Loaded) != len(c.good) || int(r.Bad) != len(c.bad) || int(r.Rows) != len(c.good)+len(c.bad) || len(r.First) != len(c.bad) {
				t.Errorf("got %+v", r)
			}
			if diff := cmp.Diff(c.unknown, r.Unknown); diff != "" {
				t.Errorf("unknown columns: %s", diff)
			}
		})
	}
}
