package embedded_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// weather decides what the disk answers.
type weather struct {
	bad    atomic.Pointer[func(op, path string) error]
	struck chan struct{} // gets a value when a change of a file fails
}

func newWeather() *weather { return &weather{struck: make(chan struct{}, 1)} }

func (w *weather) inject(op, path string) error {
	f := w.bad.Load()
	if f == nil {
		return nil
	}
	err := (*f)(op, path)
	if err != nil {
		select {
		case w.struck <- struct{}{}:
		default:
		}
	}
	return err
}

func (w *weather) turn(f func(op, path string) error) { w.bad.Store(&f) }

func (w *weather) clear() { w.bad.Store(nil) }

// always fails all that writes bytes.
func always(err error) func(op, path string) error {
	return func(op, _ string) error {
		if op == "write" || op == "sync" || op == "create" {
			return err
		}
		return nil
	}
}

func pass(n int) ingest.Action {
	id := fmt.Sprintf("p%06d", n)
	return ingest.Action{Kind: ingest.Put, Table: "passes", Item: record.Item{"id": record.String(id), "text": record.String(strings.Repeat("x", 900))}}
}

func wantPass(t testing.TB, s *embedded.Store, n int) {
	t.Helper()
	if _, err := s.Get(context.Background(), "passes", ingest.Key{Partition: pass(n).Item["id"]}); err != nil {
		t.Errorf("pass %d: %v", n, err)
	}
}

// untilKept writes until the store takes it again.
func untilKept(t testing.TB, s *embedded.Store, n int) {
	t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.Write(context.Background(), pass(n))
		if err == nil {
			return
		}
		select {
		case <-limit.C:
			t.Fatalf("the store does not come back: %v", err)
		case <-tick.C:
		}
	}
}

func TestFullDiskPasses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"full", syscall.ENOSPC, fault.Full},
		{"quota", syscall.EDQUOT, fault.Full},
		{"read-only", syscall.EROFS, fault.ReadOnly},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWeather()
			dir := t.TempDir()
			s := reopen(t, dir, embedded.Options{Inject: w.inject})
			must(t, s.Write(context.Background(), pass(1)))
			w.turn(always(&os.PathError{Op: "write", Path: "x", Err: c.err}))
			var wg sync.WaitGroup
			for n := range 8 {
				wg.Go(func() {
					if err := s.Write(context.Background(), pass(10+n)); !fault.Is(err, c.want) {
						t.Errorf("a write in the bad moment: %v", err)
					}
				})
			}
			wg.Wait()
			if err := s.Write(context.Background(), pass(2)); !fault.Is(err, c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("a write after it: %v", err)
			}
			wantPass(t, s, 1)
			w.clear()
			untilKept(t, s, 3)
			wantPass(t, s, 1)
			must(t, s.Close())
			s = reopen(t, dir, embedded.Options{})
			wantPass(t, s, 1)
			wantPass(t, s, 3)
			verifyFeed(t, s, itemsOf(t, s))
		})
	}
}

func TestFullDiskWhileTablesAreWritten(t *testing.T) {
	t.Parallel()
	w := newWeather()
	dir := t.TempDir()
	s := reopen(t, dir, embedded.Options{Inject: w.inject, Memtable: 256 << 10})
	w.turn(func(_, path string) error {
		if filepath.Ext(path) == ".sst" {
			return syscall.ENOSPC
		}
		return nil
	})
	kept := 0
	for err := error(nil); err == nil && kept < 20_000; kept++ {
		if err = s.Write(context.Background(), pass(kept)); err != nil && !fault.Is(err, fault.Full) {
			t.Fatal(err)
		}
	}
	<-w.struck
	wantPass(t, s, 0)
	w.clear()
	untilKept(t, s, 30_000)
	for n := 0; n < kept-1; n += 50 {
		wantPass(t, s, n)
	}
	verifyFeed(t, s, itemsOf(t, s))
}

func TestBrokenDiskIsNotTrusted(t *testing.T) {
	t.Parallel()
	w := newWeather()
	dir := t.TempDir()
	s := reopen(t, dir, embedded.Options{Inject: w.inject})
	must(t, s.Write(context.Background(), pass(1)))
	w.turn(func(op, _ string) error {
		if op == "sync" {
			return syscall.EIO
		}
		return nil
	})
	if err := s.Write(context.Background(), pass(2)); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("a write whose sync failed: %v", err)
	}
	w.clear()
	// The kernel may have dropped what it could not write: syncing again would prove nothing.
	if err := s.Write(context.Background(), pass(3)); err == nil || fault.Of(err).Retryable() {
		t.Errorf("a write after it: %v", err)
	}
	wantPass(t, s, 1)
	page, err := s.Scan(context.Background(), ingest.Scan{Table: "passes"})
	if err != nil || len(page.Items) == 0 {
		t.Errorf("scan: %v", err)
	}
	must(t, s.Close())
	s = reopen(t, dir, embedded.Options{})
	wantPass(t, s, 1)
	must(t, s.Write(context.Background(), pass(3)))
}

