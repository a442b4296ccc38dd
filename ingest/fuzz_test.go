package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

// FuzzParse: what parses is JSON for encoding/json too, and prints back to something that parses the same.
func FuzzParse(f *testing.F) {
	ds, _ := readings().Dataset("readings")
	shape := ingest.NewShape("readings", ds.Fields)
	for _, seed := range []string{
		pass, `{"sensor":"a","seq":1e2,"value":-0.10,"raw":"AA==","tags":["a"],"limits":{"a":1},"address":{"city":"x"},"good":null}`,
		`{"notes":[]}`, `{"seq":1,"seq":2}`, `{"a":[[[[`, "{\"a\":\"\xff\"}", `{"seq":1E400}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		item, faults, err := shape.Parse(bytes.Clone(body))
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("took what is not JSON: %q", body)
		}
		if len(faults) > 0 {
			return
		}
		for name, v := range item {
			if v.Kind.String() == "NULL" {
				delete(item, name)
			}
		}
		printed := shape.Append(nil, item)
		again, faults, err := shape.Parse(printed)
		if err != nil || len(faults) > 0 {
			t.Fatalf("%s printed as %s: %v %v", body, printed, faults, err)
		}
		if len(shape.Check(item, schemas.Lenient)) == 0 {
			if more := shape.Check(again, schemas.Lenient); len(more) > 0 {
				t.Fatalf("%s was right, %s is not: %v", body, printed, more)
			}
		}
		if got := shape.Append(nil, again); !bytes.Equal(shape.Append(nil, item), got) {
			t.Fatalf("%s became %s", shape.Append(nil, item), got)
		}
	})
}

// FuzzCursor: no cursor makes anything but a page or a refusal of the cursor.
func FuzzCursor(f *testing.F) {
	w := newWorld(f, setup{})
	w.want(201, "POST", people, person)
	w.want(201, "POST", passes, pass)
	w.want(201, "POST", passes, pass)
	list := ingest.Listing{Index: "ix_applicantId-endAt", Partition: phone, Limit: 1}
	ctx := viewer.With(context.Background(), viewer.System())
	first, err := w.service.List(ctx, "passes", list)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(first.Next)
	f.Add("e30")
	f.Fuzz(func(t *testing.T, cursor string) {
		asked := list
		asked.Cursor = cursor
		page, err := w.service.List(ctx, "passes", asked)
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		if err == nil && len(page.Records) > 1 {
			t.Fatalf("%d records", len(page.Records))
		}
	})
}
