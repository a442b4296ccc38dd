package layers_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every row of docs/rules.md, docs/rehearsal.md and docs/troubleshooting.md names tests that exist.
func TestRulesNameTests(t *testing.T) {
	t.Parallel()
	const root = "../.."
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() && e.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		code, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(code, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for doc, least := range map[string]int{"docs/rules.md": 20, "docs/rehearsal.md": 15, "docs/troubleshooting.md": 15} {
		text, err := os.ReadFile(filepath.Join(root, doc))
		if err != nil {
			t.Fatal(err)
		}
		named(t, doc, string(text), least, there)
	}
}

// named checks a table of rules.
func named(t *testing.T, doc, text string, least int, there map[string]bool) {
	t.Helper()
	rows := 0
	for line := range strings.Lines(text) {
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(line, -1)
		for _, m := range named {
			if !there[m[1]] {
				t.Errorf("%s names %s, which is no test", doc, m[1])
			}
		}
		if strings.HasPrefix(line, "|") {
			rows++
			if len(named) == 0 && rows > 2 { // the head and its rule
				t.Errorf("no test holds: %s", line)
			}
		}
	}
	if rows < least {
		t.Errorf("%s has %d rows", doc, rows)
	}
}
