package launchday_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/bench/launchday"
)

func TestLakeEqualsTheTruth(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	r, err := launchday.Run(t.Context(), launchday.Options{
		Changes: 30_000, Folder: folder, Keep: true, RingBytes: 8 << 20, Batch: 500, CommitBytes: 256 << 10, MergeBytes: 1 << 20, BaseRows: 5000,
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Changes != 30_000 || r.Rows <= r.Changes || r.Commits < 3 || r.Merges == 0 || len(r.Checks) != 6 {
		t.Errorf("got %+v", r)
	}
	for _, c := range r.Checks {
		if !c.Holds() {
			t.Errorf("%s, %s: %s", c.What, c.Reader, strings.Join(c.Wrong, "; "))
		}
		if c.Rows == 0 || c.Fees == 0 || c.Groups < 10 {
			t.Errorf("%s, %s: got %+v, which says little", c.What, c.Reader, c)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "lake")); err != nil {
		t.Errorf("the lake was to be kept: %v", err)
	}
	if _, err := launchday.Run(t.Context(), launchday.Options{Changes: 1000, Folder: folder, RingBytes: 8 << 20}); err == nil {
		t.Error("a second run in a folder with a lake: got no error")
	}
}
