package compact_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/compact"
)

// metered counts what is read of the table's own files, and which spills there are.
type metered struct {
	*dir.Dir
	mu             sync.Mutex
	read           int64 // bytes of files that are no spills
	spills         map[string]int64
	now, most, all int64 // bytes of spills
	fail           func(key string) error
}

func isSpill(key string) bool { return strings.Contains(key, "/spill/") }

func (m *metered) Open(ctx context.Context, key string) (object, int64, error) {
	r, size, err := m.Dir.Open(ctx, key)
	if err != nil || isSpill(key) {
		return r, size, err
	}
	return meteredFile{r, m}, size, nil
}

type meteredFile struct {
	object
	m *metered
}

func (f meteredFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.object.ReadAt(p, at)
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.m.read += int64(n)
	return n, err
}

func (m *metered) Put(ctx context.Context, key string, body []byte) error {
	if err := m.failure(key); err != nil {
		return err
	}
	return m.Dir.Put(ctx, key, body)
}

func (m *metered) PutScratch(ctx context.Context, key string, body []byte) error {
	if err := m.failure(key); err != nil {
		return err
	}
	if !isSpill(key) {
		return fmt.Errorf("%s is no spill, and must be durable", key)
	}
	m.mu.Lock()
	m.spills[key] = int64(len(body))
	m.now, m.all = m.now+int64(len(body)), m.all+int64(len(body))
	m.most = max(m.most, m.now)
	m.mu.Unlock()
	return m.Dir.PutScratch(ctx, key, body)
}

func (m *metered) failure(key string) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(key)
}

func (m *metered) Delete(ctx context.Context, key string) error {
	m.mu.Lock()
	m.now -= m.spills[key]
	delete(m.spills, key)
	m.mu.Unlock()
	return m.Dir.Delete(ctx, key)
}

// closedDay is what became of a day of so many files: the sums of its files' bytes, sorted, and what it took.
type closedDay struct {
	*reservoir
	files *metered
	size  int64 // of the files that were merged
	sums  []string
}

func newClosedDay(t *testing.T, files int) *closedDay {
	t.Helper()
	return closedDayOf(t, newReservoir(t, files, 0))
}

func closedDayOf(t *testing.T, l *reservoir) *closedDay {
	t.Helper()
	d := &closedDay{reservoir: l, files: &metered{Dir: l.files.Dir, spills: map[string]int64{}}}
	for _, f := range d.snapshot(t) {
		d.size += f.Size
	}
	return d
}

// again returns a copy of the day.
func (d *closedDay) again(t *testing.T) *closedDay {
	t.Helper()
	root := filepath.Join(t.TempDir(), "lake")
	if err := os.CopyFS(root, os.DirFS(d.files.Root())); err != nil {
		t.Fatal(err)
	}
	return closedDayOf(t, openReservoir(t, root))
}

func (d *closedDay) snapshot(t *testing.T) []tables.File {
	t.Helper()
	snap, err := d.h.Changes.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := snap.Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// merge merges it; times is how often rows would be read, from which on they are spilled.
func (d *closedDay) merge(t *testing.T, times float64, workers int) error {
	t.Helper()
	_, err := compact.New(d.files, compact.Options{
		MemoryBytes: int64(workers) * 32 << 20, Workers: workers, Now: func() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) },
	}).Spilling(times, 16<<20).Merge(t.Context(), d.h)
	d.sums = nil
	for _, f := range d.snapshot(t) {
		d.sums = append(d.sums, d.sum(t, f.URL))
	}
	slices.Sort(d.sums)
	return err
}

func (d *closedDay) sum(t *testing.T, url string) string {
	t.Helper()
	key, err := lake.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	r, size, err := d.files.Dir.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	body, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(body))
}

// A day that does not fit the memory becomes the same files whether it is read range by range or by way of spills, of
// which some are there at a time and in the end none, and its files are then read once, and once or twice for their keys.
func TestADayIsReadOnceByWayOfSpills(t *testing.T) {
	t.Parallel()
	plain := newClosedDay(t, 4)
	t.Run("nothing stays of what failed", func(t *testing.T) { nothingStays(t, plain.again(t)) })
	days := map[int]*closedDay{1: plain.again(t), 3: plain.again(t)} // by workers
	if err := plain.merge(t, 30, 1); err != nil {
		t.Fatal(err)
	}
	if len(plain.sums) < 6 || plain.files.all > 0 {
		t.Fatalf("%d files, %d bytes spilled, where little is read twice: want more and none", len(plain.sums), plain.files.all)
	}
	for workers, d := range days {
		if err := d.merge(t, 4, workers); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain.sums, d.sums); diff != "" {
			t.Errorf("with %d workers: %s", workers, diff)
		}
		t.Logf("%d workers: a day of %d bytes, read %d (range by range %d), spilled %d, %d of it at once", workers, d.size, d.files.read, plain.files.read, d.files.all, d.files.most)
		if d.files.read > 4*d.size || 2*d.files.read > plain.files.read {
			t.Errorf("with %d workers %d bytes are read of %d; range by range it is %d", workers, d.files.read, d.size, plain.files.read)
		}
		if d.files.all == 0 || 4*d.files.most > 3*d.files.all || d.files.now != 0 {
			t.Errorf("with %d workers %d bytes were spilled, %d of them at once, and %d are left", workers, d.files.all, d.files.most, d.files.now)
		}
	}
}

// Whatever cannot be put, neither a spill nor a file stays, and the next merge does it all.
func nothingStays(t *testing.T, d *closedDay) {
	t.Helper()
	broken := errors.New("no disk")
	before := len(d.snapshot(t))
	for name, fails := range map[string]func(key string) bool{
		"a spill": isSpill,
		"a file":  func(key string) bool { return !isSpill(key) },
	} {
		var puts atomic.Int64
		d.files.fail = func(key string) error {
			if fails(key) && puts.Add(1) > 2 {
				return broken
			}
			return nil
		}
		if err := d.merge(t, 0, 2); !errors.Is(err, broken) {
			t.Fatalf("%s: %v", name, err)
		}
		if orphans, err := d.h.Changes.Orphans(t.Context(), 0); err != nil || len(orphans) != 0 || len(d.snapshot(t)) != before {
			t.Errorf("%s left %d files and %v, %v", name, len(d.snapshot(t)), orphans, err)
		}
	}
	d.files.fail = nil
	if err := d.merge(t, 0, 2); err != nil || len(d.sums) == before {
		t.Errorf("the next merge: %v, %d files", err, len(d.sums))
	}
}