func TestCloseWhileFull(t *testing.T) {
	t.Parallel()
	w := newWeather()
	dir := t.TempDir()
	s := reopen(t, dir, embedded.Options{Inject: w.inject, Memtable: 256 << 10})
	must(t, s.Write(context.Background(), pass(1)))
	w.turn(always(syscall.ENOSPC))
	if err := s.Write(context.Background(), pass(2)); !fault.Is(err, fault.Full) {
		t.Error(err)
	}
	must(t, s.Close())
	s = reopen(t, dir, embedded.Options{})
	wantPass(t, s, 1)
}

func TestLittleRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := reopen(t, dir, embedded.Options{})
	must(t, s.Write(context.Background(), pass(1)))
	must(t, s.Close())
	s = reopen(t, dir, embedded.Options{MinFree: 1 << 60})
	err := s.Write(context.Background(), pass(2))
	if !fault.Is(err, fault.Full) || !strings.Contains(err.Error(), "MB are free") {
		t.Errorf("write: %v", err)
	}
	wantPass(t, s, 1)
	if n, err := s.Trim(context.Background(), time.Now().Add(100*time.Hour)); n != 1 || err != nil {
		t.Errorf("what makes room goes on: %d, %v", n, err)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := reopen(t, dir, embedded.Options{})
	must(t, s.Write(context.Background(), pass(1)))
	must(t, s.Close())
	for _, c := range []struct {
		name string
		err  error
		want fault.Kind
	}{{"read-only", syscall.EROFS, fault.ReadOnly}, {"full", syscall.ENOSPC, fault.Full}} {
		w := newWeather()
		w.turn(always(c.err))
		s := reopen(t, dir, embedded.Options{Inject: w.inject})
		wantPass(t, s, 1)
		verifyFeed(t, s, itemsOf(t, s))
		if err := s.Write(context.Background(), pass(2)); !fault.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		must(t, s.Close())
	}
	w := newWeather()
	w.turn(func(_, _ string) error { return syscall.EROFS })
	if s, err := embedded.Open(filepath.Join(dir, "none"), nil, embedded.Options{Inject: w.inject}); err == nil {
		t.Errorf("there was nothing to read, but it opened: %v", s.Close())
	} else if !fault.Is(err, fault.ReadOnly) {
		t.Errorf("no folder can be made: %v", err)
	}
}

func TestOpenTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	reopen(t, dir, embedded.Options{})
	if _, err := embedded.Open(dir, nil, embedded.Options{}); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
}

// TestSmallDisk fills a real disk. Point the variable at a folder on a disk of some 100 MB, such as a tmpfs.
func TestSmallDisk(t *testing.T) {
	t.Parallel()
	small := os.Getenv("TARN_SMALL_DISK")
	if small == "" {
		t.Skip("TARN_SMALL_DISK not set")
	}
	dir := filepath.Join(small, "store")
	for _, minFree := range []int64{16 << 20, -1} {
		must(t, os.RemoveAll(dir))
		s := reopen(t, dir, embedded.Options{Memtable: 4 << 20, MinFree: minFree})
		var kept atomic.Int64
		var wg sync.WaitGroup
		for g := range 16 {
			wg.Go(func() {
				for i := 0; ; i++ {
					err := s.Write(context.Background(), pass(g*100_000+i))
					if fault.Is(err, fault.Full) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					kept.Add(1)
				}
			})
		}
		wg.Wait()
		wantPass(t, s, 0)
		t.Logf("reserve %d: %d writes until full", minFree, kept.Load())
		if err := s.Write(context.Background(), pass(1)); !fault.Is(err, fault.Full) {
			t.Error(err)
		}
		must(t, s.Close())
		s = reopen(t, dir, embedded.Options{Memtable: 4 << 20, MinFree: minFree})
		if got := len(itemsOf(t, s)); got < int(kept.Load()) {
			t.Errorf("%d items, but %d writes were answered", got, kept.Load())
		}
		must(t, s.Close())
	}
}

func itemsOf(t testing.TB, s *embedded.Store) map[string]record.Item {
	t.Helper()
	items := map[string]record.Item{}
	for _, it := range scanAll(t, s, "passes") {
		items[it["id"].Text] = it
	}
	return items
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
