package folder

import (
	"os"
	"path/filepath"
	"testing"
)

// The step from a format before the first exists only here, so the test stands inside the package.
func TestUpgradeCopiesFirst(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{markName: `{"product":"tarn","format":0}`, "rows": "old"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	step := func(root string) error { return os.WriteFile(filepath.Join(root, "rows"), []byte("new"), 0o644) }
	f, err := open(root, map[int]upgrade{0: step})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for path, want := range map[string]string{filepath.Join(root, "rows"): "new", filepath.Join(root+".format-0", "rows"): "old"} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s holds %q (%v), want %q", path, got, err, want)
		}
	}
	if err := f.checkFormat(nil); err != nil {
		t.Errorf("the folder is not in the new format: %v", err)
	}
}
