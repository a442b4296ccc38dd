package commit_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
)

// Rule 2.5: wherever the committer dies, each landed object is still in the landing or already in the archive, whole, and
// in the end all are in the archive with the bytes that they landed with.
func TestDyingAnywhereKeepsTheArchive(t *testing.T) {
	t.Parallel()
	for _, dies := range []bool{true, false} {
		for n := 1; ; n++ {
			w := newWorld(t, scratch(t))
			w.opts.Archive = true
			w.start(t)
			w.land(t, "s/1", note{first: 1, last: 3, begin: true}, pass("s/1", 1), applicant("s/1", 2), bad("s/1", 3))
			w.land(t, "s/2", note{first: 1, last: 1, begin: true}, pass("s/2", 1))
			want := w.held(t)
			steps, where := 0, ""
			var mu sync.Mutex
			w.hook(func(step, key string) error {
				mu.Lock()
				defer mu.Unlock()
				if steps++; steps == n {
					where = step + " " + key
				}
				if steps == n || dies && steps > n {
					return errDown
				}
				return nil
			})
			_, err := w.committer.Commit(t.Context())
			w.hook(nil)
			if where == "" {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			if got := w.held(t); !maps.Equal(got, want) {
				t.Fatalf("died at step %d, %s (dies: %v): %v is left", n, where, dies, slices.Sorted(maps.Keys(got)))
			}
			w.start(t)
			w.commit(t)
			if got := w.held(t); !maps.Equal(got, want) || len(w.landing(t)) != len(want) || strings.HasPrefix(w.landing(t)[0], lake.LandingDir+"/") {
				t.Fatalf("after step %d, %s (dies: %v): %v is left", n, where, dies, w.landing(t))
			}
		}
	}
}

// held returns the bodies of what is in the landing or in the archive, by name.
func (w *world) held(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, dir := range []string{lake.LandingDir, lake.ArchiveDir} {
		found, err := w.files.Dir.List(t.Context(), dir+"/")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			body, err := w.files.Dir.Get(t.Context(), f.Name())
			if err != nil {
				t.Fatal(err)
			}
			all[strings.TrimPrefix(f.Name(), dir)] = string(body)
		}
	}
	return all
}
