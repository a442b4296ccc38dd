package node_test

import (
	"path/filepath"
	"testing"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/verify"
)

// mustVerify compares the passes of a folder.
func mustVerify(tb testing.TB, n *node.Node, a node.VerifyArgs) verify.Report {
	tb.Helper()
	var reports []verify.Report
	a.Datasets = []string{"passes"}
	if err := n.Do(tb.Context(), "verify", a, &reports, node.Silent); err != nil {
		tb.Fatal(err)
	}
	return reports[0]
}

// mustHistory returns a node over a folder with a history that was committed in several rounds.
func mustHistory(tb testing.TB, passes int) (*node.Node, string) {
	tb.Helper()
	data := filepath.Join(tb.TempDir(), "data")
	s := mustSettings(tb, data, "")
	mustFolder(tb, s)
	fill(tb, data, passes)
	mustRemove(tb, data, 5)
	n, err := node.Open(tb.Context(), s, node.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := n.Close(tb.Context()); err != nil {
			tb.Error(err)
		}
	})
	return n, data
}

func TestVerifyOfAHistory(t *testing.T) {
	t.Parallel()
	n, _ := mustHistory(t, 800)
	state := mustVerify(t, n, node.VerifyArgs{})
	if !state.Clean() || state.Store < 700 || state.StoreSum != state.LakeSum || state.Again != 0 {
		t.Errorf("state: got %+v", state)
	}
	changes := mustVerify(t, n, node.VerifyArgs{Changes: true})
	if !changes.Clean() || changes.Store != state.History || changes.StoreSum != changes.LakeSum || len(changes.Shards) == 0 {
		t.Errorf("changes: got %+v", changes)
	}
	part := mustVerify(t, n, node.VerifyArgs{Region: "dhaka"})
	if !part.Clean() || part.Store == 0 || part.Store >= state.Store || part.StoreSum != part.LakeSum {
		t.Errorf("one region: got %+v", part)
	}
	half := mustVerify(t, n, node.VerifyArgs{Changes: true, Region: "dhaka", From: changes.To.AddDate(0, 0, -1)})
	if !half.Clean() || half.Store == 0 || half.Store >= part.Store*2 || half.StoreSum != half.LakeSum {
		t.Errorf("changes of a day in one region: got %+v", half)
	}
}
