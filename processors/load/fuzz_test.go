package load_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/processors/load"
	"github.com/tarn-lake/tarn/schemas"
)

// whole fails unless every one of the rows has landed, good or parked.
func whole(t *testing.T, w *where, r load.Report, rows int) {
	t.Helper()
	good, bad := len(w.rows(t, "things")), len(w.rows(t, schemas.QuarantineTable))
	if good != int(r.Loaded) || bad != int(r.Bad) || good+bad != int(r.Rows) || good+bad != rows {
		t.Errorf("of %d rows %d landed and %d were parked: %+v", rows, good, bad, r)
	}
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{"a,1,x", "\"a\nb\",1,\n,,", "a\nb,2,3,4", "\xff,1,\xff", "a \"b\",1,2\r\n\r\n\"", "a,1e999,\u2028"} {
		f.Add(text, int8(2))
	}
	f.Fuzz(func(t *testing.T, body string, batch int8) {
		text := "text,n,other\n" + body
		w := mustThings(t)
		r := w.mustLoad(t, mustWrite(t, "x.csv", text), load.Options{BatchRows: 1 + int(max(0, batch))})
		rows := 0
		for in := csv.NewReader(strings.NewReader(text)); ; rows++ {
			if _, err := in.Read(); errors.Is(err, io.EOF) {
				break
			}
		}
		whole(t, w, r, rows-1)
	})
}

func FuzzJSONLine(f *testing.F) {
	for _, text := range []string{`{"text":"a","n":1,"x":{"a":[1,null]}}`, "{}\n\n[]", `{"n":1e999}`, `{"tags":["a",1]}`, "{\"\xff\":1}", `{"x":"\ud800"}`, `{"x":-0.0e-5}`} {
		f.Add(text, false)
	}
	f.Add(`{"text":{"S":"a"},"n":{"N":"1"},"x":{"SS":["a","a"]}}`+"\n"+`{"Item":{"raw":{"B":"!"}}}`, true)
	f.Fuzz(func(t *testing.T, text string, dynamo bool) {
		format := "jsonl"
		if dynamo {
			format = "dynamodb"
		}
		w := mustThings(t)
		r := w.mustLoad(t, mustWrite(t, "x.jsonl", text), load.Options{Format: format, BatchRows: 2})
		rows := 0
		for line := range bytes.SplitSeq([]byte(strings.TrimPrefix(text, "\ufeff")), []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				rows++
			}
		}
		whole(t, w, r, rows)
	})
}
