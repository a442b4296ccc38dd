//go:build integration

package endtoend_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestToolsWithoutAProcess kills the process right after its last write and asks the folder itself: the tools do what
// the process had not come to.
func TestToolsWithoutAProcess(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data)
	token := p.register(1)
	for n := range 50 {
		p.apply(token, 1, string(rune('A'+n)))
	}
	p.kill()
	verify(t, data)
	code, stdout, stderr := tool(t, data, "sql", "SELECT count(*) AS n FROM passes", "--json")
	var a struct{ Rows [][]int }
	if err := json.Unmarshal([]byte(stdout), &a); err != nil || code != 0 || len(a.Rows) != 1 || a.Rows[0][0] != 50 {
		t.Errorf("tarn sql ended with %d: %s%s", code, stdout, stderr)
	}
	if code, _, words := tool(t, data, "compact"); code != 0 {
		t.Errorf("tarn compact ended with %d: %s", code, words)
	}
	if got := status(t, data)["passes_changes"]; got.Rows != 50 || got.Files != 1 {
		t.Errorf("after tarn compact: %+v", got)
	}
	if code, _, words := tool(t, data, "query", "no_such_metric"); code != 1 || !strings.Contains(words, "no_such_metric") {
		t.Errorf("an unknown metric ended with %d: %s", code, words)
	}
	verify(t, data)
	p = start(t, data)
	p.apply(token, 1, "the process again")
	verify(t, data)
}
