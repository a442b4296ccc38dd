package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/verify"
)

const plainsYAML = `stream: plains
table: plains
key: {partition: id, sort: n}
fields:
  - {name: id, type: string}
  - {name: n, type: int64}
  - {name: day, type: date}
  - {name: small, type: int32}
  - {name: cents, type: decimal, precision: 8, scale: 2}
  - {name: more, type: decimal, precision: 18, scale: 4}
  - {name: most, type: decimal, precision: 38, scale: 6}
  - {name: flag, type: bool}
  - {name: at, type: timestamp}
  - {name: kind, type: enum, codes: [A, B]}
  - {name: mail, type: string, privacy: {rule: mask}}
  - {name: zip, type: string, privacy: {rule: band, length: 3}}
  - {name: raw, type: binary}
  - {name: sizes, type: map, elem: {type: int64}}
  - {name: home, type: object, fields: [{name: town, type: string}, {name: rooms, type: int32}, {name: since, type: timestamp}]}
  - {name: visits, type: list, elem: {type: object, fields: [{name: to, type: string}, {name: paid, type: decimal, precision: 8, scale: 2}]}}
  - {name: tags, type: set, elem: {type: string}}
region: {from: constant, value: all}
date: {from: field, field: day}
history: {keep: 30d}
`

// plain is a record with every kind of value, the plain ones all in a sign and a size of their own.
const plain = `{"id":{"S":"ID"},"n":{"N":"NN"},"day":{"S":"DAY"},"small":{"N":"-7"},"cents":{"N":"-0.05"},"more":{"N":"12345678901234.5"},` +
	`"most":{"N":"-12345678901234567890123456789012.000001"},"flag":{"BOOL":true},"at":{"S":"1969-12-31T23:59:59.999999Z"},"kind":{"S":"B"},` +
	`"mail":{"S":"a@b"},"zip":{"S":"12345"},"raw":{"B":"AP8="},"sizes":{"M":{"b":{"N":"2"},"a":{"N":"1"}}},"home":{"M":{"town":{"S":"Tarn"},"since":{"S":"2026-11-20T06:00:00+06:00"}}},` +
	`"visits":{"L":[{"M":{"to":{"S":"x"},"paid":{"N":"1.5"}}},{"M":{"to":{"S":"y"}}}]},"tags":{"SS":["q","p"]}}`

// TestTheBaseIsReadAsTheStoreHasIt: where a base has taken all in, its files are read without the engine. They say the
// same of every kind of value, together with what has changed since; and what the lake has otherwise is found.
func TestTheBaseIsReadAsTheStoreHasIt(t *testing.T) {
	t.Parallel()
	f := &thingsFolder{t, filepath.Join(t.TempDir(), "data"), t.TempDir()}
	if err := os.WriteFile(filepath.Join(f.schemas, "plains.yaml"), []byte(plainsYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	mustFolder(t, mustSettings(t, f.data, f.schemas))
	record := func(id, n string, age int, changes ...string) string {
		day := time.Now().UTC().AddDate(0, 0, -age).Format(time.DateOnly)
		return strings.NewReplacer(append([]string{"ID", id, "NN", n, "DAY", day}, changes...)...).Replace(plain)
	}
	put := func(items ...string) {
		t.Helper()
		f.store(func(s *embedded.Store) {
			for _, text := range items {
				if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Put, Table: "plains", Item: mustItem(t, text)}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	state := func(want int64) verify.Report {
		t.Helper()
		var r []verify.Report
		f.with(func(n *node.Node) { r = mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}) })
		if r[0].Lake != want {
			t.Errorf("got %+v", r[0])
		}
		return r[0]
	}
	wrong := map[string][2]string{
		"small": {`"-7"`, `"7"`}, "cents": {"-0.05", "0.05"}, "more": {"12345678901234.5", "12345678901234.4"}, "most": {"000001", "000002"},
		"flag": {"true", "false"}, "at": {"59.999999", "59.999998"}, "kind": {`{"S":"B"}`, `{"S":"A"}`}, "mail": {"a@b", "a@c"}, "zip": {`"12345"`, `"12445"`}, "raw": {"AP8=", "AP4="},
		"sizes": {`"b":{"N":"2"}`, `"b":{"N":"3"}`}, "home": {"Tarn", "Turn"}, "visits": {`"1.5"`, `"1.51"`}, "tags": {`"q","p"`, `"q","p","r"`},
	}
	for field := range wrong {
		put(record(field, "9", 1))
	}
	put(record("a", "1", 0), record("b", "-2", 1), record("c", "3", 60), `{"id":{"S":"d"},"n":{"N":"4"}}`,
		`{"id":{"S":"f"},"n":{"N":"6"},"sizes":{"M":{}},"home":{"M":{}},"visits":{"L":[]}}`)
	all := 5 + int64(len(wrong))
	state(all)
	f.with(func(n *node.Node) {
		mustDo[[]compact.Retained](t, n, "retain", node.RetainArgs{}) // which merges the base first
		for _, table := range mustDo[node.Status](t, n, "status", struct{}{}).Tables {
			if table.Name == "plains_base" && table.Rows != all {
				t.Fatalf("the base has %d rows", table.Rows)
			}
		}
	})
	if r := state(all); !r.Clean() || r.Again != 0 || r.StoreSum != r.LakeSum {
		t.Errorf("got %+v", r)
	}
	put(record("a", "1", 0, "12345678901234.5", "1"), record("e", "5", 0))
	f.store(func(s *embedded.Store) {
		item := mustItem(t, record("d", "4", 0))
		key := ingest.Key{Partition: item["id"], Sort: item["n"]}
		if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Delete, Table: "plains", Key: key}); err != nil {
			t.Fatal(err)
		}
	})
	if r := state(all); !r.Clean() || r.Again != 0 || r.StoreSum != r.LakeSum {
		t.Errorf("after changes: got %+v", r)
	}
	for field, change := range wrong {
		put(record(field, "9", 1, change[0], change[1]))
	}
	f.forget()
	r := state(all)
	for _, d := range r.Differences {
		if d.What != verify.Different || d.Key != d.Field+"\x1f9" {
			t.Errorf("got %+v", d)
		}
	}
	if r.Different != int64(len(wrong)) || r.Missing+r.Extra+r.Doubled != 0 {
		t.Errorf("got %+v", r)
	}
}
