package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

const (
	patience = 4 * time.Minute       // a loaded machine may need as long until a component answers
	interval = 20 * time.Millisecond // between two looks
	starts   = 3                     // somebody else may take the port that was free
	lastLog  = 4 << 10               // bytes of a component's output that a failure shows
)

// keeper runs its arguments and kills them when its standard input ends, which it does with the test process: also when
// that is killed.
const keeper = `exec 3<&0; "$@" </dev/null & child=$!; (read -r _ <&3; kill -9 $child) 2>/dev/null & wait $child`

// process is a component that runs.
type process struct {
	name   string
	hold   io.Closer
	ended  chan struct{}
	output *tail
}

// run starts a component by what command returns for a port, waits until ready says so, and returns its port.
func run(t testing.TB, name string, command func(port string) *exec.Cmd, ready func(ctx context.Context, port string) error) string {
	t.Helper()
	var err error
	for range starts {
		port := freePort(t)
		var p *process
		if p, err = start(name, command(port)); err != nil {
			break
		}
		if err = p.await(t.Context(), port, ready); err == nil {
			t.Cleanup(p.stop)
			return port
		}
		p.stop()
		if !errors.Is(err, errEnded) {
			break
		}
	}
	t.Fatalf("start %s: %v", name, err)
	return ""
}

func start(name string, cmd *exec.Cmd) (*process, error) {
	kept := exec.Command("sh", append([]string{"-c", keeper, name}, cmd.Args...)...)
	kept.Dir, kept.Env = cmd.Dir, append(os.Environ(), cmd.Env...)
	p := &process{name: name, ended: make(chan struct{}), output: &tail{}}
	kept.Stdout, kept.Stderr = p.output, p.output
	kept.WaitDelay = time.Second // what it started may still hold its output
	hold, err := kept.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.hold = hold
	if err := kept.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		_ = kept.Wait() // it is killed, and says so
	}()
	return p, nil
}

func (p *process) stop() {
	_ = p.hold.Close()
	<-p.ended
}

var errEnded = errors.New("it ended by itself")

func (p *process) await(ctx context.Context, port string, ready func(ctx context.Context, port string) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	look := time.NewTicker(interval)
	defer look.Stop()
	err := errors.New("it never answered")
	for {
		select {
		case <-p.ended:
			return fmt.Errorf("%w, saying:\n%s", errEnded, p.output)
		case <-ctx.Done():
			return fmt.Errorf("not ready after %s: %w; it says:\n%s", patience, err, p.output)
		case <-look.C:
			if err = ready(ctx, port); err == nil {
				return nil
			}
		}
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// answers is a readiness that asks path by HTTP until the status is want.
func answers(path string, want int) func(ctx context.Context, port string) error {
	return func(ctx context.Context, port string) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+port+path, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != want {
			return fmt.Errorf("%s answers %s", path, resp.Status)
		}
		return nil
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write never fails.
func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if over := len(l.text) - lastLog; over > 0 {
		l.text = append(l.text[:0], l.text[over:]...)
	}
	return len(p), nil
}

// String returns what is kept.
func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(bytes.TrimSpace(l.text))
}
