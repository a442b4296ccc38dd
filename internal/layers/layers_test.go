// Package layers_test holds the import table of docs/architecture.md against the code.
package layers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tarn-lake/tarn/"

var core = []string{"internal/record", "internal/fault", "internal/viewer", "internal/telemetry", "schemas"}

// row is one package's line of the table.
type row struct {
	ours      []string // full paths below the module
	libraries []string
	anyOurs   bool
	anyLib    bool
}

// pkg is what go list says of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
	DepOnly    bool
}

func TestImportsFollowTheTable(t *testing.T) {
	t.Parallel()
	table := readTable(t)
	for _, p := range list(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, module)
		r, ok := lookUp(table, name)
		if !ok {
			t.Errorf("%s has no row in docs/architecture.md: add one", name)
			continue
		}
		for _, imp := range p.Imports {
			if why := r.refuses(imp, name); why != "" {
				t.Errorf("%s imports %s: %s", name, imp, why)
			}
		}
	}
}

func TestEveryRowIsAPackage(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	for _, p := range list(t, "./...") {
		have[strings.TrimPrefix(p.ImportPath, module)] = true
	}
	for name := range readTable(t) {
		if !have[name] {
			t.Errorf("docs/architecture.md has a row for %s, which does not exist", name)
		}
	}
}

func TestHeavyLibrariesStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pkg, must string }{
		{"processors/land", "github.com/apache/iceberg-go"},
		{"processors/stream", "github.com/apache/iceberg-go"},
		{"processors/stream/lambda", "github.com/apache/iceberg-go"},
		{"processors/stream/dynamo", "github.com/apache/iceberg-go"},
		{"ingest", "github.com/apache/iceberg-go"},
		{"ingest/dynamo", "github.com/apache/iceberg-go"},
		{"internal/function", "github.com/apache/iceberg-go"},
		{"cmd/api-lambda", "github.com/apache/iceberg-go"},
		{"cmd/processor-lambda", "github.com/apache/iceberg-go"},
		{"processors/commit", "github.com/duckdb"},
		{"processors/compact", "github.com/duckdb"},
		{"query", "github.com/duckdb"},
	} {
		for _, p := range list(t, "-deps", "./"+c.pkg) {
			if strings.HasPrefix(p.ImportPath, c.must) {
				t.Errorf("%s links %s", c.pkg, p.ImportPath)
			}
		}
	}
}

// refuses says why a package of this row may not import imp; empty: it may.
func (r row) refuses(imp, self string) string {
	if ours, ok := strings.CutPrefix(imp, module); ok {
		if r.anyOurs || slices.Contains(r.ours, ours) || strings.HasPrefix(ours, self+"/") {
			return ""
		}
		return "its row does not allow it"
	}
	if !strings.Contains(strings.Split(imp, "/")[0], ".") || r.anyLib {
		return "" // standard library
	}
	for _, lib := range r.libraries {
		if strings.Contains(imp+"/", lib+"/") {
			return ""
		}
	}
	return "the library is not in its row's allow-list"
}

// lookUp finds the package's own row, or that of the nearest folder above it: an inner package shares its parent's.
func lookUp(table map[string]row, name string) (row, bool) {
	if name == "internal/layers" {
		return row{}, true
	}
	for n := name; n != ""; {
		if r, ok := table[n]; ok {
			return r, true
		}
		i := strings.LastIndex(n, "/")
		if i < 0 {
			break
		}
		n = n[:i]
	}
	return row{}, false
}

var quoted = regexp.MustCompile("`([^`]+)`")

func readTable(t *testing.T) map[string]row {
	t.Helper()
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]row{}
	short := map[string]string{}
	lines := strings.Split(string(text), "\n")
	for _, pass := range []int{1, 2} {
		for _, line := range lines {
			cells := strings.Split(line, "|")
			if !strings.HasPrefix(line, "| `") || len(cells) < 7 {
				continue
			}
			for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
				if pass == 1 {
					short[m[1][strings.LastIndex(m[1], "/")+1:]], short[m[1]] = m[1], m[1]
					continue
				}
				table[m[1]] = parseRow(t, m[1], cells[4], cells[5], short)
			}
		}
	}
	if len(table) < 20 {
		t.Fatalf("only %d rows were read from docs/architecture.md", len(table))
	}
	return table
}

func parseRow(t *testing.T, name, ours, libraries string, short map[string]string) row {
	t.Helper()
	var r row
	if strings.Contains(ours, "core") {
		r.ours = append(r.ours, core...)
	}
	r.anyOurs = strings.TrimSpace(ours) == "all"
	r.anyLib = strings.TrimSpace(libraries) == "any"
	for _, m := range quoted.FindAllStringSubmatch(ours, -1) {
		full, ok := short[m[1]]
		if !ok {
			t.Errorf("the row of %s names %s, which has no row", name, m[1])
		}
		r.ours = append(r.ours, full)
	}
	for _, m := range quoted.FindAllStringSubmatch(libraries, -1) {
		r.libraries = append(r.libraries, m[1])
	}
	return r
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,DepOnly,Standard"}, args...)...)
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, stderr.String())
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
