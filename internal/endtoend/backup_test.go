//go:build integration

package endtoend_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKilledInsideABackup kills the process while it backs up. What it left is no backup, and restoring from it is
// refused; the next backup goes on from there, is whole, and becomes a folder that has all that was acknowledged.
func TestKilledInsideABackup(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data, "TARN_COMMIT_EVERY=20ms", "TARN_ARCHIVE_DAYS=7")
	token := p.register(1)
	for n := range 40 {
		p.apply(token, n, fmt.Sprintf("place %d", n))
	}
	p.until("everything is committed", func() bool { return p.passes() == "40" })

	dir := killedInside(t, p)
	target := filepath.Join(t.TempDir(), "restored")
	code, _, stderr := tool(t, target, "restore", dir)
	if _, err := os.Stat(target); code == 0 || !strings.Contains(stderr, "interrupted") || err == nil {
		t.Errorf("restoring half a backup ended with %d: %s (%v)", code, stderr, err)
	}

	p = start(t, data, "TARN_COMMIT_EVERY=20ms", "TARN_ARCHIVE_DAYS=7")
	if code, stdout, stderr := tool(t, data, "backup", dir); code != 0 || !strings.Contains(stdout, "gone on with") || !strings.Contains(stdout, "it holds the archive") {
		t.Errorf("the next backup ended with %d: %s%s", code, stdout, stderr)
	}
	p.kill()
	if code, stdout, stderr := tool(t, target, "restore", dir, "--check"); code != 0 {
		t.Errorf("the check ended with %d: %s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := tool(t, target, "restore", dir); code != 0 {
		t.Fatalf("the restore ended with %d: %s%s", code, stdout, stderr)
	}
	verify(t, target)
	if p := start(t, target); p.passes() != "40" {
		t.Errorf("%s passes are restored of 40", p.passes())
	}
}

// killedInside begins a backup and kills the process when some files of it are copied. Where the backup was quicker, it
// is done once more in another folder by another process.
func killedInside(t *testing.T, p *process) (dir string) {
	t.Helper()
	const attempts = 20
	for range attempts {
		dir = filepath.Join(t.TempDir(), "backup")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		var words bytes.Buffer
		cmd := exec.CommandContext(ctx, os.Getenv(binaryKey), "backup", dir, "--data", p.data)
		cmd.Env, cmd.Stdout, cmd.Stderr = plainEnviron(), &words, &words
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		tick := time.NewTicker(time.Millisecond)
		for begun := false; !begun && ctx.Err() == nil; <-tick.C {
			text, _ := os.ReadFile(filepath.Join(dir, "unfinished.jsonl")) // there is none before the first file
			_, err := os.Stat(filepath.Join(dir, "tarn-backup.json"))
			begun = bytes.Count(text, []byte("\n")) > 5 || err == nil
		}
		tick.Stop()
		p.kill()
		_ = cmd.Wait() // what it was waiting for is gone
		cancel()
		if _, err := os.Stat(filepath.Join(dir, "tarn-backup.json")); err != nil {
			return dir
		}
		p = start(t, p.data, "TARN_COMMIT_EVERY=20ms", "TARN_ARCHIVE_DAYS=7")
	}
	t.Fatalf("none of %d backups could be interrupted", attempts)
	return dir
}
