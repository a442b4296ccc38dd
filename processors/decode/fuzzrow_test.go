package decode_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/decode"
)

// FuzzLine holds lines of exports against the strict reader of items.
func FuzzLine(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(`{"Item":` + full + `}`))
	f.Add([]byte(`{"Item":{"S":"x"},"id":{"S":"a"},"n64":{"N":"1"}}`))
	plan := mustCompile(f, things())
	row, err := plan.NewRow("things")
	if err != nil {
		f.Fatal(err)
	}
	out := plan.NewOutput()
	id := decode.Identity{Op: record.Snapshot, Lane: lane, Seq: lake.Seq(strings.Repeat("0", 40)), At: time.Unix(0, 0).UTC()}
	f.Fuzz(func(t *testing.T, line []byte) {
		out.Reset()
		err := row.Line(line)
		if err == nil {
			err = row.Add(id, out)
		}
		if err != nil {
			if !fault.Is(err, fault.Invalid) || out.Batch("things").Rows() != 0 {
				t.Fatalf("got %v and %d rows", err, out.Batch("things").Rows())
			}
			row.Clear()
			return
		}
		if _, bare := record.ParseItem(line); bare == nil {
			return
		}
		if members, err := object(line); err != nil || len(members) != 1 || !strict(line, 80) {
			t.Fatalf("%q was accepted", line)
		} else if _, err := record.ParseItem(members["Item"]); err != nil {
			t.Fatalf("%q was accepted: %v", line, err)
		}
	})
}

// FuzzScalars holds numbers, dates and times against arithmetic without limits.
func FuzzScalars(f *testing.F) {
	for _, texts := range sample {
		for _, text := range texts {
			f.Add(text)
		}
	}
	for _, text := range wrong {
		f.Add(text)
	}
	plan := mustCompile(f, things())
	row, err := plan.NewRow("things")
	if err != nil {
		f.Fatal(err)
	}
	out := plan.NewOutput()
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"n32", "n64", "d9", "d18", "d38", "day", "when", "epoch", "millis"} {
			out.Reset()
			row.Clear()
			set, _ := things().Field(name)
			v := record.Number(text)
			if name == "day" || name == "when" {
				v = record.String(text)
			}
			want, wantErr := typed(set, v)
			err := row.Text(row.Field(name), text)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%s %q: got %v, want %v", name, text, err, wantErr)
			}
			if err != nil || name == "n64" {
				continue
			}
			for _, e := range []error{row.Text(row.Field("id"), "a"), row.Text(row.Field("n64"), "1"), row.Add(decode.Identity{Op: record.Snapshot, Lane: lane, Seq: lake.Seq(strings.Repeat("0", 40))}, out)} {
				if e != nil {
					t.Fatal(e)
				}
			}
			if got := rowsOf(out.Batch("things"))[0][name]; got != want {
				t.Fatalf("%s %q: got %v, want %v", name, text, got, want)
			}
		}
	})
}
