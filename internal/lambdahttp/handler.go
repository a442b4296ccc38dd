// Package lambdahttp lets an http.Handler answer what HTTP APIs of API Gateway and function URLs send a function: events
// in payload format 2.0, answered whole or, where the front allows, as a stream.
package lambdahttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

// maxAnswer is how many bytes a function may answer with at once; Lambda's own limit.
const maxAnswer = 6 << 20

// Options tune a Handler. The zero value works.
type Options struct {
	Log     *slog.Logger      // nil: none
	Observe telemetry.Observe // hears of every answer; nil: nobody
	Grace   time.Duration     // what is left of the function's time when a request's context ends; 0: 500 ms
}

// Handler answers events by an http.Handler. It is safe for concurrent use.
type Handler struct {
	next http.Handler
	opts Options
}

// New returns a Handler that answers by next.
func New(next http.Handler, opts Options) *Handler {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Observe == nil {
		opts.Observe = telemetry.Discard
	}
	if opts.Grace == 0 {
		opts.Grace = 500 * time.Millisecond
	}
	return &Handler{next: next, opts: opts}
}

// Invoke implements lambda.Handler: the answer is whole. An answer that Lambda would not take is answered with what to
// do instead.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := h.within(ctx)
	defer cancel()
	r, err := h.request(ctx, payload)
	if err != nil {
		return nil, err
	}
	w := newBuffer()
	if err := h.serve(w, r); err != nil {
		w = newBuffer()
		problem(w, fault.New(fault.Internal, "something went wrong here"))
	}
	text, err := json.Marshal(w.response())
	if err == nil && len(text) > maxAnswer {
		w = newBuffer()
		problem(w, fault.New(fault.Exceeded, "the answer has %d bytes, and %d can be sent: ask for less, or for a shorter range", len(text), maxAnswer))
		text, err = json.Marshal(w.response())
	}
	return text, err
}

// Stream answers a function URL whose invoke mode is RESPONSE_STREAM. It returns as soon as the answer's head is known;
// the body follows as it is written.
func (h *Handler) Stream(ctx context.Context, payload json.RawMessage) (*events.LambdaFunctionURLStreamingResponse, error) {
	ctx, cancel := h.within(ctx)
	r, err := h.request(ctx, payload)
	if err != nil {
		cancel()
		return nil, err
	}
	w := newPipe(cancel)
	go func() { // ends with the body that is returned: whoever closes that cancels it
		defer cancel()
		w.end(h.serve(w, r))
	}()
	return w.response(), nil
}

func (h *Handler) within(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-h.opts.Grace))
	}
	return context.WithCancel(ctx)
}

func (h *Handler) request(ctx context.Context, payload []byte) (*http.Request, error) {
	e, err := parse(payload)
	if err != nil {
		return nil, err
	}
	return e.request(ctx)
}

// answer is an http.ResponseWriter whose status can be asked for.
type answer interface {
	http.ResponseWriter
	code() int
}

// serve answers as a server of net/http would: a handler that panics costs its own answer and nothing else. The error is
// what an answer that has begun breaks off with.
func (h *Handler) serve(w answer, r *http.Request) (err error) {
	began := time.Now()
	defer func() {
		if reason := recover(); reason != nil {
			err = errBroken
			h.opts.Log.ErrorContext(r.Context(), "a request ended in a panic", telemetry.Reason, fmt.Sprint(reason), "stack", string(debug.Stack()))
			if w.code() == 0 {
				problem(w, fault.New(fault.Internal, "something went wrong here"))
				err = nil
			}
		}
		h.opts.Observe(Answered{Status: w.code(), Elapsed: time.Since(began)})
	}()
	h.next.ServeHTTP(w, r)
	if w.code() == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return nil
}

var errBroken = errors.New("the answer broke off")

// problem answers with a problem document (RFC 9457).
func problem(w http.ResponseWriter, err *fault.Error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(err.Kind.Status())
	// Writing to an answer of ours does not fail.
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(err.Kind.Status()), "status": err.Kind.Status(),
		"detail": err.Message, "kind": err.Kind.String(), "fields": []fault.Field{}})
}

// Answered tells of a request that was answered.
type Answered struct {
	Status  int
	Elapsed time.Duration
}

// Attrs implements telemetry.Event.
func (e Answered) Attrs() (string, []slog.Attr) {
	return "answered", []slog.Attr{slog.Int("status", e.Status), slog.Duration(telemetry.Elapsed, e.Elapsed)}
}

// Measures implements telemetry.Measured.
func (e Answered) Measures() (telemetry.Of, []telemetry.Measure) {
	return telemetry.Of{Name: "Status", Value: fmt.Sprintf("%dxx", e.Status/100)}, []telemetry.Measure{telemetry.Number("Requests", 1), telemetry.Millis("RequestTime", e.Elapsed)}
}
