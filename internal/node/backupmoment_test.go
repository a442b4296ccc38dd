package node_test

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/backup"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/node"
)

// TestNothingGoesDuringABackup: the tables of a backup are taken first and copied last. All that could be merged, expired and swept in
// between stays until the backup is done.
func TestNothingGoesDuringABackup(t *testing.T) {
	t.Parallel()
	s := newStations(t)
	n := s.open(s.data)
	defer n.Close(context.Background())
	stop := s.work(n)
	s.until(200)
	acknowledged := stop()
	if _, err := n.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	during := -1
	s.hook = func(step, part string) error {
		if step != "take" || part != "store" { // the lake is taken
			return nil
		}
		for range 25 { // until a table's metadata no longer names the file that was taken
			if err := s.write(n, 1); err != nil {
				return err
			}
			mustTell(t, n, "verify", node.VerifyArgs{}, `"differences":[]`) // runs until it is in the lake
		}
		mustDo[[]node.CompactResult](t, n, "compact", struct{}{})
		var err error
		during, err = n.Forget(t.Context())
		return err
	}
	dir := filepath.Join(t.TempDir(), "backup")
	if _, err := s.backup(n, dir); err != nil || during != 0 {
		t.Fatalf("during the backup %d snapshots and files went; %v", during, err)
	}
	s.hook = nil
	if gone, err := n.Forget(t.Context()); err != nil || gone == 0 {
		t.Errorf("after the backup %d snapshots and files went, %v: this test would not notice anything", gone, err)
	}
	s.restored(dir, acknowledged)
}

// TestABackupOfATornListing: batches land while a backup lists what has landed, and each listing lacks some of them. What the backup
// holds of the lane is its beginning, without a gap, so a restored folder has no hole that the original does not have.
func TestABackupOfATornListing(t *testing.T) {
	t.Parallel()
	s := newStations(t)
	s.landAlone()
	n := s.open(s.data)
	defer n.Close(context.Background())
	var chain []string // one lane's batches, in order
	calls := 0
	n.Listings(func(prefix string, found []fs.FileInfo) []fs.FileInfo {
		if prefix != lake.LandingDir+"/" {
			return found
		}
		calls++
		chain = longest(t, found)
		hidden := map[int][]string{
			1: append([]string{chain[0]}, chain[2:]...), // a page is read, the first two land, the next page is read; the others land later
			2: {chain[1]},
		}[calls]
		return slices.DeleteFunc(found, func(f fs.FileInfo) bool { return slices.Contains(hidden, f.Name()) })
	})
	dir := filepath.Join(t.TempDir(), "backup")
	if _, err := s.backup(n, dir); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "data")
	if _, err := backup.Restore(t.Context(), dir, target, backup.Options{}); err != nil {
		t.Fatal(err)
	}
	for i, name := range chain {
		_, err := os.Stat(filepath.Join(target, "lake", filepath.FromSlash(name)))
		if there := err == nil; there != (i == 0) {
			t.Errorf("batch %d of %d, %s: in the backup: %v", i+1, len(chain), name, there)
		}
	}
	s.restored(dir, s.written.Load())
}

// landAlone lands some batches of one lane at least, while no commit can be made.
func (s *stations) landAlone() {
	s.t.Helper()
	if err := s.open(s.data).Close(s.t.Context()); err != nil { // makes the tables
		s.t.Fatal(err)
	}
	settings := mustSettings(s.t, s.data, s.schema)
	settings.BatchLimit, settings.Faults = 5, filepath.Join(s.t.TempDir(), "faults.txt")
	if err := os.WriteFile(settings.Faults, []byte("table.publish - %1 fail transient"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	n, err := node.Open(s.t.Context(), settings, node.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer n.Close(context.Background())
	if err := s.write(n, 120); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		found, err := filepath.Glob(filepath.Join(s.data, "lake", lake.LandingDir, "*", "*", "*", "*-v*"))
		if err != nil {
			s.t.Fatal(err)
		}
		if len(found) >= 4*3 { // the store has four shards
			break
		}
		select {
		case <-tick.C:
		case err := <-done:
			s.t.Fatalf("nothing lands any more: %v", err)
		}
	}
	cancel()
	<-done // with the error of the last commit, as planned
}

// longest returns the keys of the lane with the most batches, in the order of what they hold.
func longest(t *testing.T, found []fs.FileInfo) (keys []string) {
	t.Helper()
	lanes := map[string][]string{}
	for _, f := range found {
		name, err := lake.ParseLandedName(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		lanes[name.Lane] = append(lanes[name.Lane], f.Name())
	}
	for _, lane := range slices.Sorted(maps.Keys(lanes)) {
		if len(lanes[lane]) > len(keys) {
			keys = lanes[lane]
		}
	}
	if len(keys) < 3 {
		t.Fatalf("no lane has three batches: %v", lanes)
	}
	slices.Sort(keys) // sequence numbers in names are of one length
	return keys
}
