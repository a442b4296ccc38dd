// Package blobtest is what every object store must do.
package blobtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Store is an object store.
type Store interface {
	Put(ctx context.Context, key string, body []byte) error
	PutNew(ctx context.Context, key string, body []byte) error
	Get(ctx context.Context, key string) ([]byte, error)
	Open(ctx context.Context, key string) (interface {
		io.ReaderAt
		io.Closer
	}, int64, error)
	List(ctx context.Context, prefix string) ([]fs.FileInfo, error)
	Delete(ctx context.Context, key string) error
	Move(ctx context.Context, from, to string) error
}

// Run holds the store that open returns, empty each time, to the contract.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"what is put is got":               putGet,
		"put replaces":                     replaces,
		"put new refuses a taken key":      putNew,
		"one of many put news wins":        putNewRace,
		"a missing object is not found":    missing,
		"an object is read at any place":   readAt,
		"a listing is by prefix and order": list,
		"delete is idempotent":             deletes,
		"move replaces and leaves nothing": move,
		"keys stay inside":                 keys,
		"an ended context ends the work":   ended,
		"the caller may reuse its buffer":  buffer,
		"a large body is whole":            large,
		"a large object is read anywhere":  readAnywhere,
		"a replaced object is not mixed":   notMixed,
		"a listing has every page":         pages,
		"a listing has all put before it":  listWhilePut,
		"keys may have any letters":        letters,
		"a move is done again":             moveAgain,
		"a moved object is new":            moveRenews,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func putGet(t *testing.T, s Store) {
	for _, body := range [][]byte{{}, []byte("x"), bytes.Repeat([]byte("0123456789"), 100_000)} {
		must(t, s.Put(t.Context(), "a/b=1/c.bin", body))
		got, err := s.Get(t.Context(), "a/b=1/c.bin")
		must(t, err)
		if !bytes.Equal(got, body) {
			t.Fatalf("got %d bytes, want %d", len(got), len(body))
		}
	}
}

func replaces(t *testing.T, s Store) {
	must(t, s.Put(t.Context(), "k", []byte("a long first body")))
	must(t, s.Put(t.Context(), "k", []byte("second")))
	want(t, s, "k", "second")
}

func putNew(t *testing.T, s Store) {
	must(t, s.PutNew(t.Context(), "deep/er/k", []byte("first")))
	wantKind(t, s.PutNew(t.Context(), "deep/er/k", []byte("second")), fault.Conflict)
	want(t, s, "deep/er/k", "first")
}

