//go:build integration

package endtoend_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func wantWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in: %s", w, text)
		}
	}
	if strings.Contains(text, "goroutine ") {
		t.Errorf("it panicked: %s", text)
	}
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	data := filepath.Join(t.TempDir(), "data")
	words := setup{data: data, args: []string{"--addr", l.Addr().String()}}.refused(t)
	wantWords(t, words, l.Addr().String(), "--addr")
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("the data folder was made all the same (%v)", err)
	}
}

func TestSecondProcessOnSameFolder(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data)
	words := setup{data: data}.refused(t)
	wantWords(t, words, data, strconv.Itoa(p.cmd.Process.Pid), p.url, "--data")
	p.apply(p.register(1), 1, "after the second")
	verify(t, data)
	p.stop()
	start(t, data).stop()
}

func TestNewerFormatRefused(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	start(t, data).stop()
	mark := filepath.Join(data, "tarn.json")
	newer := `{"product":"tarn","format":99}`
	if err := os.WriteFile(mark, []byte(newer), 0o644); err != nil {
		t.Fatal(err)
	}
	wantWords(t, setup{data: data}.refused(t), data, "99", "newer")
	wantWords(t, setup{data: data, args: []string{"--fresh"}}.refused(t), "99")
	if _, err := os.Stat(filepath.Join(data, "store")); err != nil {
		t.Errorf("what a newer program wrote is gone: %v", err)
	}
	if code, _, words := tool(t, data, "status"); code != 1 {
		t.Errorf("tarn status ended with %d: %s", code, words)
	}
}

func TestForeignFolderRefused(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	mine := filepath.Join(data, "thesis.txt")
	if err := os.WriteFile(mine, []byte("years of work"), 0o644); err != nil {
		t.Fatal(err)
	}
	wantWords(t, setup{data: data}.refused(t), "thesis.txt", "--data")
	wantWords(t, setup{data: data, args: []string{"--fresh"}}.refused(t), "thesis.txt")
	if text, err := os.ReadFile(mine); err != nil || string(text) != "years of work" {
		t.Errorf("somebody's file is gone: %q, %v", text, err)
	}
}

func TestFreshFlag(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data)
	p.apply(p.register(1), 1, "gone soon")
	old := p.token
	p.stop()
	p = setup{data: data, args: []string{"--fresh"}}.start(t)
	if got := p.passes(); got != "0" {
		t.Errorf("%s passes are left", got)
	}
	if p.token == old {
		t.Error("the old secret is left")
	}
	p.apply(p.register(1), 1, "the first again") // the phone is free again
	verify(t, data)
	if got := p.passes(); got != "1" {
		t.Errorf("%s passes, want 1", got)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	start(t, data).stop()
	s := setup{data: data}
	if os.Getuid() == 0 { // rights mean nothing to root, so somebody else tries
		s.user = &syscall.Credential{Uid: 65534, Gid: 65534}
		open(t, filepath.Dir(data))
	}
	seal(t, data)
	wantWords(t, s.refused(t), data, "permission denied")
	s.data = filepath.Join(data, "below")
	wantWords(t, s.refused(t), s.data, "permission denied")
}

// open lets everybody into a folder and those above it up to the system's own.
func open(t *testing.T, dir string) {
	t.Helper()
	for ; dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// seal makes a folder read-only until the test has ended.
func seal(t *testing.T, dir string) {
	t.Helper()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) }) // the folder is going away
}
