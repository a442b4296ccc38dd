package node_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/query"
)

func mustWrite(t *testing.T, path string, body []byte) {
	t.Helper()
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLostFiles: a file that is gone or broken is lost; one that is there, though its table says another size, is not, and
// what is lost is left out of what is read, and named.
func TestLostFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := parquet.WriteFile(at("good"), []struct{ N int64 }{{1}, {2}}); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(at("good"))
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, at("cut"), good[:len(good)-7])
	mustWrite(t, at("empty"), nil)
	mustWrite(t, at("other"), []byte("no Parquet at all"))
	size := int64(len(good))
	p := &query.Pinned{Relations: map[string]query.Relation{}}
	var want []string
	for _, c := range []struct {
		name string
		size int64
		lost bool
	}{
		{"good", size, false}, {"good", size + 5, false}, {"gone", size, true}, {"cut", size, true}, {"empty", size, true}, {"other", size, true},
		{"other", 17, false}, // of the size that its table says: taken for what it was
	} {
		if got := node.Lost(at(c.name), c.size); got != c.lost {
			t.Errorf("%s of %d bytes: lost is %v, want %v", c.name, c.size, got, c.lost)
		}
		rel := p.Relations["things_changes"]
		rel.Files = append(rel.Files, query.File{Path: at(c.name), Bytes: c.size})
		p.Relations["things_changes"] = rel
		if c.lost {
			want = append(want, at(c.name))
		}
	}

	got := node.WithoutLost(t.Context(), p)
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if left := p.Relations["things_changes"].Files; len(left) != 3 {
		t.Errorf("%d files are left, want 3", len(left))
	}
	if again := node.WithoutLost(t.Context(), p); again != nil {
		t.Errorf("lost again: %v", again)
	}
}
