package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/folder"
)

// line is one line of an operation's answer: steps while it runs, then a result or a problem.
type line struct {
	Step    *Step           `json:"step,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Problem *problem        `json:"problem,omitempty"`
}

type problem struct {
	Kind    string        `json:"kind"`
	Message string        `json:"message"`
	Fields  []fault.Field `json:"fields,omitempty"`
}

const maxArgs = 1 << 20 // bytes; the longest arguments are a SQL text

// serveOperation answers POST /admin/{name} with JSON lines.
func (n *Node) serveOperation(w http.ResponseWriter, r *http.Request) {
	op, ok := operations[r.PathValue("name")]
	if !ok {
		http.Error(w, "no such operation", http.StatusNotFound)
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxArgs))
	if err != nil {
		http.Error(w, "the arguments are longer than 1 MiB", http.StatusRequestEntityTooLarge)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	var mu sync.Mutex
	out, flush := json.NewEncoder(w), http.NewResponseController(w)
	write := func(l line) {
		mu.Lock()
		defer mu.Unlock()
		if out.Encode(l) == nil {
			_ = flush.Flush() // a reader that has gone away shows in the context
		}
	}
	result, err := op(r.Context(), n, raw, func(s Step) { write(line{Step: &s}) })
	if err != nil {
		write(line{Problem: toProblem(err)})
		return
	}
	text, err := json.Marshal(result)
	if err != nil {
		write(line{Problem: toProblem(err)})
		return
	}
	write(line{Result: text})
}

func toProblem(err error) *problem {
	p := &problem{Kind: fault.Of(err).String(), Message: err.Error()}
	var e *fault.Error
	if errors.As(err, &e) {
		p.Fields = e.Fields
	}
	return p
}

// Remote is a node in another process, which has the data folder.
type Remote struct{ running folder.Running }

// NewRemote returns the node of the process that announced itself so.
func NewRemote(running folder.Running) *Remote { return &Remote{running} }

// Do asks the other process for an operation and fills result, which may be nil.
func (r *Remote) Do(ctx context.Context, name string, args, result any, tell Tell) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("write the arguments of %s: %w", name, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.running.URL+"/admin/"+name, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("ask for %s: %w", name, err)
	}
	req.Header.Set("Authorization", "Bearer "+r.running.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fault.Wrap(fault.Transient, err, "process %d has the data folder and does not answer at %s", r.running.PID, r.running.URL)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10)) // the status says enough when the text is lost
		return fault.New(fault.Internal, "the running tarn answered %s: %s", resp.Status, bytes.TrimSpace(text))
	}
	return readAnswer(resp.Body, result, tell)
}

func readAnswer(body io.Reader, result any, tell Tell) error {
	for dec := json.NewDecoder(body); ; {
		var l line
		if err := dec.Decode(&l); err != nil {
			return fault.Wrap(fault.Transient, err, "the running tarn stopped in the middle of its answer")
		}
		switch {
		case l.Step != nil:
			tell(*l.Step)
		case l.Problem != nil:
			return l.Problem.fault()
		case result == nil:
			return nil
		default:
			return json.Unmarshal(l.Result, result)
		}
	}
}

func (p *problem) fault() error {
	e := fault.New(fault.Named(p.Kind), "%s", p.Message)
	e.Fields = p.Fields
	return e
}
