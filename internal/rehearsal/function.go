// Package rehearsal plays AWS around the compiled functions: Lambda's runtime API that they are started under, the event
// source mapping that reads a table's stream for them, the queue that wakes the committer, and the HTTP API in front. What
// it plays behaves as AWS documents it; docs/rehearsal.md names each rule with its source.
package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Function is a compiled function as Lambda runs it: one environment, started when it is first needed, kept for the next
// call, and thrown away when it exits or runs out of time. It is safe for concurrent use; one call runs at a time.
type Function struct {
	Name    string
	Program string            // the binary
	Env     map[string]string // its settings and what the SDK reads; nothing else is there
	Timeout time.Duration     // of a call; 0: a minute

	calls sync.Mutex
	env   *environment
	log   logs

	mu    sync.Mutex
	stats Stats
}

// Stats is what the calls of a function cost.
type Stats struct {
	Starts  int
	Init    time.Duration // of the last start: from the start of the process until it asks for work
	Own     time.Duration // of it what came after the start of main
	InitCPU time.Duration // of it on the processor, the start of the process included
	Calls   int
	Failed  int
	Elapsed time.Duration // of all calls
	CPU     time.Duration // of the last environment, start included
	PeakMB  float64       // of any environment
}

// CallError is what a function answered instead of a result.
type CallError struct {
	Function string
	Type     string `json:"errorType"`
	Message  string `json:"errorMessage"`
}

// Error implements error.
func (e *CallError) Error() string { return e.Function + ": " + e.Type + ": " + e.Message }

// Invoke calls the function and returns its answer; a *CallError where it fails, exits or takes too long.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	f.calls.Lock()
	defer f.calls.Unlock()
	began := time.Now()
	answer, err := f.call(ctx, payload)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats.Calls++
	f.stats.Elapsed += time.Since(began)
	if err != nil {
		f.stats.Failed++
	}
	if f.env != nil {
		f.measure()
	}
	return answer, err
}

func (f *Function) call(ctx context.Context, payload []byte) ([]byte, error) {
	if f.env == nil {
		if err := f.start(ctx); err != nil {
			return nil, err
		}
	}
	timeout := f.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	j := newJob(payload, time.Now().Add(timeout))
	late := time.NewTimer(timeout)
	defer late.Stop()
	f.env.jobs <- j
	select {
	case <-j.done:
		return j.result(f.Name)
	case <-f.env.exited:
		f.discard()
		return nil, &CallError{f.Name, "Runtime.ExitError", "the process exited: " + f.log.tail()}
	case <-late.C:
		f.discard() // Lambda ends the environment, whatever it is at
		return nil, &CallError{f.Name, "Sandbox.Timedout", fmt.Sprintf("the call took longer than %s", timeout)}
	case <-ctx.Done():
		f.discard()
		return nil, ctx.Err()
	}
}

func (f *Function) start(ctx context.Context) error {
	began := time.Now()
	e, err := startEnvironment(f)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.stats.Starts++
	f.mu.Unlock()
	select {
	case <-e.ready:
	case <-e.exited:
		e.stop()
		return &CallError{f.Name, "Runtime.ExitError", fmt.Sprintf("exit code %d before the first call: %s", e.code(), f.log.tail())}
	case <-ctx.Done():
		e.stop()
		return ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats.Init, f.env = time.Since(began), e
	f.stats.InitCPU = threads(strconv.Itoa(e.cmd.Process.Pid), nil)
	return nil
}

// Kill ends the environment at once, in the middle of whatever it is doing. The next call starts another.
func (f *Function) Kill() {
	f.mu.Lock()
	e := f.env
	f.mu.Unlock()
	if e != nil {
		e.kill()
	}
}

// Stop ends the environment between calls. The next call starts another, with the settings as they are then.
func (f *Function) Stop() {
	f.calls.Lock()
	defer f.calls.Unlock()
	f.discard()
}

func (f *Function) discard() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.env != nil {
		f.measure()
		f.env.stop()
		f.env = nil
	}
}

// Stats returns what the calls have cost until now.
func (f *Function) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	s.Own = f.log.own() // what a function prints arrives a moment after it is ready
	return s
}

// Log returns everything that the function has printed.
func (f *Function) Log() string { return f.log.String() }

// measure reads what the environment has used; Linux alone tells.
func (f *Function) measure() {
	pid := strconv.Itoa(f.env.cmd.Process.Pid)
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			f.stats.PeakMB = max(f.stats.PeakMB, kb/1024)
		}
	}
	stat, err := os.ReadFile("/proc/" + pid + "/schedstat") // nanoseconds of the first thread only
	if err == nil {
		f.stats.CPU = threads(pid, stat)
	}
}

// threads sums the time on a processor of every thread.
func threads(pid string, first []byte) time.Duration {
	all := "/proc/" + pid + "/task"
	tasks, err := os.ReadDir(all)
	if err != nil {
		return onCPU(first)
	}
	var sum time.Duration
	for _, t := range tasks {
		if text, err := os.ReadFile(all + "/" + t.Name() + "/schedstat"); err == nil {
			sum += onCPU(text)
		}
	}
	return sum
}

func onCPU(schedstat []byte) time.Duration {
	ns, _, _ := bytes.Cut(schedstat, []byte(" "))
	n, _ := strconv.ParseInt(string(ns), 10, 64)
	return time.Duration(n)
}

// job is one call.
type job struct {
	payload  []byte
	deadline time.Time
	done     chan struct{}
	answer   []byte
	failed   bool
}

func newJob(payload []byte, deadline time.Time) *job {
	return &job{payload: payload, deadline: deadline, done: make(chan struct{})}
}

func (j *job) result(name string) ([]byte, error) {
	if !j.failed {
		return j.answer, nil
	}
	e := &CallError{Function: name}
	if err := json.Unmarshal(j.answer, e); err != nil {
		e.Type, e.Message = "Unknown", string(j.answer)
	}
	e.Function = name
	return nil, e
}

// logs keeps what a function prints.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write never fails.
func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns everything.
func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logs) tail() string {
	const last = 2_000
	text := strings.TrimSpace(l.String())
	return text[max(0, len(text)-last):]
}

// own returns how long the last start says that it took, from the start of main on.
func (l *logs) own() time.Duration {
	var last time.Duration
	for line := range strings.Lines(l.String()) {
		var said struct {
			Message string  `json:"msg"`
			Init    float64 `json:"init_ms"`
		}
		if strings.Contains(line, `"init_ms"`) && json.Unmarshal([]byte(line), &said) == nil {
			last = time.Duration(said.Init * float64(time.Millisecond))
		}
	}
	return last
}
