package decode_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

const full = `{"id":{"S":"a"},"n64":{"N":"7"},"d38":{"N":"-12.5"},"flag":{"BOOL":true},"day":{"S":"2026-11-20"},"when":{"S":"2026-11-19T23:00:00Z"},"bin":{"B":"AQI="},` +
	`"tags":{"L":[{"S":"x"}]},"address":{"M":{"state":{"S":"TX"}}},"phone":{"S":"0171"},"born":{"S":"2000-01-01"},"note":{"S":"ab\"cd"},"code":{"NULL":true},"zz":{"L":[]}}`

func TestRowsAreWhatEventsAre(t *testing.T) {
	t.Parallel()
	_, out := mustEvent(t, event(sound(1, full)), things())
	want := rowsOf(out.Batch("things"))
	want[0]["_op"] = "snapshot"
	id := decode.Identity{Op: record.Snapshot, Lane: lane, Seq: lake.Seq(strings.Repeat("0", 39) + "1"), At: time.Unix(1795132801, 0).UTC()}
	plan := mustCompile(t, things())
	for _, c := range []struct {
		name string
		set  func(*decode.Row) error
	}{
		{"a bare line", func(r *decode.Row) error { return r.Line([]byte(full)) }},
		{"a line of an export", func(r *decode.Row) error { return r.Line([]byte(`{"Item":` + full + `}`)) }},
		{"field by field", func(r *decode.Row) error {
			for name, text := range map[string]string{"id": "a", "d38": "-12.5", "day": "2026-11-20", "when": "2026-11-19T23:00:00Z", "bin": "AQI=", "phone": "0171", "born": "2000-01-01", "note": `ab"cd`} {
				if err := r.Text(r.Field(name), text); err != nil {
					return err
				}
			}
			for name, value := range map[string]string{"tags": `{"L":[{"S":"x"}]}`, "address": ` {"M":{"state":{"S":"TX"}}} `} {
				if err := r.Value(r.Field(name), []byte(value)); err != nil {
					return err
				}
			}
			for _, err := range []error{r.Number(r.Field("n64"), "7"), r.Bool(r.Field("flag"), true), r.Null(r.Field("code")), r.Extra("zz", []byte(`{"L":[]}`))} {
				if err != nil {
					return err
				}
			}
			return nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := plan.NewRow("things")
			if err != nil {
				t.Fatal(err)
			}
			out := plan.NewOutput()
			for range 2 {
				if err := c.set(r); err != nil {
					t.Fatal(err)
				}
				if err := r.Add(id, out); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(append(want[:1:1], want...), rowsOf(out.Batch("things"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRowRefusals(t *testing.T) {
	t.Parallel()
	plan := mustCompile(t, things())
	for _, c := range []struct {
		name, field string
		set         func(*decode.Row) error
	}{
		{"no number", "n32", func(r *decode.Row) error { return r.Text(r.Field("n32"), "many") }},
		{"a number for a text", "id", func(r *decode.Row) error { return r.Number(r.Field("id"), "1") }},
		{"a boolean for a number", "n32", func(r *decode.Row) error { return r.Bool(r.Field("n32"), true) }},
		{"no boolean", "flag", func(r *decode.Row) error { return r.Text(r.Field("flag"), "yes") }},
		{"text for a list", "tags", func(r *decode.Row) error { return r.Text(r.Field("tags"), "a") }},
		{"not UTF-8", "id", func(r *decode.Row) error { return r.Text(r.Field("id"), "\xff") }},
		{"more than a value", "tags", func(r *decode.Row) error { return r.Value(r.Field("tags"), []byte(`{"L":[]}{}`)) }},
		{"no value", "zz", func(r *decode.Row) error { return r.Extra("zz", []byte(`{"L":1}`)) }},
		{"a bad line", "n64", func(r *decode.Row) error { return r.Line([]byte(`{"Item":{"id":{"S":"a"},"n64":{"S":"a"}}}`)) }},
		{"no key", "id", func(r *decode.Row) error {
			return r.Add(decode.Identity{Op: record.Snapshot, Seq: lake.Seq(strings.Repeat("0", 40))}, plan.NewOutput())
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := plan.NewRow("things")
			if err != nil {
				t.Fatal(err)
			}
			err = c.set(r)
			var f *fault.Error
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want an invalid fault", err)
			}
			if f, _ = err.(*fault.Error); f == nil || len(f.Fields) != 1 || f.Fields[0].Name != c.field {
				t.Errorf("got %v, want it to name %s", err, c.field)
			}
			// The row is of use again.
			out := plan.NewOutput()
			if err := r.Line([]byte(item)); err != nil {
				t.Fatal(err)
			}
			if err := r.Add(decode.Identity{Op: record.Snapshot, Seq: lake.Seq(strings.Repeat("0", 40))}, out); err != nil || out.Batch("things").Rows() != 1 {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestParkedRowsOfFiles(t *testing.T) {
	t.Parallel()
	out := mustCompile(t, things()).NewOutput()
	out.Park(decode.Parked{Identity: decode.Identity{Op: record.Snapshot, Lane: "load/1", Seq: lake.Seq(strings.Repeat("0", 40))}, Dataset: "things", Reason: "too wide", Line: 12, Payload: []byte("a,b")})
	got := rowsOf(out.Batch(schemas.QuarantineTable))
	if len(got) != 1 || got[0]["line"] != int64(12) || got[0]["payload"] != "a,b" {
		t.Errorf("got %v", got)
	}
}
