//go:build integration

package endtoend_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// stopWithin is what an interrupted process may take. The best of a few stops counts, for machines that do other things too.
const (
	stopWithin = 2 * time.Second
	stops      = 4
)

func TestGracefulStop(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	best := time.Hour
	c := newClient(1, 1)
	for range stops {
		p := start(t, data)
		took := stopUnderLoad(t, p, c)
		best = min(best, took)
		t.Logf("stopped under load in %s", took.Round(time.Millisecond))
		if left := landed(t, data); len(left) > 0 {
			t.Errorf("landed objects are left: %v", left)
		}
		if text, err := os.ReadFile(filepath.Join(data, "lock")); err != nil || len(text) > 0 {
			t.Errorf("the lock file still names somebody: %q, %v", text, err)
		}
	}
	if best > stopWithin {
		t.Errorf("the quickest stop took %s, want at most %s", best, stopWithin)
	}
	p := start(t, data)
	k := &killing{t: t, clients: []*client{c}}
	if c.settle != nil {
		if err := c.settle(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	verify(t, data)
	k.compare("lake", lakePasses(p))
	p.stop()
	p = start(t, data)
	if n := p.metric("tarn_committed_rows_total"); n != "" {
		t.Errorf("a start after a quiet stop committed something: %s", n)
	}
}

// stopUnderLoad interrupts the process while clients write and others read, and returns how long it took to end.
func stopUnderLoad(t *testing.T, p *process, c *client) time.Duration {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	before := c.acked
	written := make(chan struct{})
	all.Go(func() {
		var bad *wrong
		for c.acked < before+50 && ctx.Err() == nil {
			do := c.settle
			if do == nil {
				do = c.choose()
			}
			if err := do(ctx, p); errors.As(err, &bad) {
				t.Error(bad)
				break
			}
		}
		close(written)
		if err := c.work(ctx, p); errors.As(err, &bad) && !strings.Contains(bad.text, ": 503 ") {
			t.Error(bad)
		}
	})
	all.Go(func() { _, _ = p.try(ctx, call{path: "/api/live", token: p.token}) }) // a page that stays open
	<-written
	took := p.stop()
	cancel()
	all.Wait()
	return took
}

// landed returns the landed objects that are left in a data folder.
func landed(t *testing.T, data string) []string {
	t.Helper()
	var left []string
	err := filepath.WalkDir(filepath.Join(data, "lake", "landing"), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() {
			left = append(left, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// metric returns the lines of /metrics that begin with the name.
func (p *process) metric(name string) string {
	p.tb.Helper()
	var lines []string
	for line := range strings.Lines(string(p.want(200, call{path: "/metrics"}).body)) {
		if strings.HasPrefix(line, name) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}
