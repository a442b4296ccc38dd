package folder_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/folder"
)

func TestOpenMarksAndLocks(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "data")
	f := mustOpen(t, root)
	if err := f.Announce(folder.Running{PID: 7, URL: "http://127.0.0.1:1", Token: "t"}); err != nil {
		t.Fatal(err)
	}
	_, err := folder.Open(root)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "process 7 (http://127.0.0.1:1)") {
		t.Errorf("a second Open gave %v", err)
	}
	who, held, err := folder.Who(root)
	if err != nil || !held || who.PID != 7 || who.Token != "t" {
		t.Errorf("Who = %+v, %t, %v", who, held, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, held, err := folder.Who(root); held || err != nil {
		t.Errorf("after Close, Who says %t, %v", held, err)
	}
}

func TestOpenAfterAKillInTheVeryFirst(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, name := range []string{"lock", "tarn.json.tmp"} { // the mark was written and not yet named
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := mustOpen(t, root).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestKeysOutliveTheProcess(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	f := mustOpen(t, root)
	key, other := f.Key("mask"), f.Key("session")
	if bytes.Equal(key, other) {
		t.Error("two purposes have one key")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, root)
	if !bytes.Equal(key, again.Key("mask")) {
		t.Error("the key changed")
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, body, want string }{
		{"a newer format", "tarn.json", `{"product":"tarn","format":99}`, "knows formats up to 1"},
		{"an older format without a way", "tarn.json", `{"product":"tarn","format":0}`, "no way leads from it"},
		{"another product's mark", "tarn.json", `{}`, "not the mark of a Tarn data folder"},
		{"a folder of something else", "holiday.jpg", "x", "holds holiday.jpg"},
		{"a restore that was interrupted", "restoring", "", "give the same `tarn restore` again"},
		{"a damaged secret", "secret", "short", "instead of 32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := filepath.Join(t.TempDir(), "data")
			if err := os.MkdirAll(root, 0o755); err != nil {
				t.Fatal(err)
			}
			if c.file == "secret" {
				if err := os.WriteFile(filepath.Join(root, "tarn.json"), []byte(`{"product":"tarn","format":1}`), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(root, c.file), []byte(c.body), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := folder.Open(root); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Open gave %v, want %q", err, c.want)
			}
		})
	}
}

func TestRemoveLeavesForeignFoldersAlone(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	precious := filepath.Join(root, "thesis.tex")
	if err := os.WriteFile(precious, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := folder.Remove(root); !fault.Is(err, fault.Invalid) {
		t.Errorf("Remove gave %v", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

func TestRemoveEmptiesOurs(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "data")
	f := mustOpen(t, root)
	if err := os.MkdirAll(f.Path("lake", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := folder.Remove(root); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "lake")); !os.IsNotExist(err) {
		t.Errorf("lake is still there: %v", err)
	}
}

func mustOpen(t *testing.T, root string) *folder.Folder {
	t.Helper()
	f, err := folder.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}
