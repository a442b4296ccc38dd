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
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/verify"
)

const membersYAML = `stream: members
table: members
key: {partition: id}
fields:
  - {name: id, type: string}
  - {name: day, type: date}
  - {name: born, type: date, privacy: {rule: band, bands: [18, 65]}}
  - {name: joined, type: timestamp, privacy: {rule: band, bands: [1, 10]}}
region: {from: constant, value: all}
date: {from: field, field: day}
history: {keep: 30d}
`

// membersFolder is a data folder of members.
type membersFolder struct{ *thingsFolder }

func newMembers(tb testing.TB, yaml string) membersFolder {
	tb.Helper()
	f := membersFolder{&thingsFolder{tb, filepath.Join(tb.TempDir(), "data"), tb.TempDir()}}
	f.declare(yaml)
	mustFolder(tb, mustSettings(tb, f.data, f.schemas))
	return f
}

func (f membersFolder) declare(yaml string) {
	f.tb.Helper()
	if err := os.WriteFile(filepath.Join(f.schemas, "members.yaml"), []byte(yaml), 0o600); err != nil {
		f.tb.Fatal(err)
	}
}

// join writes a member at an instant.
func (f membersFolder) join(at time.Time, id, born, joined string) {
	f.tb.Helper()
	item := record.Item{"id": record.String(id), "day": record.String(at.UTC().Format(time.DateOnly))}
	for name, text := range map[string]string{"born": born, "joined": joined} {
		if text != "" {
			item[name] = record.String(text)
		}
	}
	f.store(func(s *embedded.Store) {
		err := s.WriteBulk(f.tb.Context(), []embedded.Bulk{{At: at, Actions: []ingest.Action{{Kind: ingest.Put, Table: "members", Item: item}}}})
		if err != nil {
			f.tb.Fatal(err)
		}
	})
}

func (f membersFolder) state() (r verify.Report) {
	f.tb.Helper()
	f.with(func(n *node.Node) { r = mustState(f.tb, n) })
	return r
}

// csv answers a question about the lake.
func (f membersFolder) csv(sql string) (text string) {
	f.tb.Helper()
	f.with(func(n *node.Node) {
		text = mustDo[node.Table](f.tb, n, "sql", node.SQLArgs{SQL: sql, CSV: true}).CSV
	})
	return strings.TrimSpace(text)
}

// based merges the base, from whose files state is read then, because there is history to be dropped.
func (f membersFolder) based() {
	f.tb.Helper()
	f.with(func(n *node.Node) { mustDo[[]compact.Retained](f.tb, n, "retain", node.RetainArgs{}) })
}

// damage changes the age bands of a member in every file of a table, and their sizes with them.
func (f membersFolder) damage(table, id, band string) {
	f.tb.Helper()
	registry, err := node.LoadSchemas(f.schemas)
	if err != nil {
		f.tb.Fatal(err)
	}
	v := newVandalOf(f.tb, f.data, registry, "members")
	var paths []string
	err = filepath.WalkDir(filepath.Join(f.data, "lake", "tables", table), func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".parquet") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		f.tb.Fatal(err)
	}
	changed := 0
	for _, path := range paths {
		file := tables.File{Path: path}
		b := v.read(file)
		for row := range b.Rows() {
			if string(b.Leaf("id").BytesAt(row)) == id {
				copy(b.Leaf("born").BytesAt(row), band)
				changed++
			}
		}
		_, body := v.encode(file, b)
		if err := os.WriteFile(path, body, 0o600); err != nil {
			f.tb.Fatal(err)
		}
	}
	if changed == 0 {
		f.tb.Fatalf("no row of %s in %s", id, table)
	}
}

