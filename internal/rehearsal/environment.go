package rehearsal

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// runtimeAPI is where the paths of Lambda's runtime API begin.
const runtimeAPI = "/2018-06-01/runtime/"

// environment is a process of a function and the runtime API that it asks for work.
type environment struct {
	cmd    *exec.Cmd
	server *http.Server
	jobs   chan *job
	ready  chan struct{} // closed when the process first asks for work
	exited chan struct{}
	once   sync.Once
	count  int

	mu      sync.Mutex
	current *job
}

// startEnvironment starts the function's binary as Lambda does: its environment is what the function says and what Lambda
// sets itself, and nothing of ours.
func startEnvironment(f *Function) (*environment, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &environment{jobs: make(chan *job), ready: make(chan struct{}), exited: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+runtimeAPI+"invocation/next", e.next)
	mux.HandleFunc("POST "+runtimeAPI+"invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) { e.answered(w, r, false) })
	mux.HandleFunc("POST "+runtimeAPI+"invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) { e.answered(w, r, true) })
	e.server = &http.Server{Handler: mux}
	go func() { _ = e.server.Serve(l) }() // until stop closes it
	e.cmd = exec.Command(f.Program)
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	e.cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + l.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME=" + f.Name, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "LAMBDA_TASK_ROOT=/var/task"}
	for name, value := range f.Env {
		e.cmd.Env = append(e.cmd.Env, name+"="+value)
	}
	e.cmd.Stdout, e.cmd.Stderr = &f.log, &f.log
	if err := e.cmd.Start(); err != nil {
		_ = e.server.Close()
		return nil, fmt.Errorf("start %s: %w", f.Program, err)
	}
	go func() {
		defer close(e.exited)
		_ = e.cmd.Wait() // how it ended is asked for where it matters
	}()
	return e, nil
}

// next hands out the next call.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	e.once.Do(func() { close(e.ready) })
	select {
	case <-r.Context().Done():
	case <-e.exited:
	case j := <-e.jobs:
		e.mu.Lock()
		e.current = j
		e.count++
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", e.count)
		e.mu.Unlock()
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(j.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:000000000000:function:"+strings.TrimSuffix(e.cmd.Path, "-lambda"))
		h.Set("Lambda-Runtime-Trace-Id", fmt.Sprintf("Root=1-%08x-%024x;Parent=%016x;Sampled=1", j.deadline.Unix(), e.count, e.count))
		h.Set("Content-Type", "application/json")
		_, _ = w.Write(j.payload) // a process that is gone is noticed by its exit
	}
}

// answered takes the answer of the current call.
func (e *environment) answered(w http.ResponseWriter, r *http.Request, failed bool) {
	body, err := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil || e.current == nil { // it broke off: the exit tells the rest
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	e.current.answer, e.current.failed = body, failed
	close(e.current.done)
	e.current = nil
	w.WriteHeader(http.StatusAccepted)
}

func (e *environment) kill() { _ = e.cmd.Process.Kill() } // one that has exited needs no killing

func (e *environment) stop() {
	e.kill()
	<-e.exited
	_ = e.server.Shutdown(context.Background()) // nobody asks any more
}

func (e *environment) code() int { return e.cmd.ProcessState.ExitCode() }
