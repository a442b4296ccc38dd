package integration

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
)

// Objects is an S3 service over a folder.
type Objects struct {
	Endpoint string
	Folder   string // holds a folder for each bucket, and in it a file for each object
}

// S3 starts versitygw over an empty folder.
func S3(t testing.TB) Objects { return S3On(t, t.TempDir()) }

// S3On starts versitygw over folder, so that each folder in it is a bucket.
func S3On(t testing.TB, folder string) Objects {
	t.Helper()
	return s3On(t, folder)
}

// S3Telling starts versitygw over an empty folder; it posts each event of an object, in S3's own form, to an address.
func S3Telling(t testing.TB, url string) Objects {
	t.Helper()
	return s3On(t, t.TempDir(), "--event-webhook-url", url)
}

func s3On(t testing.TB, folder string, more ...string) Objects {
	t.Helper()
	program := filepath.Join(installed(t, "versitygw", version(t, "VERSITYGW")), "versitygw")
	port := run(t, "versitygw", func(port string) *exec.Cmd {
		args := append([]string{"--port", "127.0.0.1:" + port, "--region", Region, "--health", "/health", "--quiet"}, more...)
		cmd := exec.CommandContext(context.Background(), program, append(args, "posix", folder)...)
		cmd.Dir, cmd.Env = t.TempDir(), []string{"ROOT_ACCESS_KEY=" + Key, "ROOT_SECRET_KEY=" + Secret}
		return cmd
	}, answers("/health", 200))
	return Objects{Endpoint: "http://127.0.0.1:" + port, Folder: folder}
}
