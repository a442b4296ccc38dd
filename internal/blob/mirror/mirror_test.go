package mirror_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tarn-lake/tarn/internal/blob/mirror"
	"github.com/tarn-lake/tarn/internal/fault"
)

// bucket is objects in memory, and how often each was opened.
type bucket struct {
	mu      sync.Mutex
	objects map[string]string
	opened  map[string]int
	fail    error
}

func newBucket(objects map[string]string) *bucket {
	return &bucket{objects: objects, opened: map[string]int{}}
}

type object struct{ *bytes.Reader }

func (object) Close() error { return nil }

func (b *bucket) Open(_ context.Context, key string) (interface {
	io.ReaderAt
	io.Closer
}, int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened[key]++; b.fail != nil {
		return nil, 0, b.fail
	}
	text, ok := b.objects[key]
	if !ok {
		return nil, 0, fault.New(fault.NotFound, "no object %s", key)
	}
	return object{bytes.NewReader([]byte(text))}, int64(len(text)), nil
}

func mustOpen(t *testing.T, root string, b *bucket, max int64) *mirror.Mirror {
	t.Helper()
	m, err := mirror.Open(root, b, max)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustHold(t *testing.T, m *mirror.Mirror, keys ...string) func() {
	t.Helper()
	release, err := m.Hold(t.Context(), paths(m, keys...))
	if err != nil {
		t.Fatal(err)
	}
	return release
}

func paths(m *mirror.Mirror, keys ...string) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = filepath.Join(m.Root(), filepath.FromSlash(k))
	}
	return all
}

func there(m *mirror.Mirror, key string) string {
	text, err := os.ReadFile(paths(m, key)[0])
	if err != nil {
		return "-"
	}
	return string(text)
}

func TestCopiesAreMadeOnceAndUsedAgain(t *testing.T) {
	t.Parallel()
	b := newBucket(map[string]string{"tables/a/1.parquet": "one", "tables/a/2.parquet": strings.Repeat("two", 3<<20), "empty": ""})
	root := t.TempDir()
	m := mustOpen(t, root, b, 1<<30)
	for range 3 {
		mustHold(t, m, "tables/a/1.parquet", "tables/a/2.parquet", "empty")()
	}
	again := mustOpen(t, root, b, 1<<30)
	mustHold(t, again, "tables/a/1.parquet", "tables/a/2.parquet")()
	if there(m, "tables/a/1.parquet") != "one" || there(m, "tables/a/2.parquet") != b.objects["tables/a/2.parquet"] || there(m, "empty") != "" {
		t.Error("a copy is not its object")
	}
	if b.opened["tables/a/1.parquet"] != 1 || b.opened["tables/a/2.parquet"] != 1 {
		t.Errorf("objects were fetched so often: %v", b.opened)
	}
}

func TestWhatWasNotUsedGoesAndWhatIsHeldStays(t *testing.T) {
	t.Parallel()
	b := newBucket(map[string]string{"a": "aaaa", "b": "bbbb", "c": "cccc", "d": "dddd"})
	m := mustOpen(t, t.TempDir(), b, 8)
	release := mustHold(t, m, "a")
	mustHold(t, m, "b")()
	mustHold(t, m, "c")()
	if there(m, "a") == "-" || there(m, "b") != "-" || there(m, "c") == "-" {
		t.Errorf("a %s, b %s, c %s: want the held one and the newest", there(m, "a"), there(m, "b"), there(m, "c"))
	}
	release()
	mustHold(t, m, "c")()
	mustHold(t, m, "d")()
	if there(m, "a") != "-" || there(m, "c") == "-" || there(m, "d") == "-" {
		t.Errorf("a %s, c %s, d %s: want the two used last", there(m, "a"), there(m, "c"), there(m, "d"))
	}
	whole := mustHold(t, m, "a", "b", "c", "d")
	for _, key := range []string{"a", "b", "c", "d"} {
		if there(m, key) == "-" {
			t.Errorf("%s is gone while it is held", key)
		}
	}
	whole()
	if small := mustOpen(t, m.Root(), b, 4); there(small, "a")+there(small, "b")+there(small, "c")+there(small, "d") == "aaaabbbbccccdddd" {
		t.Error("a smaller mirror kept everything")
	}
}

