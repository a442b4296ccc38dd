package folder_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/folder"
)

func mustFile(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(filepath.Base(path)), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// TestShadow: a shadow is a data folder like the one it stands for, of links to what nobody ever writes again and copies of all
// else, without what only a process at work needs.
func TestShadow(t *testing.T) {
	t.Parallel()
	root, dir := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "aside")
	f := mustOpen(t, root)
	key := f.Key("mask")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"store/000012.sst": "link", "store/000013.log": "copy", "store/MANIFEST-000001": "copy", "store/LOCK": "", "lost+found/x": "", "temp/verify-1": "",
		"lake/tables/a/data/dt=1/1.parquet": "link", "lake/tables/a/metadata/v1.metadata.json": "copy", "lake/archive/s/1.parquet": "link",
		"lake/landing/s/1.parquet": "copy", "copies/1.parquet": "", "home.json": "copy", "tarn.json": "copy", "secret": "copy", "home.json.tmp": "",
	}
	for rel := range want {
		if rel != "tarn.json" && rel != "secret" {
			mustFile(t, filepath.Join(root, filepath.FromSlash(rel)))
		}
	}
	link := filepath.Join(t.TempDir(), "by another name")
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	whole, release, err := folder.Shadow(t.Context(), link, dir)
	if err != nil {
		t.Fatal(err)
	}
	for rel, what := range want {
		path := filepath.Join(dir, filepath.FromSlash(rel))
		info, err := os.Lstat(path)
		got := ""
		if err == nil {
			got = "copy"
			if info.Mode()&os.ModeSymlink != 0 {
				got = "link"
			}
			was, _ := os.ReadFile(filepath.Join(whole, filepath.FromSlash(rel)))
			if is, err := os.ReadFile(path); err != nil || string(is) != string(was) {
				t.Errorf("%s holds %q: %v", rel, is, err)
			}
		}
		if got != what {
			t.Errorf("%s: got %q, want %q", rel, got, what)
		}
	}
	if _, err := folder.Open(root); !fault.Is(err, fault.Conflict) {
		t.Errorf("while there is a shadow the folder can be taken: %v", err)
	}
	shadow := mustOpen(t, dir)
	if string(shadow.Key("mask")) != string(key) {
		t.Error("the shadow has another secret")
	}
	if err := errors.Join(shadow.Close(), release()); err != nil {
		t.Fatal(err)
	}
	if err := mustOpen(t, root).Close(); err != nil {
		t.Error(err)
	}
}

func TestShadowRefuses(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "data")
	f := mustOpen(t, root)
	if err := f.Announce(folder.Running{PID: 7, URL: "http://127.0.0.1:1"}); err != nil {
		t.Fatal(err)
	}
	shadow := func(ctx context.Context) error {
		_, release, err := folder.Shadow(ctx, root, t.TempDir())
		if err == nil {
			err = release()
		}
		return err
	}
	if err := shadow(t.Context()); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "process 7") {
		t.Errorf("in use: got %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := shadow(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("told to stop: got %v", err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(root, "lake")); err != nil {
		t.Fatal(err)
	}
	if err := shadow(t.Context()); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), filepath.Join(root, "lake")) {
		t.Errorf("a link to another folder: got %v", err)
	}
	if err := mustOpen(t, root).Close(); err != nil {
		t.Errorf("what was refused holds the folder: %v", err)
	}
	if _, _, err := folder.Shadow(t.Context(), filepath.Join(root, "none"), t.TempDir()); err == nil {
		t.Error("a folder that is not there has a shadow")
	}
}

// TestWritable: only a data folder that is there can be one that cannot be written.
func TestWritable(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := folder.Writable(filepath.Join(root, "none")); err != nil {
		t.Errorf("none: %v", err)
	}
	if err := errors.Join(mustOpen(t, root).Close(), folder.Writable(root)); err != nil {
		t.Errorf("one of ours: %v", err)
	}
}
