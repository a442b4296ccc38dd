//go:build integration

package endtoend_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long the suite waits for what must come. It is no measure of speed, and longer than a request takes that
// a service leaves without an answer, with its repetitions.
const patience = 3 * time.Minute

// again is how often a condition is looked at.
const again = 10 * time.Millisecond

// setup is how a process is started.
type setup struct {
	data string
	args []string            // after those of every start
	env  []string            // beside the suite's own environment without Tarn's settings
	user *syscall.Credential // nil: the suite's own

	bucket string // the folder of its lake's bucket; empty: it has none
}

// process is one `tarn up`.
type process struct {
	tb    testing.TB
	data  string
	cmd   *exec.Cmd
	log   *tail
	ended chan struct{} // closed once the process is gone
	err   error         // how it ended
	url   string
	token string
	http  *http.Client
}

// launch starts `tarn up` on a free port and waits for nothing.
func (s setup) launch(tb testing.TB) *process {
	tb.Helper()
	args := append([]string{"up", "--data", s.data, "--addr", "127.0.0.1:0", "--no-demo"}, s.args...)
	p := &process{tb: tb, data: s.data, cmd: exec.Command(os.Getenv(binaryKey), args...), log: &tail{}, ended: make(chan struct{}),
		http: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	p.cmd.Env, p.cmd.Stderr = append(plainEnviron(), s.env...), p.log
	if s.user != nil {
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.user}
	}
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("start tarn: %v", err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	tb.Cleanup(p.cleanup)
	return p
}

// start starts `tarn up` and returns once its data is up to date.
func (s setup) start(tb testing.TB) *process {
	tb.Helper()
	p := s.launch(tb)
	p.reachable()
	p.healthy()
	return p
}

// start starts a process on the folder with the usual settings.
func start(tb testing.TB, data string, env ...string) *process {
	tb.Helper()
	return setup{data: data, env: env}.start(tb)
}

func plainEnviron() []string {
	var env []string
	for _, one := range os.Environ() {
		if !strings.HasPrefix(one, "TARN_") {
			env = append(env, one)
		}
	}
	return env
}

// reachable returns once the process has said in the lock file where it answers.
func (p *process) reachable() {
	p.tb.Helper()
	p.until("the lock file says where the process answers", p.said)
}

// said reports whether the lock file says where the process answers, and takes it from there.
func (p *process) said() bool {
	text, err := os.ReadFile(filepath.Join(p.data, "lock"))
	var l struct {
		PID        int
		URL, Token string
	}
	if err != nil || json.Unmarshal(text, &l) != nil || l.PID != p.cmd.Process.Pid || l.URL == "" {
		return false
	}
	p.url, p.token = l.URL, l.Token
	return true
}

// healthy returns once /healthz says ok.
func (p *process) healthy() {
	p.tb.Helper()
	p.until("/healthz answers 200", func() bool {
		a, err := p.try(p.tb.Context(), call{path: "/healthz"})
		return err == nil && a.status == http.StatusOK
	})
}

// until returns once the condition holds. The test fails when the process ends before.
func (p *process) until(what string, holds func() bool) {
	p.tb.Helper()
	if err := p.await(what, holds); err != nil {
		p.tb.Fatalf("%v\n%s", err, p.log)
	}
}

func (p *process) await(what string, holds func() bool) error {
	limit, cancel := context.WithTimeout(p.tb.Context(), patience)
	defer cancel()
	tick := time.NewTicker(again)
	defer tick.Stop()
	for !holds() {
		select {
		case <-p.ended:
			return fmt.Errorf("the process ended (%w) before this: %s", p.err, what)
		case <-limit.Done():
			return fmt.Errorf("this did not come: %s", what)
		case <-tick.C:
		}
	}
	return nil
}

// kill ends the process as a power cut would, and returns once it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.ended
	p.http.CloseIdleConnections()
}

// stop asks the process to end and returns how long that took.
func (p *process) stop() time.Duration {
	p.tb.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.tb.Fatalf("interrupt tarn: %v", err)
	}
	if code := p.code(); code != 0 {
		p.tb.Fatalf("the interrupted process ended with %d\n%s", code, p.log)
	}
	p.http.CloseIdleConnections()
	return time.Since(began)
}

// code waits for the end of the process and returns its exit code.
func (p *process) code() int {
	p.tb.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		p.tb.Fatalf("the process does not end\n%s", p.log)
	}
	var exit *exec.ExitError
	if p.err != nil && !errors.As(p.err, &exit) {
		p.tb.Fatalf("wait for tarn: %v", p.err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// refused starts a process that must not come up and returns what it said.
func (s setup) refused(tb testing.TB) string {
	tb.Helper()
	p := s.launch(tb)
	if code := p.code(); code != 1 {
		tb.Errorf("exit code %d, want 1", code)
	}
	return p.log.String()
}

func (p *process) cleanup() {
	p.kill()
	if p.tb.Failed() {
		p.tb.Logf("the last words of process %d:\n%s", p.cmd.Process.Pid, p.log)
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxTail = 16 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - maxTail; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
