package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pythonKey names the setting of an interpreter that has the other readers.
const pythonKey = "TARN_PYTHON"

// Python runs a program under the interpreter that has PyIceberg, pyarrow and DuckDB, and returns what it prints. Settings
// are in its environment.
func Python(t testing.TB, program string, settings map[string]string, args ...string) string {
	t.Helper()
	python := os.Getenv(pythonKey)
	if python == "" {
		version := version(t, "PYICEBERG") + "-" + version(t, "PYTHON_DUCKDB")
		python = filepath.Join(installed(t, "python", version), "bin", "python")
	}
	cmd := exec.CommandContext(t.Context(), python, append([]string{"-c", program}, args...)...)
	cmd.Env = os.Environ()
	for name, value := range settings {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var errors strings.Builder
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python: %v\n%s", err, errors.String())
	}
	return string(out)
}

// pyIceberg opens the catalog of Glue over S3 under the name "lake".
const pyIceberg = `
import os
from pyiceberg.catalog import load_catalog
lake = load_catalog("lake", type="glue", **{
    "glue.endpoint": os.environ["GLUE"], "glue.region": os.environ["REGION"],
    "glue.access-key-id": os.environ["KEY"], "glue.secret-access-key": os.environ["SECRET"],
    "s3.endpoint": os.environ["S3"], "s3.region": os.environ["REGION"],
    "s3.access-key-id": os.environ["KEY"], "s3.secret-access-key": os.environ["SECRET"],
})
`

// PyIceberg runs a program in which "lake" is PyIceberg's catalog of the tables that glue names and objects holds.
func PyIceberg(t testing.TB, glue string, objects Objects, program string, args ...string) string {
	t.Helper()
	return Python(t, pyIceberg+program, map[string]string{"GLUE": glue, "S3": objects.Endpoint, "REGION": Region, "KEY": Key, "SECRET": Secret}, args...)
}
