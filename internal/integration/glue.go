package integration

import (
	"context"
	_ "embed"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed lockedmoto.py
var moto string

// Glue starts moto, empty and in memory, and returns its endpoint. Every AWS service that moto has is there, but only Glue
// is used: it is given the lock of the real one.
func Glue(t testing.TB) string {
	t.Helper()
	python := filepath.Join(installed(t, "moto", version(t, "MOTO")), "bin", "python")
	port := run(t, "moto", func(port string) *exec.Cmd {
		cmd := exec.CommandContext(context.Background(), python, "-c", moto, "--host", "127.0.0.1", "--port", port)
		cmd.Dir = t.TempDir()
		return cmd
	}, answers("/moto-api/", 200))
	return "http://127.0.0.1:" + port
}
