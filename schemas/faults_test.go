package schemas_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestEveryFaultIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := schemas.Load(os.DirFS("testdata/broken"))
	if !fault.Is(err, fault.Invalid) {
		t.Fatalf("got %v, want an invalid fault", err)
	}
	golden(t, "testdata/broken.golden", []byte(err.Error()+"\n"))
	faults := &schemas.Faults{}
	if !errors.As(err, &faults) || len(faults.All) < 40 {
		t.Errorf("got %d faults", len(faults.All))
	}
	problem := &fault.Error{}
	if !errors.As(err, &problem) || len(problem.Fields) != len(faults.All) || problem.Fields[0].Line == 0 {
		t.Errorf("the fault's fields are not those of the files: %v", problem.Fields)
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.FromSlash(file), got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, diff)
	}
}
