package blobtest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
)

// pages puts more keys than any store lists at once.
func pages(t *testing.T, s Store) {
	const keys, writers = 1_050, 16
	var wanted []string
	for i := range keys {
		wanted = append(wanted, fmt.Sprintf("p/%d/%05d", i%3, i))
	}
	slices.Sort(wanted)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < keys; i += writers {
				if err := s.Put(t.Context(), wanted[i], []byte("x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := names(t, s, "p/"); !slices.Equal(got, wanted) {
		t.Errorf("listed %d keys, want %d in order", len(got), keys)
	}
}

// listWhilePut: a listing may or may not show what is put meanwhile, but it shows all that was there when it began.
func listWhilePut(t *testing.T, s Store) {
	const before, during = 300, 300
	for i := range before {
		must(t, s.Put(t.Context(), fmt.Sprintf("t/%04d", 2*i), nil))
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range during {
			if err := s.Put(t.Context(), fmt.Sprintf("t/%04d", 2*i+1), nil); err != nil {
				t.Error(err)
			}
		}
	})
	for range 10 {
		got := names(t, s, "t/")
		for i := range before {
			if key := fmt.Sprintf("t/%04d", 2*i); !slices.Contains(got, key) {
				t.Fatalf("a listing of %d misses %s", len(got), key)
			}
		}
	}
	wg.Wait()
}

func letters(t *testing.T, s Store) {
	for _, key := range []string{"a b/c+d", "dt=2026-11-20/region=cox%27s bazar", "ঢাকা/é", "q?x=1&y#z", "~!$'()*,;:@"} {
		must(t, s.Put(t.Context(), key, []byte(key)))
		want(t, s, key, key)
		if got := names(t, s, key); !slices.Equal(got, []string{key}) {
			t.Errorf("listed %q, want %q", got, key)
		}
		must(t, s.Move(t.Context(), key, "moved/"+key))
		want(t, s, "moved/"+key, key)
		must(t, s.Delete(t.Context(), "moved/"+key))
	}
	if got := names(t, s, ""); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

// moveAgain: a move that ended halfway left both; doing it again leaves the target, and once more changes nothing.
func moveAgain(t *testing.T, s Store) {
	must(t, s.Put(t.Context(), "from", []byte("body")))
	must(t, s.Put(t.Context(), "to", []byte("body")))
	must(t, s.Move(t.Context(), "from", "to"))
	wantKind(t, s.Move(t.Context(), "from", "to"), fault.NotFound)
	want(t, s, "to", "body")
	must(t, s.Move(t.Context(), "to", "to"))
	want(t, s, "to", "body")
}

func names(t *testing.T, s Store, prefix string) []string {
	t.Helper()
	found, err := s.List(t.Context(), prefix)
	must(t, err)
	var all []string
	for _, o := range found {
		all = append(all, o.Name())
	}
	return all
}
