package layers_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every message of docs/troubleshooting.md is one of the program's: what stands between the marks of what varies is in its source.
func TestTroubleshootingQuotesTheProgram(t *testing.T) {
	t.Parallel()
	const root = "../.."
	text, err := os.ReadFile(filepath.Join(root, "docs/troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	source := sources(t, root)
	quoted := regexp.MustCompile("`([^`]+)`")
	messages := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || strings.HasPrefix(line, "|---") || strings.Contains(cells[1], "what is wrong") {
			continue
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[2], -1) {
			messages++
			for part := range strings.SplitSeq(m[1], "…") {
				if !strings.Contains(source, part) {
					t.Errorf("nothing says %q, as of: %s", part, strings.TrimSpace(cells[1]))
				}
			}
		}
	}
	if messages < 20 {
		t.Errorf("%d messages are looked at", messages)
	}
}

// sources returns the text of the program, without its tests.
func sources(t *testing.T, root string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() && e.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		code, err := os.ReadFile(path)
		all.Write(code)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