// TestADroppedCopyIsMadeAgain: a damaged copy goes, unless somebody holds it, and its room with it.
func TestADroppedCopyIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := newBucket(map[string]string{"a": "aaaa", "b": "bbbb"})
	m := mustOpen(t, t.TempDir(), b, 8)
	release := mustHold(t, m, "a", "b")
	if err := os.WriteFile(paths(m, "a")[0], []byte("axxa"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.Drop(paths(m, "a")[0]); !fault.Is(err, fault.Transient) || there(m, "a") != "axxa" {
		t.Errorf("one that is held: %v, %s", err, there(m, "a"))
	}
	release()
	for range 2 { // the second time there is none
		if err := m.Drop(paths(m, "a")[0]); err != nil || there(m, "a") != "-" {
			t.Errorf("got %v, %s", err, there(m, "a"))
		}
	}
	mustHold(t, m, "a")()
	if there(m, "a") != "aaaa" || there(m, "b") != "bbbb" || b.opened["a"] != 2 || b.opened["b"] != 1 {
		t.Errorf("a %s, b %s, fetched %v", there(m, "a"), there(m, "b"), b.opened)
	}
	if err := m.Drop(t.TempDir()); !fault.Is(err, fault.Internal) {
		t.Errorf("outside: got %v", err)
	}
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBucket(map[string]string{"a": "aaaa"})
	m := mustOpen(t, t.TempDir(), b, 100)
	if _, err := m.Hold(t.Context(), paths(m, "gone")); !fault.Is(err, fault.Transient) || !strings.Contains(err.Error(), "ask again") {
		t.Errorf("an object that is gone: %v", err)
	}
	b.fail = errors.New("down")
	if _, err := m.Hold(t.Context(), paths(m, "a")); err == nil {
		t.Error("no error")
	}
	b.fail = nil
	mustHold(t, m, "a")()
	if there(m, "a") != "aaaa" {
		t.Error("it was not tried again")
	}
	if _, err := m.Hold(t.Context(), []string{filepath.Dir(m.Root())}); err == nil {
		t.Error("a file outside was held")
	}
}

// slow is a bucket whose first reader waits until it is told to stop.
type slow struct {
	*bucket
	first sync.Once
	began chan struct{}
}

func (s *slow) Open(ctx context.Context, key string) (o interface {
	io.ReaderAt
	io.Closer
}, n int64, err error) {
	s.first.Do(func() {
		close(s.began)
		<-ctx.Done()
		err = ctx.Err()
	})
	if err != nil {
		return nil, 0, err
	}
	return s.bucket.Open(ctx, key)
}

func TestAReaderThatIsToldToStopStopsNobodyElse(t *testing.T) {
	t.Parallel()
	s := &slow{bucket: newBucket(map[string]string{"a": "aaaa"}), began: make(chan struct{})}
	m, err := mirror.Open(t.TempDir(), s, 100)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() {
		_, err := m.Hold(ctx, paths(m, "a"))
		stopped <- err
	}()
	<-s.began
	other := make(chan error, 1)
	go func() {
		_, err := m.Hold(context.Background(), paths(m, "a"))
		other <- err
	}()
	stop()
	if err := <-stopped; !errors.Is(err, context.Canceled) {
		t.Errorf("the one that was stopped: %v", err)
	}
	if err := <-other; err != nil {
		t.Errorf("the other one: %v", err)
	}
}

func TestManyReadersShareACopy(t *testing.T) {
	t.Parallel()
	objects := map[string]string{}
	var keys []string
	for i := range 20 {
		key := fmt.Sprint("k", i)
		objects[key] = strings.Repeat(key, 10)
		keys = append(keys, key)
	}
	b := newBucket(objects)
	m := mustOpen(t, t.TempDir(), b, 1<<20)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			release, err := m.Hold(context.Background(), paths(m, keys...))
			if err != nil {
				t.Error(err)
				return
			}
			for _, k := range keys {
				if there(m, k) != objects[k] {
					t.Errorf("%s is not whole", k)
				}
			}
			release()
		})
	}
	wg.Wait()
	for k, n := range b.opened {
		if n != 1 {
			t.Errorf("%s was fetched %d times", k, n)
		}
	}
}
