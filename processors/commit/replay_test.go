package commit_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/compact"
)

// contents returns every data file of the lake, and the snapshot of every table.
func (w *world) contents(t *testing.T) map[string]string {
	t.Helper()
	found, err := w.files.Dir.List(t.Context(), lake.TablesDir+"/")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range found {
		if strings.HasSuffix(f.Name(), ".parquet") {
			body, err := w.files.Dir.Get(t.Context(), f.Name())
			if err != nil {
				t.Fatal(err)
			}
			all[f.Name()] = string(body)
		}
	}
	names, err := w.cat.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		all[name] = fmt.Sprint(w.snapshot(t, name).ID)
	}
	return all
}

// Everything that the archive holds comes again, after it was committed and compacted: no figure, no byte and no snapshot
// of any table is another.
func TestAReplayOfTheArchiveChangesNoByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts.Archive = true
	w.start(t)
	for i := range 10 {
		for _, lane := range []string{"s/1", "s/2"} {
			from := i*3 + 1
			rows := passes(lane, from, from+2)
			rows[2] = applicant(lane, from+2)
			if i == 4 {
				rows[1] = bad(lane, from+1)
			}
			w.land(t, lane, note{first: from, last: from + 2, after: from - 1, begin: i == 0}, rows...)
		}
		w.commit(t)
	}
	compactor := compact.New(w.files.Dir, compact.Options{Now: func() time.Time { return at(0).AddDate(0, 1, 0) }})
	for _, name := range []string{"passes", "applicants"} {
		d, _ := w.registry.Dataset(name)
		tab, err := w.cat.Existing(t.Context(), d.ChangesTable())
		if err != nil {
			t.Fatal(err)
		}
		if did, err := compactor.Merge(t.Context(), compact.History{Dataset: d, Changes: tab}); err != nil || !did {
			t.Fatalf("Merge of %s = %t, %v", name, did, err)
		}
	}
	before := w.contents(t)
	archived, err := w.files.Dir.List(t.Context(), lake.ArchiveDir+"/")
	if err != nil || len(archived) != 20 {
		t.Fatalf("%d objects in the archive, %v", len(archived), err)
	}
	w.start(t) // by a committer that remembers nothing
	wrote := 0
	w.hook(func(step, key string) error {
		if step == "file write" && strings.HasPrefix(key, lake.TablesDir) {
			wrote++
		}
		return nil
	})
	replay(t, w, archived)
	w.hook(nil)
	if after := w.contents(t); !maps.Equal(before, after) {
		t.Errorf("%d files and tables before, %d after, or others", len(before), len(after))
	}
	if wrote > 0 {
		t.Errorf("%d files were written on the way", wrote)
	}
	if left, err := w.files.Dir.List(t.Context(), lake.LandingDir+"/"); err != nil || len(left) > 0 {
		t.Errorf("%d objects are left in the landing, %v", len(left), err)
	}
}

// replay lands the archived objects again, the youngest first, a few at a time.
func replay(t *testing.T, w *world, archived []fs.FileInfo) {
	t.Helper()
	for i := len(archived) - 1; i >= 0; i-- {
		key := archived[i].Name()
		if err := w.files.Dir.Move(context.Background(), key, lake.LandingDir+strings.TrimPrefix(key, lake.ArchiveDir)); err != nil {
			t.Fatal(err)
		}
		if i%7 == 0 {
			w.commit(t)
		}
	}
}
