package node_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/load"
	"github.com/tarn-lake/tarn/processors/verify"
)

// thingsFolder is a data folder with the dataset things, whose n has a type that may change.
type thingsFolder struct {
	tb            testing.TB
	data, schemas string
}

func newThings(tb testing.TB, typ string) *thingsFolder {
	tb.Helper()
	f := &thingsFolder{tb, filepath.Join(tb.TempDir(), "data"), tb.TempDir()}
	f.retype(typ)
	mustFolder(tb, mustSettings(tb, f.data, f.schemas))
	return f
}

func (f *thingsFolder) retype(typ string) {
	f.tb.Helper()
	text := strings.Replace(things, "{name: n, type: int64}", "{name: n, type: "+typ+"}", 1)
	if err := os.WriteFile(filepath.Join(f.schemas, "things.yaml"), []byte(text), 0o600); err != nil {
		f.tb.Fatal(err)
	}
}

// put writes things by id.
func (f *thingsFolder) put(all map[string]string) {
	f.tb.Helper()
	var writes []embedded.Bulk
	for id, n := range all {
		item := record.Item{"id": record.String(id), "n": record.Number(n)}
		writes = append(writes, embedded.Bulk{At: time.Now(), Actions: []ingest.Action{{Kind: ingest.Put, Table: "shop_things", Item: item}}})
	}
	f.store(func(s *embedded.Store) {
		if err := s.WriteBulk(f.tb.Context(), writes); err != nil {
			f.tb.Fatal(err)
		}
	})
}

// with does something with a node over the folder.
func (f *thingsFolder) with(do func(n *node.Node)) {
	f.tb.Helper()
	n, err := node.Open(f.tb.Context(), mustSettings(f.tb, f.data, f.schemas), node.Options{})
	if err != nil {
		f.tb.Fatal(err)
	}
	do(n)
	if err := n.Close(f.tb.Context()); err != nil {
		f.tb.Fatal(err)
	}
}

func mustDo[R any](tb testing.TB, n *node.Node, name string, args any) (r R) {
	tb.Helper()
	if err := n.Do(tb.Context(), name, args, &r, node.Silent); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return r
}

// TestQuarantineIsReplayedAndDiscarded parks numbers that do not fit, widens their column, and reads them again.
func TestQuarantineIsReplayedAndDiscarded(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int32")
	f.put(map[string]string{"fits": "7", "large": "5000000000", "larger": "6000000000", "half": "0.5"})
	f.with(func(n *node.Node) {
		r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{Changes: true})
		if r[0].Quarantined != 3 || r[0].Missing != 0 || r[0].Lake != 1 {
			t.Errorf("got %+v", r[0])
		}
		again := mustDo[node.Replayed](t, n, "quarantine.replay", node.QuarantineArgs{})
		if again.Read != 3 || again.Still != 3 || len(again.Why) != 3 {
			t.Errorf("before anything was mended: got %+v", again)
		}
		if bad := mustDo[[]node.Bad](t, n, "quarantine.list", node.QuarantineArgs{}); len(bad) != 3 {
			t.Errorf("got %+v", bad)
		}
	})
	f.retype("int64")
	f.with(func(n *node.Node) {
		again := mustDo[node.Replayed](t, n, "quarantine.replay", node.QuarantineArgs{})
		if again.Read != 3 || again.Replayed != 2 || again.Still != 1 {
			t.Errorf("got %+v", again)
		}
		bad := mustDo[[]node.Bad](t, n, "quarantine.list", node.QuarantineArgs{Dataset: "things"})
		if len(bad) != 1 {
			t.Fatalf("got %+v", bad)
		}
		r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{Changes: true})
		if r[0].Quarantined != 1 || !r[0].Clean() || r[0].Lake != 3 {
			t.Errorf("got %+v", r[0])
		}
		if again := mustDo[node.Replayed](t, n, "quarantine.replay", node.QuarantineArgs{To: bad[0].At}); again.Read != 0 {
			t.Errorf("records of another time are replayed: %+v", again)
		}
		err := n.Do(t.Context(), "quarantine.discard", node.QuarantineArgs{ID: bad[0].ID}, nil, node.Silent)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("discarded without a reason: %v", err)
		}
		for what, a := range map[string]node.QuarantineArgs{"half an id": {ID: "17"}, "another dataset": {Dataset: "thongs"}, "no time": {From: bad[0].At, To: bad[0].At}} {
			a.Why = "by mistake"
			if err := n.Do(t.Context(), "quarantine.discard", a, nil, node.Silent); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: got %v", what, err)
			}
			if left := mustDo[[]node.Bad](t, n, "quarantine.list", node.QuarantineArgs{}); len(left) != 1 {
				t.Fatalf("%s took all of the quarantine along", what)
			}
		}
		receipt := mustDo[node.Receipt](t, n, "quarantine.discard", node.QuarantineArgs{ID: bad[0].ID, Why: "a typing error"})
		text, err := os.ReadFile(filepath.Join(f.data, "lake", receipt.Name))
		if err != nil || !strings.Contains(string(text), bad[0].ID) || !strings.Contains(string(text), "a typing error") {
			t.Errorf("got %s, %v", text, err)
		}
		if r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{Changes: true}); r[0].Quarantined != 0 || r[0].Discarded != 1 || !r[0].Clean() {
			t.Errorf("what was discarded is missing: %+v", r[0])
		}
		if left := mustDo[[]node.Bad](t, n, "quarantine.list", node.QuarantineArgs{}); len(left) != 0 {
			t.Errorf("got %+v", left)
		}
	})
}