func putNewRace(t *testing.T, s Store) {
	var wg sync.WaitGroup
	won := make([]bool, 8)
	for i := range won {
		wg.Go(func() {
			err := s.PutNew(t.Context(), "race/k", fmt.Append(nil, i))
			won[i] = err == nil
			if err != nil && !fault.Is(err, fault.Conflict) {
				t.Errorf("put new %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	first := slices.Index(won, true)
	if first < 0 || slices.Contains(won[first+1:], true) {
		t.Fatalf("won: %v, want exactly one", won)
	}
	want(t, s, "race/k", fmt.Sprint(first))
}

func missing(t *testing.T, s Store) {
	_, err := s.Get(t.Context(), "no/such")
	wantKind(t, err, fault.NotFound)
	_, _, err = s.Open(t.Context(), "no/such")
	wantKind(t, err, fault.NotFound)
	wantKind(t, s.Move(t.Context(), "no/such", "x"), fault.NotFound)
}

func readAt(t *testing.T, s Store) {
	must(t, s.Put(t.Context(), "k", []byte("hello world")))
	r, size, err := s.Open(t.Context(), "k")
	must(t, err)
	defer r.Close()
	got := make([]byte, 5)
	if _, err := r.ReadAt(got, 6); err != nil || string(got) != "world" || size != 11 {
		t.Fatalf("got %q of %d, %v", got, size, err)
	}
}

func list(t *testing.T, s Store) {
	for _, key := range []string{"l/b/2", "l/b/10", "l/a-b", "l/a/z", "other", "l/bb"} {
		must(t, s.Put(t.Context(), key, []byte(key)))
	}
	rows := []struct {
		prefix string
		want   []string
	}{
		{"", []string{"l/a-b", "l/a/z", "l/b/10", "l/b/2", "l/bb", "other"}},
		{"l/", []string{"l/a-b", "l/a/z", "l/b/10", "l/b/2", "l/bb"}},
		{"l/b", []string{"l/b/10", "l/b/2", "l/bb"}},
		{"l/b/", []string{"l/b/10", "l/b/2"}},
		{"l/b/1", []string{"l/b/10"}},
		{"nothing/here/", nil},
	}
	for _, row := range rows {
		found, err := s.List(t.Context(), row.prefix)
		must(t, err)
		var got []string
		for _, o := range found {
			got = append(got, o.Name())
			if o.Size() != int64(len(o.Name())) || o.ModTime().IsZero() {
				t.Errorf("%s: size %d, modified %v", o.Name(), o.Size(), o.ModTime())
			}
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("prefix %q: got %v, want %v", row.prefix, got, row.want)
		}
	}
}

func deletes(t *testing.T, s Store) {
	must(t, s.Put(t.Context(), "d/k", nil))
	must(t, s.Delete(t.Context(), "d/k"))
	must(t, s.Delete(t.Context(), "d/k"))
	_, err := s.Get(t.Context(), "d/k")
	wantKind(t, err, fault.NotFound)
}

func move(t *testing.T, s Store) {
	must(t, s.Put(t.Context(), "from/k", []byte("moved")))
	must(t, s.Put(t.Context(), "to/some/k", []byte("replaced")))
	must(t, s.Move(t.Context(), "from/k", "to/some/k"))
	want(t, s, "to/some/k", "moved")
	_, err := s.Get(t.Context(), "from/k")
	wantKind(t, err, fault.NotFound)
}

// moveRenews: what is kept for some days after it was moved is told by its time.
func moveRenews(t *testing.T, s Store) {
	must(t, s.Put(t.Context(), "from/k", []byte("moved")))
	before := modified(t, s, "from/k")
	for now := before; !now.After(before); now = modified(t, s, "clock") { // a clock may be coarse
		must(t, s.Put(t.Context(), "clock", nil))
	}
	must(t, s.Move(t.Context(), "from/k", "to/k"))
	if after := modified(t, s, "to/k"); !after.After(before) {
		t.Errorf("written at %v, moved at %v", before, after)
	}
}

func modified(t *testing.T, s Store, key string) time.Time {
	t.Helper()
	found, err := s.List(t.Context(), key)
	must(t, err)
	if len(found) != 1 {
		t.Fatalf("%d objects, want %s", len(found), key)
	}
	return found[0].ModTime()
}

func keys(t *testing.T, s Store) {
	for _, key := range []string{"", ".", "..", "/etc/passwd", "../up", "a/../b", "a//b", "a/", "a/./b", "a\\b", "a\x00b"} {
		wantKind(t, s.Put(t.Context(), key, nil), fault.Invalid)
		wantKind(t, s.PutNew(t.Context(), key, nil), fault.Invalid)
		_, err := s.Get(t.Context(), key)
		wantKind(t, err, fault.Invalid)
		wantKind(t, s.Delete(t.Context(), key), fault.Invalid)
		wantKind(t, s.Move(t.Context(), "a", key), fault.Invalid)
	}
}

func ended(t *testing.T, s Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ctx, "k", nil); err == nil {
		t.Error("put after the end")
	}
	if _, err := s.Get(ctx, "k"); err == nil {
		t.Error("got after the end")
	}
}

func buffer(t *testing.T, s Store) {
	body := []byte("mine")
	must(t, s.Put(t.Context(), "k", body))
	copy(body, "XXXX")
	want(t, s, "k", "mine")
}

func want(t *testing.T, s Store, key, body string) {
	t.Helper()
	got, err := s.Get(t.Context(), key)
	must(t, err)
	if string(got) != body {
		t.Fatalf("%s holds %q, want %q", key, got, body)
	}
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("got %v, want an error of kind %s", err, kind)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
