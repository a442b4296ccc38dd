package backup_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/backup"
	"github.com/tarn-lake/tarn/internal/fault"
)

// original is a folder of a few files.
func original(t *testing.T) (root string, items []backup.Item) {
	t.Helper()
	root = t.TempDir()
	for path, body := range map[string]string{
		"tarn.json": `{"product":"tarn","format":1}`, "secret": strings.Repeat("s", 32),
		"lake/tables/a/data/one.parquet": "rows", "lake/tables/a/data/same.parquet": "rows", "store/000001.sst": strings.Repeat("x", 100_000),
	} {
		write(t, filepath.Join(root, path), body)
		items = append(items, backup.Item{Path: path, From: filepath.Join(root, path)})
	}
	return root, items
}

func write(t *testing.T, path, body string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
}

func about() backup.About {
	return backup.About{Folder: "f", Format: 1, Made: time.Unix(1, 0).UTC()}
}

func finish(t *testing.T, dir string, items []backup.Item, a backup.About, o backup.Options) (backup.Report, error) {
	t.Helper()
	s, err := backup.Open(dir, a.Folder, o)
	if err != nil {
		return backup.Report{}, err
	}
	r, err := s.Finish(t.Context(), items, a)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return r, err
}

func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	root, items := original(t)
	dir := filepath.Join(t.TempDir(), "backup")
	r, err := finish(t, dir, items, about(), backup.Options{})
	if err != nil || r.Files != 5 || r.Copied != 5 || r.Resumed {
		t.Fatalf("got %+v, %v", r, err)
	}
	write(t, filepath.Join(root, "lake/tables/a/data/two.parquet"), "more rows")
	items = append(items[:0:0], items...)
	for i := range items {
		if items[i].Path == "store/000001.sst" {
			items[i] = backup.Item{Path: "lake/tables/a/data/two.parquet", From: filepath.Join(root, "lake/tables/a/data/two.parquet")}
		}
	}
	if r, err = finish(t, dir, items, about(), backup.Options{}); err != nil || r.Copied != 1 || r.Removed != 1 {
		t.Fatalf("the second backup: got %+v, %v", r, err)
	}
	target := filepath.Join(t.TempDir(), "data")
	if _, err := backup.Restore(t.Context(), dir, target, backup.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		want, _ := os.ReadFile(item.From)
		if got, err := os.ReadFile(filepath.Join(target, item.Path)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got %.20q, %v", item.Path, got, err)
		}
	}
	entries, err := os.ReadDir(target)
	if err != nil || len(entries) != 3 {
		t.Errorf("restored: %v, %v", entries, err)
	}
	if _, err := backup.Restore(t.Context(), dir, target, backup.Options{}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "new or empty folder") {
		t.Errorf("a second restore to the same place: %v", err)
	}
}

// A restore that is interrupted leaves nothing that can be opened, and can be begun again.
func TestInterruptedRestore(t *testing.T) {
	t.Parallel()
	_, items := original(t)
	dir, target := filepath.Join(t.TempDir(), "backup"), t.TempDir()
	if _, err := finish(t, dir, items, about(), backup.Options{}); err != nil {
		t.Fatal(err)
	}
	full := func(_, path string) error {
		if path == "tarn.json" {
			return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
		}
		return nil
	}
	if _, err := backup.Restore(t.Context(), dir, target, backup.Options{Before: full}); !fault.Is(err, fault.Full) {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(target, "tarn.json")); err == nil {
		t.Error("half a folder has its mark")
	}
	if _, err := backup.Restore(t.Context(), dir, target, backup.Options{}); err != nil {
		t.Error(err)
	}
}

// outdated is a backup of files that have all changed since.
func outdated(t *testing.T) (root, dir string, items []backup.Item, first backup.Report) {
	t.Helper()
	root, items = original(t)
	dir = filepath.Join(t.TempDir(), "backup")
	first, err := finish(t, dir, items, about(), backup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		write(t, item.From, "changed "+item.Path)
	}
	return root, dir, items, first
}

// A disk that is full at any step leaves the backup before as it was, and the next one goes on.
func TestFullAtEveryStep(t *testing.T) {
	t.Parallel()
	root, dir, items, first := outdated(t)
	for step := 0; ; step++ {
		left := step
		r, err := finish(t, dir, items, about(), backup.Options{Before: func(op, path string) error {
			if left--; left < 0 {
				return &os.PathError{Op: op, Path: path, Err: syscall.ENOSPC}
			}
			return nil
		}})
		if err == nil {
			if step < 5 || r.Removed == 0 {
				t.Errorf("done in %d steps: %+v", step, r)
			}
			break
		}
		if !fault.Is(err, fault.Full) {
			t.Fatalf("step %d: %v", step, err)
		}
		held, err := backup.Check(t.Context(), dir, backup.Options{})
		if err != nil || held.Bytes != first.Bytes {
			t.Fatalf("after a full disk at step %d: %+v, %v", step, held, err)
		}
	}
	target := filepath.Join(t.TempDir(), "data")
	if _, err := backup.Restore(t.Context(), dir, target, backup.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		if got, _ := os.ReadFile(filepath.Join(target, item.Path)); string(got) != "changed "+item.Path {
			t.Errorf("%s: got %q of %s", item.Path, got, root)
		}
	}
}

