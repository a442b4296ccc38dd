package tables_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tarn-lake/tarn/internal/tables"
)

// TestKeepHoldsEveryFile: between Keep and its release neither expiry nor a sweep takes a file that a table needed at any moment
// since; afterwards both do.
func TestKeepHoldsEveryFile(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	tab := l.table(t, passes())
	snap := l.now(t, tab)
	for commit := int64(1); commit <= 3; commit++ {
		snap = l.append(t, tab, snap, commit, nil, "2026-11-20")
	}
	if n, err := tab.Sweep(t.Context(), 0); err != nil || n != 0 {
		t.Fatalf("swept %d, %v: something lies about that this test would take for what it looks at", n, err)
	}

	release := l.cat.Keep()
	pins, err := l.cat.Pins(t.Context())
	if err != nil || len(pins) != 1 {
		t.Fatalf("got %d tables, %v", len(pins), err)
	}
	keys, err := pins[0].Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if snap, err = tab.Replace(t.Context(), snap, l.files(t, snap, tables.Filter{}), []tables.NewFile{l.write(t, "2026-11-20", 3)}, tables.Update{Marker: "c"}); err != nil {
		t.Fatal(err)
	}
	for commit := int64(4); commit <= 30; commit++ { // so many that the table's metadata no longer names the file that was pinned
		snap = l.append(t, tab, snap, commit, nil, "2026-11-20")
	}
	if n, err := tab.Expire(t.Context(), 1, 0); err != nil || n != 0 {
		t.Errorf("expired %d snapshots, %v", n, err)
	}
	if n, err := tab.Sweep(t.Context(), 0); err != nil || n != 0 {
		t.Errorf("swept %d files, %v", n, err)
	}
	if gone := missing(l.root, keys); len(gone) != 0 {
		t.Errorf("%d of %d files that the pinned table needs are gone: %v", len(gone), len(keys), gone)
	}

	release()
	if n, err := tab.Sweep(t.Context(), 0); err != nil || n == 0 {
		t.Errorf("after the release: swept %d files, %v", n, err)
	}
	if n, err := tab.Expire(t.Context(), 1, 0); err != nil || n == 0 {
		t.Errorf("after the release: expired %d snapshots, %v", n, err)
	}
	if len(missing(l.root, keys)) == 0 {
		t.Error("nothing of the pinned table could go: this test would not notice anything")
	}
}

func missing(root string, keys []string) (gone []string) {
	for _, key := range keys {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(key))); err != nil {
			gone = append(gone, key)
		}
	}
	return gone
}
