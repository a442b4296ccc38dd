//go:build integration

package endtoend_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestDiskFull(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data)
	token := p.register(1)
	id := p.apply(token, 1, "while there is room")
	p.stop()
	p = start(t, data, "TARN_RESERVE_MB=1000000000")
	refuseWrites(t, p, token, id)
	stillReads(t, p, "1")
	verify(t, data)
	p.stop()
	p = start(t, data)
	p.apply(token, 2, "when there is room again")
	p.approve(id)
	verify(t, data)
	if got := p.passes(); got != "2" {
		t.Errorf("%s passes, want 2", got)
	}
}

func refuseWrites(t *testing.T, p *process, token, id string) {
	t.Helper()
	for name, c := range map[string]call{
		"apply":    {path: "/v1/passes", token: token, body: application(9, "no room")},
		"register": {path: "/v1/identity/register", body: person(9)},
		"approve":  {method: http.MethodPost, path: "/v1/datasets/passes/records/" + id + "/approve", token: p.token},
		"delete":   {method: http.MethodDelete, path: "/v1/datasets/passes/records/" + id, token: p.token},
	} {
		a := p.ask(c)
		said := a.problem(t)
		text := strings.ToLower(said.Detail + strings.Join(said.Errors, " "))
		if a.status != http.StatusInsufficientStorage || !strings.Contains(text, "disk") && !strings.Contains(text, "room") {
			t.Errorf("%s on a full disk: %d %s", name, a.status, a.body)
		}
	}
}

// stillReads checks that all that only reads goes on.
func stillReads(t *testing.T, p *process, passes string) {
	t.Helper()
	p.healthy()
	if got := p.passes(); got != passes {
		t.Errorf("%s passes, want %s", got, passes)
	}
	p.want(http.StatusOK, call{path: "/api/catalog", token: p.token})
	p.want(http.StatusOK, call{path: "/v1/datasets/passes/records", token: p.token})
	p.want(http.StatusOK, call{path: "/api/query", token: p.token, body: `{"metric":"applications","range":{"name":"all"}}`})
	p.want(http.StatusOK, call{path: "/", token: p.token})
}

// TestDiskReallyFull fills a small disk until it is the operating system that refuses.
func TestDiskReallyFull(t *testing.T) {
	mount := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(mount, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=96m"); err != nil {
		t.Skipf("NOT TESTED: a disk of one's own needs root (%v)", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(mount, syscall.MNT_DETACH) })
	data := filepath.Join(mount, "data")
	p := start(t, data, "TARN_RESERVE_MB=0", "TARN_COMMIT_EVERY=20ms")
	token := p.register(1)
	id := p.apply(token, 1, "while there is room")
	verify(t, data)
	ballast := fill(t, mount)
	full := p.writeUntilRefused(token)
	t.Logf("%d passes were written before the disk was full", full)
	p.want(http.StatusOK, call{path: "/v1/datasets/passes/records/" + id, token: p.token})
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	p.until("writes are taken again", func() bool {
		a, err := p.try(t.Context(), call{path: "/v1/passes", token: token, body: application(1, "room again")})
		return err == nil && a.status == http.StatusCreated
	})
	p.healthy()
	verify(t, data)
	p.stop()
	p = start(t, data)
	p.approve(id)
	verify(t, data)
}

// fill takes all room on a disk but a little, with a file of its own, and returns its path.
func fill(t *testing.T, mount string) string {
	t.Helper()
	path := filepath.Join(mount, "ballast")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 256<<10)
	for err == nil {
		_, err = file.Write(block)
	}
	info, err := file.Stat()
	if err == nil {
		err = file.Truncate(info.Size() - info.Size()%(256<<10))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeUntilRefused applies until an answer says that there is no room, and returns how many were taken before. Any
// other refusal fails the test.
func (p *process) writeUntilRefused(token string) int {
	p.tb.Helper()
	for n := range 20_000 {
		a := p.ask(call{path: "/v1/passes", token: token, body: application(1, "more and more and more")})
		switch a.status {
		case http.StatusCreated:
		case http.StatusInsufficientStorage, http.StatusServiceUnavailable:
			return n
		default:
			p.tb.Fatalf("a full disk was answered with %d: %s\n%s", a.status, a.body, p.log)
		}
	}
	p.tb.Fatal("the disk never got full")
	return 0
}