// A disk that is full when everything is copied and only the manifest is to be written leaves the backup before whole: nothing that
// it needs is removed earlier.
func TestFullAtTheLastStep(t *testing.T) {
	t.Parallel()
	_, dir, items, first := outdated(t)
	_, err := finish(t, dir, items, about(), backup.Options{Before: func(op, path string) error {
		if op == "publish" {
			return &os.PathError{Op: op, Path: path, Err: syscall.ENOSPC}
		}
		return nil
	}})
	if !fault.Is(err, fault.Full) {
		t.Fatalf("got %v", err)
	}
	if held, err := backup.Check(t.Context(), dir, backup.Options{}); err != nil || held.Bytes != first.Bytes {
		t.Errorf("the backup before: %+v, %v", held, err)
	}
}

// What the disk has no room for is refused before anything is copied.
func TestNoRoomIsKnownBeforehand(t *testing.T) {
	t.Parallel()
	root, items := original(t)
	large := filepath.Join(root, "large")
	write(t, large, "")
	if err := os.Truncate(large, 8<<40); err != nil { // it takes no room itself
		t.Skipf("this disk has no file of 8 TB without content: %v", err)
	}
	items = append(items, backup.Item{Path: "large", From: large})
	r, err := finish(t, filepath.Join(t.TempDir(), "backup"), items, about(), backup.Options{Before: func(op, path string) error {
		return &os.PathError{Op: op, Path: path, Err: syscall.EIO}
	}})
	if !fault.Is(err, fault.Full) || r.Copied != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	object := func(dir string) string { // the largest body, that of store/000001.sst
		var found string
		_ = filepath.WalkDir(filepath.Join(dir, "objects"), func(path string, e os.DirEntry, _ error) error {
			if info, err := e.Info(); err == nil && info.Size() == 100_000 {
				found = path
			}
			return nil
		})
		return found
	}
	manifest := func(dir string) string { return filepath.Join(dir, "tarn-backup.json") }
	edit := func(t *testing.T, path, from, to string) {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), from) {
			t.Fatalf("%v in %.200s", err, text)
		}
		write(t, path, strings.Replace(string(text), from, to, 1))
	}
	for _, c := range []struct {
		name   string
		about  func(*backup.About)
		damage func(t *testing.T, dir string)
		want   string
	}{
		{name: "no backup", damage: func(t *testing.T, dir string) { must(t, os.Remove(manifest(dir))) }, want: "there is no backup"},
		{name: "a newer format", damage: func(t *testing.T, dir string) { edit(t, manifest(dir), `"format":1`, `"format":9`) }, want: "has format 9"},
		{name: "a changed manifest", damage: func(t *testing.T, dir string) { edit(t, manifest(dir), `"size":100000`, `"size":100001`) }, want: "does not have the hash"},
		{name: "half a manifest", damage: func(t *testing.T, dir string) { must(t, os.Truncate(manifest(dir), 100)) }, want: "damaged"},
		{name: "a missing file", damage: func(t *testing.T, dir string) { must(t, os.Remove(object(dir))) }, want: "the first is store/000001.sst"},
		{name: "a short file", damage: func(t *testing.T, dir string) { must(t, os.Truncate(object(dir), 99)) }, want: "99 bytes instead of 100000"},
		{name: "a damaged file", damage: func(t *testing.T, dir string) { write(t, object(dir), strings.Repeat("y", 100_000)) }, want: "the body of store/000001.sst"},
		{name: "a newer data folder", about: func(a *backup.About) { a.Format = 99 }, want: "data folder of format 99"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, items := original(t)
			dir, a := filepath.Join(t.TempDir(), "backup"), about()
			if c.about != nil {
				c.about(&a)
			}
			if _, err := finish(t, dir, items, a, backup.Options{}); err != nil {
				t.Fatal(err)
			}
			if c.damage != nil {
				c.damage(t, dir)
			}
			target := filepath.Join(t.TempDir(), "data")
			_, err := backup.Restore(t.Context(), dir, target, backup.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if _, err := os.Stat(filepath.Join(target, "tarn.json")); err == nil {
				t.Error("the refused folder can be opened")
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A short relative target ends the walk up to it as any other does. Not parallel: it changes the working folder.
func TestRestoreToARelativeFolder(t *testing.T) {
	_, items := original(t)
	dir := filepath.Join(t.TempDir(), "backup")
	if _, err := finish(t, dir, items, about(), backup.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if _, err := backup.Restore(t.Context(), dir, "r", backup.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("r/tarn.json"); err != nil {
		t.Error(err)
	}
}
