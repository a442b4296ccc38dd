package blobtest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
)

// noise returns n bytes that look like nothing else.
func noise(n int, seed uint64) []byte {
	body := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(body) // never fails
	return body
}

// large is above every limit at which a store goes another way: one request, one buffer, one part.
func large(t *testing.T, s Store) {
	body := noise(33<<20+7, 1)
	must(t, s.Put(t.Context(), "large/put", body))
	got, err := s.Get(t.Context(), "large/put")
	must(t, err)
	if !bytes.Equal(got, body) {
		t.Errorf("got %d bytes, want the %d that were put", len(got), len(body))
	}
	must(t, s.PutNew(t.Context(), "large/new", body))
	wantKind(t, s.PutNew(t.Context(), "large/new", body[1:]), fault.Conflict)
	must(t, s.Move(t.Context(), "large/new", "large/moved"))
	found, err := s.List(t.Context(), "large/")
	must(t, err)
	if len(found) != 2 || found[0].Name() != "large/moved" || found[0].Size() != int64(len(body)) {
		t.Errorf("listed %v", found)
	}
}

func readAnywhere(t *testing.T, s Store) {
	for _, size := range []int{0, 1, 1 << 20, 1<<20 + 1, 3<<20 + 11} {
		body := noise(size, uint64(size))
		must(t, s.Put(t.Context(), "k", body))
		r, n, err := s.Open(t.Context(), "k")
		must(t, err)
		if n != int64(size) {
			t.Fatalf("size %d, want %d", n, size)
		}
		for _, span := range [][2]int{{0, 10}, {size - 5, 5}, {size - 5, 10}, {size / 2, 4096}, {0, size}, {size, 1}, {size + 9, 1}, {size - (1 << 20) - 3, 6}} {
			at, length := max(span[0], 0), span[1]
			want := body[min(at, size):min(at+length, size)]
			p := make([]byte, length)
			got, err := r.ReadAt(p, int64(at))
			if !bytes.Equal(p[:got], want) || got < length != errors.Is(err, io.EOF) || got == length && err != nil {
				t.Fatalf("size %d: %d bytes at %d gave %d, %v; want %d", size, length, at, got, err, len(want))
			}
		}
		must(t, r.Close())
	}
}

// notMixed: who reads while somebody replaces sees the old object or an error.
func notMixed(t *testing.T, s Store) {
	old := bytes.Repeat([]byte("o"), 3<<20)
	must(t, s.Put(t.Context(), "k", old))
	r, size, err := s.Open(t.Context(), "k")
	must(t, err)
	defer r.Close()
	must(t, s.Put(t.Context(), "k", bytes.Repeat([]byte("n"), 3<<20)))
	p := make([]byte, size)
	if _, err := r.ReadAt(p, 0); err == nil && !bytes.Equal(p, old) {
		t.Error("the reader was given the new object's bytes")
	} else if err != nil {
		wantKind(t, err, fault.Conflict)
	}
}
