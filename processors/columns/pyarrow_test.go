//go:build integration

package columns_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// foreign is what another reader says of a file.
type foreign struct {
	Rows  []any
	IDs   []int
	Nulls []int64
}

// pyArrow reads files with pyarrow, which checks their checksums.
func pyArrow(t *testing.T, paths ...string) []foreign {
	t.Helper()
	python := os.Getenv("TARN_PYTHON")
	if python == "" {
		t.Skip("NOT TESTED: TARN_PYTHON names no Python with pyarrow; scripts/integration.sh installs one")
	}
	cmd := exec.CommandContext(t.Context(), python, append([]string{"testdata/read.py"}, paths...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pyarrow: %v\n%s", err, stderr.String())
	}
	var all []foreign
	for line := range bytes.Lines(out) {
		var f foreign
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.UseNumber()
		if err := dec.Decode(&f); err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	if len(all) != len(paths) {
		t.Fatalf("pyarrow read %d of %d files", len(all), len(paths))
	}
	return all
}

// drawn is a file of random columns and rows.
type drawn struct {
	cols []schemas.Column
	rows []object
	opt  columns.EncoderOptions
}

func TestPyArrowReadsEveryType(t *testing.T) {
	t.Parallel()
	gen := rapid.Custom(func(t *rapid.T) drawn {
		d := drawn{cols: drawColumns(t)}
		d.rows = drawRows(t, d.cols, 150)
		d.opt = drawOptions(t, columns.New(d.cols))
		return d
	})
	var files []drawn
	var paths []string
	for seed := range 120 {
		d := gen.Example(seed)
		b := columns.New(d.cols)
		appendRows(b, d.rows)
		file, _, err := columns.NewEncoder(d.cols, d.opt).Encode(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.parquet", seed))
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
		files, paths = append(files, d), append(paths, path)
	}
	rows := 0
	for i, got := range pyArrow(t, paths...) {
		d := files[i]
		rows += len(got.Rows)
		var ids []int
		for j := range d.cols {
			ids = append(ids, idsOf(&d.cols[j])...)
		}
		if diff := cmp.Diff(ids, got.IDs); diff != "" {
			t.Errorf("%+v: field ids: %s", d.opt, diff)
		}
		want := []any{}
		for _, row := range d.rows {
			want = append(want, plainMembers(d.cols, row))
		}
		if diff := cmp.Diff(want, got.Rows); diff != "" {
			t.Fatalf("%+v of %+v: %s", d.opt, d.cols, diff)
		}
	}
	t.Logf("%d rows of %d files", rows, len(files))
	if rows < 1000 {
		t.Errorf("only %d rows", rows)
	}
}

func TestPyArrowReadsGoldenFiles(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/v1/*.parquet")
	if err != nil || len(paths) < 5 {
		t.Fatal(paths, err)
	}
	for i, got := range pyArrow(t, paths...) {
		cols := nested()
		if strings.Contains(paths[i], "passes") {
			cols = passColumns()
		}
		b := columns.New(cols)
		file, err := os.ReadFile(paths[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := columns.Read(bytes.NewReader(file), int64(len(file)), b); err != nil {
			t.Fatal(err)
		}
		if len(got.Rows) != b.Rows() || b.Rows() == 0 {
			t.Errorf("%s: %d rows, want %d", paths[i], len(got.Rows), b.Rows())
		}
		for j, l := range b.Leaves() {
			if want := int64(len(l.Def) - l.Len()); l.MaxDef > 0 && got.Nulls[j] != want {
				t.Errorf("%s: %s has %d nulls, want %d", paths[i], l.Path, got.Nulls[j], want)
			}
		}
	}
}

func idsOf(c *schemas.Column) []int {
	ids := []int{c.ID}
	for _, k := range below(c) {
		ids = append(ids, idsOf(k)...)
	}
	return ids
}

func plainMembers(cols []schemas.Column, row object) []any {
	out := make([]any, len(row))
	for i := range row {
		out[i] = plainValue(&cols[i], row[i])
	}
	return out
}

// plainValue returns a value as testdata/read.py prints it.
func plainValue(c *schemas.Column, v any) any {
	switch v := v.(type) {
	case object:
		return plainMembers(c.Fields, v)
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, plainValue(c.Elem, item))
		}
		return out
	case []pair:
		out := []any{}
		for _, p := range v {
			out = append(out, []any{plainValue(c.Key, p.key), plainValue(c.Elem, p.value)})
		}
		return out
	case []byte:
		if c.Type != schemas.Decimal {
			return hex.EncodeToString(v)
		}
		n := new(big.Int).SetBytes(v)
		if v[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v))))
		}
		return n.String()
	case int32, int64:
		if c.Type == schemas.Decimal {
			return fmt.Sprint(v)
		}
		return json.Number(fmt.Sprint(v))
	}
	return v
}
