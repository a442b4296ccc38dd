package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
)

const nestedYAML = `stream: nests
table: nests
key: {partition: id}
fields:
  - {name: id, type: string}
  - {name: zip, type: string, privacy: {rule: band, length: 3}}
  - {name: born, type: date, privacy: {rule: band, bands: [18, 65]}}
  - {name: sizes, type: map, elem: {type: int64}}
  - {name: home, type: object, fields: [{name: town, type: string}, {name: rooms, type: int32}, {name: since, type: timestamp}]}
  - {name: visits, type: list, elem: {type: object, fields: [{name: to, type: string}, {name: paid, type: decimal, precision: 8, scale: 2}]}}
region: {from: constant, value: all}
date: {from: change}
`

func mustItem(tb testing.TB, text string) record.Item {
	tb.Helper()
	item, err := record.ParseItem([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return item
}

// nested is a record with all of them.
const nested = `{"id":{"S":"a"},"zip":{"S":"äöü12"},"born":{"S":"1990-01-01"},"sizes":{"M":{"b":{"N":"2"},"a":{"N":"1"}}},` +
	`"home":{"M":{"town":{"S":"Tarn"},"since":{"S":"2026-11-20T06:00:00+06:00"}}},"visits":{"L":[{"M":{"to":{"S":"x"},"paid":{"N":"1.5"}}},{"M":{"to":{"S":"y"}}}]}}`

// TestWrongValuesInValuesAreFoundInTheHistory damages a history's file in each kind of field: the change feed says which
// field it is, the archive that the change differs.
func TestWrongValuesInValuesAreFoundInTheHistory(t *testing.T) {
	t.Parallel()
	for leaf, field := range map[string]string{"born": "born", "sizes.key": "sizes", "home.town": "home", "visits.element.to": "visits", "zip": "zip"} {
		t.Run(leaf, func(t *testing.T) {
			t.Parallel()
			f := &thingsFolder{t, filepath.Join(t.TempDir(), "data"), t.TempDir()}
			if err := os.WriteFile(filepath.Join(f.schemas, "nests.yaml"), []byte(nestedYAML), 0o600); err != nil {
				t.Fatal(err)
			}
			s := mustSettings(t, f.data, f.schemas)
			s.ArchiveDays = 1
			mustFolder(t, s)
			f.store(func(s *embedded.Store) {
				if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Put, Table: "nests", Item: mustItem(t, nested)}); err != nil {
					t.Fatal(err)
				}
			})
			f.settled(s)
			compare := func(archive bool) verify.Report {
				t.Helper()
				n, err := node.Open(t.Context(), s, node.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer n.Close(t.Context())
				return mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{Changes: true, Archive: archive})[0]
			}
			for _, archive := range []bool{false, true} {
				if r := compare(archive); !r.Clean() || r.Store != 1 || r.StoreSum != r.LakeSum || len(r.Skipped) != 0 {
					t.Errorf("archive %t: got %+v", archive, r)
				}
			}
			registry, err := node.LoadSchemas(f.schemas)
			if err != nil {
				t.Fatal(err)
			}
			v := newVandalOf(t, f.data, registry, "nests")
			file, b, _ := v.take(opIs(record.Insert))
			b.Leaf(leaf).BytesAt(0)[0] ^= 1
			_, body := v.encode(file, b)
			if err := os.WriteFile(file.Path, body, 0o600); err != nil {
				t.Fatal(err)
			}
			if r := compare(false); r.Different != 1 || r.Differences[0].Field != field {
				t.Errorf("got %+v", r)
			}
			if r := compare(true); r.Different != 1 || r.Missing+r.Extra+r.Doubled != 0 {
				t.Errorf("archive: got %+v", r)
			}
		})
	}
}

// TestNestedAndBandedFieldsAreCompared: the lake agrees with every form, and a change that the feed forgot is found in
// each of the fields.
func TestNestedAndBandedFieldsAreCompared(t *testing.T) {
	t.Parallel()
	f := &thingsFolder{t, filepath.Join(t.TempDir(), "data"), t.TempDir()}
	if err := os.WriteFile(filepath.Join(f.schemas, "nests.yaml"), []byte(nestedYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	mustFolder(t, mustSettings(t, f.data, f.schemas))
	put := func(items ...string) {
		t.Helper()
		f.store(func(s *embedded.Store) {
			for _, text := range items {
				if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Put, Table: "nests", Item: mustItem(t, text)}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	const whole = nested
	put(whole, `{"id":{"S":"b"}}`, `{"id":{"S":"c"},"zip":{"S":"1"},"sizes":{"M":{}},"home":{"M":{}},"visits":{"L":[]}}`,
		`{"id":{"S":"d"},"zip":{"NULL":true},"sizes":{"NULL":true},"home":{"NULL":true},"visits":{"NULL":true}}`)
	f.with(func(n *node.Node) {
		for _, changes := range []bool{false, true} {
			r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{Changes: changes})
			if !r[0].Clean() || r[0].Lake != 4 || r[0].StoreSum != r[0].LakeSum {
				t.Errorf("got %+v", r[0])
			}
			if len(r[0].Skipped) != 0 {
				t.Errorf("changes %t: skipped are %q", changes, r[0].Skipped)
			}
		}
	})
	for field, change := range map[string][2]string{
		"zip":    {"äöü12", "äöx12"},
		"born":   {"1990-01-01", "2020-01-01"},
		"sizes":  {`"a":{"N":"1"}`, `"a":{"N":"3"}`},
		"home":   {"Tarn", "Turn"},
		"visits": {`"N":"1.5"`, `"N":"1.51"`},
	} {
		f.store(func(s *embedded.Store) {
			item := mustItem(t, strings.Replace(whole, change[0], change[1], 1))
			if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Put, Table: "nests", Item: item}); err != nil {
				t.Fatal(err)
			}
		})
		f.forget()
		f.with(func(n *node.Node) {
			r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{})
			if r[0].Different != 1 || len(r[0].Differences) != 1 || r[0].Differences[0].Field != field {
				t.Errorf("%s: got %+v", field, r[0])
			}
		})
	}
}
