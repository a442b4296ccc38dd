package node_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/verify"
)

// newHeldBack returns a folder whose quarantine holds the newest changes of three records: of a new one, of one that was
// changed once, and of one that was changed twice.
func newHeldBack(tb testing.TB) *thingsFolder {
	tb.Helper()
	f := newThings(tb, "int32")
	for _, all := range []map[string]string{{"fine": "1", "once": "2", "twice": "3"}, {"new": "5000000000", "once": "5000000001", "twice": "0.5"}, {"twice": "0.25"}} {
		f.put(all)
		f.with(func(n *node.Node) { mustDo[[]verify.Report](tb, n, "verify", node.VerifyArgs{}) })
	}
	return f
}

var withoutPlace = cmpopts.IgnoreFields(verify.Difference{}, "Shard", "Seq", "Record")

func mustState(tb testing.TB, n *node.Node) verify.Report {
	tb.Helper()
	return mustDo[[]verify.Report](tb, n, "verify", node.VerifyArgs{})[0]
}

// TestStateKnowsWhatIsHeldBack: records whose newest change is in quarantine, or was discarded, are neither missing nor
// different, and a repair leaves them alone.
func TestStateKnowsWhatIsHeldBack(t *testing.T) {
	t.Parallel()
	f := newHeldBack(t)
	f.with(func(n *node.Node) {
		r := mustState(t, n)
		want := []verify.Difference{{What: "in quarantine", Key: "new"}, {What: "in quarantine", Key: "once"}, {What: "in quarantine", Key: "twice"}}
		if diff := cmp.Diff(want, r.HeldBack, withoutPlace); diff != "" || !r.Clean() || r.Quarantined != 3 || r.Store != 4 || r.Lake != 3 {
			t.Errorf("got %+v: %s", r, diff)
		}
		for _, d := range r.HeldBack {
			bad := mustDo[node.Bad](t, n, "quarantine.show", node.QuarantineArgs{ID: d.Shard + ":" + d.Seq})
			if !strings.Contains(bad.Payload, `"`+d.Key+`"`) {
				t.Errorf("%s is held back by a change of another record: %s", d.Key, bad.Payload)
			}
		}
		for range 2 {
			m := mustDo[[]node.Repaired](t, n, "repair", node.RepairArgs{})[0]
			if m.Landed+m.Snapshots+m.Removed != 0 || len(m.Cannot) > 0 || !m.Clean() {
				t.Errorf("got %+v", m)
			}
		}
		list := mustDo[[]node.Bad](t, n, "quarantine.list", node.QuarantineArgs{})
		if len(list) != 4 {
			t.Fatalf("got %+v", list)
		}
		mustDo[node.Receipt](t, n, "quarantine.discard", node.QuarantineArgs{Why: "typing errors"})
		if r = mustState(t, n); !r.Clean() || r.Quarantined != 0 || r.Discarded != 3 || len(r.HeldBack) != 3 || r.HeldBack[0].What != "discarded" {
			t.Errorf("discarded: got %+v", r)
		}
		if c := mustDo[node.Certified](t, n, "certify", node.VerifyArgs{}); !strings.Contains(c.Certificate, `"discarded": 3`) {
			t.Errorf("the certificate does not say what was discarded: %s", c.Certificate)
		}
	})
}

// TestARecordBeforeWhatIsHeldBackIsCompared: the lake has to show what the record was before, whether the change is still
// in quarantine or was discarded.
func TestARecordBeforeWhatIsHeldBackIsCompared(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int32")
	f.put(map[string]string{"once": "2", "twice": "3", "removed": "4", "fine": "5"})
	f.with(func(n *node.Node) { mustState(t, n) })
	f.lose(map[string]string{"once": "77", "twice": "78", "new": "79"}, "removed")
	f.put(map[string]string{"once": "5000000000", "twice": "0.5", "new": "0.5", "removed": "0.5", "fine": "0.5"})
	f.put(map[string]string{"twice": "0.25"})
	want := []verify.Difference{
		{What: "missing", Key: "new"},
		{What: "different", Key: "once", Field: "n", Store: "77", Lake: "2"},
		{What: "extra", Key: "removed"},
		{What: "different", Key: "twice", Field: "n", Store: "78", Lake: "3"},
	}
	f.with(func(n *node.Node) {
		for _, discarded := range []bool{false, true} {
			if discarded {
				mustDo[node.Receipt](t, n, "quarantine.discard", node.QuarantineArgs{Why: "typing errors"})
				for i := range want {
					want[i].Field, want[i].Store, want[i].Lake = "", "", ""
				}
			}
			r := mustState(t, n)
			if diff := cmp.Diff(want, r.Differences, withoutPlace, cmpopts.IgnoreFields(verify.Difference{}, "Held")); diff != "" || r.Quarantined+r.Discarded != 1 {
				t.Errorf("discarded %t: got %+v: %s", discarded, r, diff)
			}
			for _, d := range r.Differences {
				if d.Held == "" {
					t.Errorf("discarded %t: it is not said what is held back of %q", discarded, d.Key)
				}
			}
		}
		if m := mustDo[[]node.Repaired](t, n, "repair", node.RepairArgs{})[0]; len(m.Cannot) != 4 || m.Snapshots+m.Removed != 0 || m.Clean() {
			t.Errorf("got %+v", m)
		}
	})
}