// TestAgeBandsInTheLake: current state is compared in its age bands too, as of the instant at which each row was written. One that
// time alone would have moved is none that differs; one that was changed by hand is named, wherever it is read from, and repaired.
func TestAgeBandsInTheLake(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"members_base", "members_changes"} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			f := newMembers(t, membersYAML)
			then, birthday := time.Now().UTC().AddDate(-6, 0, 0), time.Now().UTC().AddDate(-20, 0, 0).Format(time.DateOnly)
			f.join(then, "young", birthday, then.Add(-time.Hour).Format(time.RFC3339))
			f.join(then, "old", "1930-01-01", "1990-01-01T00:00:00Z")
			f.join(time.Now(), "now", birthday, "")
			f.join(time.Now(), "nobody", "", "")
			f.state() // everything lands and is committed
			if table == "members_base" {
				f.based()
			}
			check := func(when, want string) {
				t.Helper()
				if r := f.state(); !r.Clean() || r.StoreSum != r.LakeSum || r.Lake != 4 || len(r.Skipped) != 0 || r.Again != 0 {
					t.Errorf("%s: got %+v", when, r)
				}
				got := strings.ReplaceAll(f.csv("SELECT id, born, joined FROM members ORDER BY id"), "\r\n", " ")
				if !strings.HasSuffix(got, want) {
					t.Errorf("%s: got %s, want %s", when, got, want)
				}
			}
			check("at first", "nobody,, now,18-64, old,65+,10+ young,<18,<1")
			f.forget() // so that no change can be landed again
			f.damage(table, "now", "18-65")
			r := f.state()
			if r.Different != 1 || len(r.Differences) != 1 || r.Missing+r.Extra+r.Doubled != 0 {
				t.Fatalf("by hand: got %+v", r)
			}
			if d := r.Differences[0]; d.Key != "now" || d.Field != "born" || d.Store != "18-64" || d.Lake != "18-65" {
				t.Errorf("by hand: got %+v", d)
			}
			f.with(func(n *node.Node) {
				if m := mustDo[[]node.Repaired](t, n, "repair", node.RepairArgs{})[0]; !m.Clean() || m.Snapshots != 1 {
					t.Errorf("repair: got %+v", m)
				}
			})
			check("repaired", "nobody,, now,18-64, old,65+,10+ young,<18,<1")
		})
	}
}

// TestCertificatesOfStateTakeAgeBands: a certificate no longer stands once an age band is another.
func TestCertificatesOfStateTakeAgeBands(t *testing.T) {
	t.Parallel()
	f := newMembers(t, membersYAML)
	f.join(time.Now(), "now", "1990-01-01", "")
	var c node.Certified
	f.with(func(n *node.Node) { c = mustDo[node.Certified](t, n, "certify", node.VerifyArgs{}) })
	check := func(want bool) {
		t.Helper()
		f.with(func(n *node.Node) {
			k := mustDo[[]node.Checked](t, n, "certificate", node.CertificateArgs{Certificate: c.Certificate})
			if len(k) != 1 || k[0].Same != want || k[0].Is != 1 {
				t.Errorf("got %+v, want the same: %t", k, want)
			}
		})
	}
	check(true)
	f.damage("members_changes", "now", "18-65")
	check(false)
}

// TestAnAdoptedAgeIsOfTheTimeOfItsChange: the history of a field that the schema did not know has the bands that it would
// have had.
func TestAnAdoptedAgeIsOfTheTimeOfItsChange(t *testing.T) {
	t.Parallel()
	for _, based := range []bool{false, true} {
		testAdoptedAge(t, based)
	}
}

func testAdoptedAge(t *testing.T, based bool) {
	f := newMembers(t, strings.Replace(membersYAML, "  - {name: born, type: date, privacy: {rule: band, bands: [18, 65]}}\n", "", 1))
	then, birthday := time.Now().UTC().AddDate(-6, 0, 0), time.Now().UTC().AddDate(-20, 0, 0).Format(time.DateOnly)
	f.join(then, "then", birthday, "")
	f.join(time.Now(), "now", birthday, "")
	f.join(time.Now(), "old", "1930-01-01", "")
	f.state()
	if based {
		f.based()
	}
	f.declare(membersYAML)
	f.with(func(n *node.Node) {
		if a := mustDo[compact.Adopted](t, n, "schema.adopt", node.AdoptArgs{Dataset: "members", Field: "born"}); a.Unfit != 0 {
			t.Errorf("got %+v", a)
		}
	})
	got := strings.ReplaceAll(f.csv("SELECT id, born FROM members ORDER BY id"), "\r\n", " ")
	if !strings.HasSuffix(got, "now,18-64 old,65+ then,<18") {
		t.Errorf("with a base, %t: got %s", based, got)
	}
	if r := f.state(); !r.Clean() || r.StoreSum != r.LakeSum {
		t.Errorf("got %+v", r)
	}
}
