package layers_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDecisionsAreListed wants a line in the index for each decision, and a page for each line.
func TestDecisionsAreListed(t *testing.T) {
	t.Parallel()
	const folder = "../../docs/decisions"
	text, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(folder, "[0-9]*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		name := filepath.Base(page)
		if line := "| [" + name[:3] + "](" + name + ") | "; strings.Count(string(text), line) != 1 {
			t.Errorf("docs/decisions/README.md has no line for %s: add %q and what was decided", name, line)
		}
	}
	if lines := strings.Count(string(text), "\n| ["); lines != len(pages) {
		t.Errorf("the index has %d lines and there are %d pages", lines, len(pages))
	}
}
