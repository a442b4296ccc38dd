package node_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/backup"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
)

// stations is a data folder under a load of numbered records, of which each has a key of its own.
type stations struct {
	t            *testing.T
	schema, data string
	hook         func(step, path string) error
	written      atomic.Int64
}

func newStations(t *testing.T) *stations {
	t.Helper()
	s := &stations{t: t, schema: t.TempDir(), data: filepath.Join(t.TempDir(), "data")}
	if err := os.WriteFile(filepath.Join(s.schema, "stations.yaml"), []byte(stationsYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// open returns a node over a folder; nothing runs.
func (s *stations) open(data string) *node.Node {
	s.t.Helper()
	settings := mustSettings(s.t, data, s.schema)
	settings.CommitEvery = 20 * time.Millisecond
	n, err := node.Open(s.t.Context(), settings, node.Options{BackupHook: func(step, path string) error {
		if s.hook != nil {
			return s.hook(step, path)
		}
		return nil
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// work runs the node and writes records all the time until stop, which returns how many there are.
func (s *stations) work(n *node.Node) (stop func() int64) {
	ctx, cancel := context.WithCancel(context.Background())
	writing, end := context.WithCancel(context.Background())
	var runs, writes errgroup.Group
	runs.Go(func() error { return n.Run(ctx) })
	writes.Go(func() error {
		for writing.Err() == nil {
			if err := s.write(n, 20); err != nil {
				return err
			}
		}
		return nil
	})
	return func() int64 {
		end()
		err := errors.Join(writes.Wait(), n.Settled(s.t.Context()))
		cancel()
		if err := errors.Join(err, runs.Wait()); err != nil && !errors.Is(err, context.Canceled) {
			s.t.Errorf("stop: %v", err)
		}
		return s.written.Load()
	}
}

func (s *stations) write(n *node.Node, count int) error {
	var all []embedded.Bulk
	for range count {
		i := s.written.Load() + int64(len(all)) + 1
		all = append(all, embedded.Bulk{At: time.Now(), Actions: []ingest.Action{{Kind: ingest.Put, Table: "stations", Item: record.Item{
			"id": record.String(fmt.Sprintf("s%07d", i)), "area": record.String([]string{"north", "south"}[i%2]), "n": record.Number(fmt.Sprint(i)),
		}}}})
	}
	if err := n.WriteBulk(context.Background(), all); err != nil {
		return err
	}
	s.written.Add(int64(count))
	return nil
}

// until returns once so many records are written.
func (s *stations) until(count int64) {
	s.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.written.Load() < count {
		select {
		case <-tick.C:
		case <-s.t.Context().Done():
			s.t.Fatal("the writes have stopped")
		}
	}
}

func (s *stations) backup(n *node.Node, dir string) (backup.Report, error) {
	var r backup.Report
	err := n.Do(s.t.Context(), "backup", node.BackupArgs{Dir: dir}, &r, node.Silent)
	return r, err
}

// numbers returns how many rows the lake's history has, how many identities, and the highest number.
func (s *stations) numbers(n *node.Node) (rows, keys, highest int64) {
	s.t.Helper()
	var table node.Table
	err := n.Do(s.t.Context(), "sql", node.SQLArgs{SQL: "SELECT count(*), count(DISTINCT id), coalesce(max(n), 0) FROM stations_changes", CSV: true}, &table, node.Silent)
	if err != nil {
		s.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(table.CSV), "\r\n")
	if _, err := fmt.Sscanf(lines[1], "%d,%d,%d", &rows, &keys, &highest); err != nil {
		s.t.Fatalf("%q: %v", table.CSV, err)
	}
	return rows, keys, highest
}

// restored checks what was restored: the lake is a prefix of the store's changes, catches up, and goes on exactly once.
func (s *stations) restored(dir string, least int64) {
	s.t.Helper()
	target := filepath.Join(s.t.TempDir(), "restored")
	if _, err := backup.Restore(s.t.Context(), dir, target, backup.Options{}); err != nil {
		s.t.Fatal(err)
	}
	n := s.open(target)
	defer n.Close(context.Background())
	rows, keys, highest := s.numbers(n)
	if rows != keys {
		s.t.Errorf("the restored lake has %d rows of %d records", rows, keys)
	}
	before := s.written.Load()
	if err := s.write(n, 100); err != nil { // numbers that no record had when the backup was made
		s.t.Fatal(err)
	}
	stop := s.work(n)
	after := stop() - before
	for _, changes := range []bool{false, true} {
		mustTell(s.t, n, "verify", node.VerifyArgs{Changes: changes}, `"differences":[]`)
	}
	mustTell(s.t, n, "holes", struct{}{}, `[]`)
	now, keys, _ := s.numbers(n)
	if now != keys || now-after < least || now-after < rows || now-after > before {
		s.t.Errorf("after %d more writes there are %d rows of %d records; %d were acknowledged before the backup, %d rows restored up to %d, %d written in all",
			after, now, keys, least, rows, highest, before)
	}
}

// TestBackupUnderWrites backs up while records are written, stops one backup in the middle and fills the disk of another;
// each finished backup restores to a prefix of the truth, and goes on.
func TestBackupUnderWrites(t *testing.T) {
	t.Parallel()
	s := newStations(t)
	n := s.open(s.data)
	defer n.Close(context.Background())
	stop := s.work(n)
	s.until(500)

	dir := filepath.Join(t.TempDir(), "backup")
	copied := 0
	killed := errors.New("killed")
	s.hook = func(string, string) error {
		if copied++; copied > 12 {
			return killed
		}
		return nil
	}
	if _, err := s.backup(n, dir); !errors.Is(err, killed) {
		t.Fatalf("got %v", err)
	}
	if _, err := backup.Restore(t.Context(), dir, t.TempDir(), backup.Options{}); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("restore of half a backup: %v", err)
	}

	s.hook = nil
	acknowledged := s.written.Load()
	first, err := s.backup(n, dir)
	if err != nil || !first.Resumed || first.Copied == 0 {
		t.Fatalf("got %+v, %v", first, err)
	}
	s.restoredWhileWriting(dir, acknowledged)

	s.hook = func(step, path string) error {
		if step == "sync" && strings.HasPrefix(path, "store/") {
			return &os.PathError{Op: "sync", Path: path, Err: syscall.ENOSPC}
		}
		return nil
	}
	s.until(s.written.Load() + 500)
	if _, err := s.backup(n, dir); !fault.Is(err, fault.Full) || !strings.Contains(err.Error(), "store/") {
		t.Errorf("a full disk: got %v", err)
	}
	s.hook = nil
	if _, err := backup.Check(t.Context(), dir, backup.Options{}); err != nil {
		t.Errorf("the backup before is no longer whole: %v", err)
	}

	acknowledged = stop()
	second, err := s.backup(n, dir)
	if err != nil || !second.Resumed || second.Copied >= second.Files {
		t.Fatalf("got %+v, %v", second, err)
	}
	third, err := s.backup(n, dir)
	if err != nil || third.Resumed || third.Copied > 10 {
		t.Errorf("nothing was written since, and %d of %d files were copied again, %v", third.Copied, third.Files, err)
	}
	s.restored(dir, acknowledged)
}

// TestABackupsLakeIsBehindItsStore: what is written and committed between the two is in the store's part alone. Were the lake
// ahead, the restored store would give the same numbers again, to changes that the lake then takes for old ones.
func TestABackupsLakeIsBehindItsStore(t *testing.T) {
	t.Parallel()
	s := newStations(t)
	n := s.open(s.data)
	defer n.Close(context.Background())
	stop := s.work(n)
	s.until(200)
	acknowledged, taken := int64(0), []string{}
	s.hook = func(step, path string) error {
		if step != "take" {
			return nil
		}
		if taken = append(taken, path); len(taken) < 2 {
			return nil
		}
		acknowledged = stop() // everything is in the lake
		return nil
	}
	dir := filepath.Join(t.TempDir(), "backup")
	if _, err := s.backup(n, dir); err != nil || len(taken) != 2 {
		t.Fatalf("%v was taken: %v", taken, err)
	}
	s.hook = nil
	s.restored(dir, acknowledged)
}

// restoredWhileWriting checks a backup against a folder that goes on: the restored one only has what was there.
func (s *stations) restoredWhileWriting(dir string, least int64) {
	s.t.Helper()
	target := filepath.Join(s.t.TempDir(), "restored")
	if _, err := backup.Restore(s.t.Context(), dir, target, backup.Options{}); err != nil {
		s.t.Fatal(err)
	}
	n := s.open(target)
	defer n.Close(context.Background())
	before, _, _ := s.numbers(n)
	mustTell(s.t, n, "verify", node.VerifyArgs{Changes: true}, `"differences":[]`) // runs until the lake has caught up
	mustTell(s.t, n, "verify", node.VerifyArgs{}, `"differences":[]`)
	rows, keys, highest := s.numbers(n)
	if rows != keys || rows != highest || rows < least || rows < before || highest > s.written.Load() {
		s.t.Errorf("%d rows of %d records up to %d; %d at first, %d acknowledged", rows, keys, highest, before, least)
	}
}

func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	s := newStations(t)
	n := s.open(s.data)
	defer n.Close(context.Background())
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "thesis.tex"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	other := newStations(t)
	o := other.open(other.data)
	defer o.Close(context.Background())
	dir := filepath.Join(t.TempDir(), "of another")
	if _, err := other.backup(o, dir); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, dir, want string }{
		{"a folder with something else", full, "holds thesis.tex and no backup"},
		{"a folder inside", filepath.Join(s.data, "backup"), "is inside the data folder"},
		{"another folder's backups", dir, "backups of another data folder"},
	} {
		if _, err := s.backup(n, c.dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	if _, err := other.backup(o, dir); err != nil {
		t.Errorf("after a refusal: %v", err)
	}
}