// TestRowsOfAFileAreReplayed: a row of a file that was set aside is read again by the columns that its file named, once
// the schema takes it: under its own identity, and once however often.
func TestRowsOfAFileAreReplayed(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"x.csv":   "n,id,note\n7,fits,\n5000000000,large,\"a,\nb\"\nmany,never,\n6000000000,larger,c\n",
		"x.jsonl": `{"n":7,"id":"fits"}` + "\n" + `{"n":5e9,"id":"large","note":"a,\nb"}` + "\n" + `{"n":"many","id":"never"}` + "\n" + `{"note":"c","id":"larger","n":6000000000}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newThings(t, "int32")
			file := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			f.with(func(n *node.Node) {
				if r := mustDo[load.Report](t, n, "load", node.LoadArgs{Path: file, Dataset: "things"}); r.Loaded != 1 || r.Bad != 3 {
					t.Errorf("got %+v", r)
				}
				if again := mustDo[node.Replayed](t, n, "quarantine.replay", node.QuarantineArgs{}); again.Read != 3 || again.Still != 3 {
					t.Errorf("before anything was mended: got %+v", again)
				}
			})
			f.retype("int64")
			f.with(func(n *node.Node) {
				for round, want := range []node.Replayed{{Read: 3, Replayed: 2, Still: 1}, {Read: 1, Still: 1}} {
					got := mustDo[node.Replayed](t, n, "quarantine.replay", node.QuarantineArgs{})
					if len(got.Why) != 1 || !strings.Contains(got.Why[0], "not a number") {
						t.Errorf("round %d: why is %q", round, got.Why)
					}
					if got.Why = nil; !reflect.DeepEqual(got, want) {
						t.Errorf("round %d: got %+v, want %+v", round, got, want)
					}
					rows := mustDo[node.Table](t, n, "sql", node.SQLArgs{SQL: "SELECT id, n, ltrim(_seq, '0'), _extra FROM things_changes ORDER BY n"})
					const there = `["fits",7,"1",null],["large",5000000000,"2","{\"note\":{\"S\":\"a,\\nb\"}}"],["larger",6000000000,"4","{\"note\":{\"S\":\"c\"}}"]`
					if text := strings.Join(strings.Fields(string(rows.JSON)), ""); !strings.Contains(text, there) {
						t.Errorf("round %d: got %s, want %s", round, text, there)
					}
				}
				if r := mustDo[load.Report](t, n, "load", node.LoadArgs{Path: file, Dataset: "things"}); r.Before != 4 || r.Loaded+r.Bad != 0 {
					t.Errorf("loaded again: got %+v", r)
				}
			})
		})
	}
}
