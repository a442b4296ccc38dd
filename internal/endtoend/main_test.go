//go:build integration

package endtoend_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// binaryKey names the setting that holds the binary under test; without it the suite builds one.
const binaryKey = "TARN_BINARY"

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "endtoend:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	if os.Getenv(binaryKey) != "" {
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "tarn-endtoend-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // one test runs the binary as somebody else
		return 1, err
	}
	path := filepath.Join(dir, "tarn")
	build := exec.Command("go", "build", "-trimpath", "-o", path, "./cmd/tarn")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	if err := os.Setenv(binaryKey, path); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// count returns a number that the environment may set.
func count(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s: %q is not a whole number above 0", name, text)
	}
	return n
}

// span returns a duration that the environment may set.
func span(t *testing.T, name string, usual time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		t.Fatalf("%s: %q is not a duration above 0", name, text)
	}
	return d
}
