package node_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/verify"
)

const enoughForABase = 21_000

// TestABaseBeforeQuestions: a question about current state costs more than it may where all of it lies above the base. So a
// backfill merges what it has landed before it looks for what is gone, and a tool first merges what a process that was killed
// did not come to.
func TestABaseBeforeQuestions(t *testing.T) {
	t.Parallel()
	based := func(n *node.Node) int64 {
		s := mustDo[node.Status](t, n, "status", struct{}{})
		i := slices.IndexFunc(s.Tables, func(t node.TableStatus) bool { return t.Name == "things_base" })
		return s.Tables[i].Rows
	}
	all := map[string]string{}
	for i := range enoughForABase {
		all[fmt.Sprintf("t%05d", i)] = fmt.Sprint(i)
	}
	t.Run("a backfill", func(t *testing.T) {
		t.Parallel()
		f := newThings(t, "int64")
		f.put(all)
		f.with(func(n *node.Node) {
			done := mustDo[node.Backfilled](t, n, "backfill", node.BackfillArgs{Dataset: "things", Scan: true})
			if rows := based(n); rows != enoughForABase || done.Landed != enoughForABase || done.Absent != 0 || done.Moved != 0 {
				t.Errorf("the base holds %d rows after %+v", rows, done)
			}
		})
	})
	t.Run("a tool after a kill", func(t *testing.T) {
		t.Parallel()
		f := newThings(t, "int64")
		f.put(all)
		f.with(func(n *node.Node) { mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}) })
		f.with(func(n *node.Node) {
			r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{})
			if !r[0].Clean() || r[0].Pin.Through == 0 {
				t.Errorf("got %+v", r[0])
			}
		})
	})
}
