package tables_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/tables"
)

// newestFile returns the file of the table's metadata folder that was written last, of those whose name matches.
func (l *testLake) newestFile(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(l.root, "tables/*/metadata", pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	newest, when := "", int64(0)
	for _, path := range found {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if at := info.ModTime().UnixNano(); at >= when {
			newest, when = path, at
		}
	}
	return newest
}

// rewrite changes a file's content and returns how to put it back.
func rewrite(t *testing.T, path string, change func([]byte) []byte) (restore func()) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put := func(body []byte) {
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(change(bytes.Clone(whole)))
	return func() { put(whole) }
}

// A damaged file is named, with what to do; the table is as it was once the file is restored.
func damagedFilesAreNamed(t *testing.T, open opener) {
	cut := func(body []byte) []byte { return body[:len(body)/2] }
	zeroes := func(body []byte) []byte { clear(body[len(body)/3:]); return body }
	rows := []struct {
		name, file, says string
		change           func([]byte) []byte
	}{
		{"metadata that was cut", "*.metadata.json", "the metadata of table passes_changes is damaged: restore ", cut},
		{"metadata that is something else", "*.metadata.json", "to go back to the version before", func([]byte) []byte { return []byte("<html>") }},
		{"empty metadata", "*.metadata.json", "the metadata of table passes_changes is damaged", func([]byte) []byte { return nil }},
		{"a manifest list that was cut", "snap-*.avro", "manifest list", cut},
		{"a manifest that was cut", "*-m*.avro", "manifest ", cut},
		{"a manifest with zeroes", "*-m*.avro", "manifest ", zeroes},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			l := open(t)
			tab := l.table(t, passes())
			snap := l.append(t, tab, l.now(t, tab), 1, nil, "2026-11-20")
			l.append(t, tab, snap, 2, nil, "2026-11-21")
			path := l.newestFile(t, row.file)
			restore := rewrite(t, path, row.change)
			err := l.read(t)
			if fault.Of(err) != fault.Internal || err == nil || !strings.Contains(err.Error(), row.says) || !strings.Contains(err.Error(), filepath.Base(path)) {
				t.Errorf("got %v, want %q and the name of %s", err, row.says, filepath.Base(path))
			}
			restore()
			if err := l.read(t); err != nil {
				t.Errorf("once restored: %v", err)
			}
		})
	}
}

// read is another process that plans the table.
func (l *testLake) read(t *testing.T) error {
	t.Helper()
	next := &testLake{root: l.root, connect: l.connect}
	next.open(t)
	tab, err := next.cat.Existing(t.Context(), l.tab.Name())
	if err != nil {
		return err
	}
	snap, err := tab.Snapshot(t.Context())
	if err != nil {
		return err
	}
	_, err = snap.Files(t.Context(), tables.Filter{})
	return err
}

// A table that a newer program has raised to a format unknown here is refused, and is left as it is.
func unknownFormatsAreRefused(t *testing.T, open opener) {
	l := open(t)
	tab := l.table(t, passes())
	l.append(t, tab, l.now(t, tab), 1, nil, "2026-11-20")
	path := l.newestFile(t, "*.metadata.json")
	restore := rewrite(t, path, func(body []byte) []byte {
		return bytes.Replace(body, []byte(`"format-version":2`), []byte(`"format-version":9`), 1)
	})
	if err := l.read(t); err == nil || !strings.Contains(err.Error(), "format version 9") || !strings.Contains(err.Error(), "use a newer program") {
		t.Errorf("got %v", err)
	}
	next := &testLake{root: l.root, connect: l.connect}
	next.open(t)
	if _, err := next.cat.Table(t.Context(), passes()); err == nil {
		t.Error("the table was opened for writing")
	}
	restore()
	if err := l.read(t); err != nil {
		t.Errorf("once restored: %v", err)
	}
}
