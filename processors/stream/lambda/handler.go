// Package lambda lands what an event source mapping of AWS Lambda delivers: a batch of a stream's shard, in a tumbling
// window, so that it says of which shard it is and carries a state from one batch to the next.
package lambda

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/stream"
)

// Options tune a Handler. The zero value works.
type Options struct {
	Log     *slog.Logger      // nil: none
	Observe telemetry.Observe // nil: nobody
	Grace   time.Duration     // what is left of the function's time for the answer; 0: 500 ms
}

// Handler is a lambda.Handler over the bytes of events. It is safe for concurrent use.
type Handler struct {
	lander  stream.Lander
	streams map[string]string // by table
	opts    Options
}

// New returns a Handler of the streams of tables: the schemas' name of a stream for each table.
func New(lander stream.Lander, streams map[string]string, opts Options) *Handler {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Observe == nil {
		opts.Observe = telemetry.Discard
	}
	if opts.Grace == 0 {
		opts.Grace = 500 * time.Millisecond
	}
	return &Handler{lander: lander, streams: streams, opts: opts}
}

// state is what Lambda carries from one batch of a window to the next.
type state struct {
	After string `json:"after,omitempty"` // the last sequence number that landed
}

// response is the answer to a batch.
type response struct {
	State    state     `json:"state"`
	Failures []failure `json:"batchItemFailures"`
}

// failure names the record from which on the batch is to be delivered again.
type failure struct {
	ID string `json:"itemIdentifier"`
}

// Invoke lands a batch. A bad record never fails it: it lands in the quarantine. A destination that cannot be written
// fails it from its first record on, with the state as it was, so that it comes again, alone or with others. What no
// retry mends, such as a mapping that is set up wrongly, is an error, and shows in the function's own metrics.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := parse(payload)
	if err != nil {
		return nil, err
	}
	b, err := h.batch(e, payload)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-h.opts.Grace))
		defer cancel()
	}
	began := time.Now()
	landed, err := h.lander.Land(ctx, b)
	if err != nil {
		return h.failed(ctx, e, b, landed, err)
	}
	answer := response{State: e.State, Failures: []failure{}}
	if landed.Records > 0 {
		answer.State.After = landed.Last.Short()
		h.opts.Observe(Landed{Stream: b.Stream, Lane: b.Lane, Records: landed.Records, Bad: landed.Bad, Bytes: len(payload), Newest: landed.Through, Elapsed: time.Since(began)})
	}
	return json.Marshal(answer)
}

// failed answers a batch that did not land.
func (h *Handler) failed(ctx context.Context, e event, b land.Batch, landed *lake.Landed, err error) ([]byte, error) {
	kind := fault.Of(err)
	ended := ctx.Err() != nil
	if landed == nil || landed.First == "" || !ended && !kind.Retryable() && kind != fault.ReadOnly {
		return nil, err
	}
	h.opts.Observe(Refused{Stream: b.Stream, Records: landed.Records})
	h.opts.Log.ErrorContext(ctx, "the batch did not land and comes again", telemetry.Lane, b.Lane, telemetry.Err, err)
	return json.Marshal(response{State: e.State, Failures: []failure{{ID: digits(landed.First)}}})
}

// digits is a sequence number as DynamoDB writes it, in 21 digits at least.
func digits(s lake.Seq) string {
	const least = 21
	text := s.Short()
	return strings.Repeat("0", max(0, least-len(text))) + text
}

// batch makes a batch of an event.
func (h *Handler) batch(e event, payload []byte) (land.Batch, error) {
	if e.Shard == "" {
		return land.Batch{}, fault.New(fault.Invalid, "the event does not say of which shard it is: give the event source mapping a tumbling window "+
			"(TumblingWindowInSeconds, 1 to 900), with ParallelizationFactor 1 and FunctionResponseTypes ReportBatchItemFailures")
	}
	table, label, err := parseARN(e.ARN)
	if err != nil {
		return land.Batch{}, err
	}
	name, ok := h.streams[table]
	if !ok {
		return land.Batch{}, fault.New(fault.NotFound, "no dataset is fed by the table %s: its event source mapping leads to the wrong function, or the schemas are older than the table", table)
	}
	b := land.Batch{Stream: name, Lane: label + "/" + e.Shard, Body: payload}
	if e.State.After != "" {
		if b.After, err = lake.ParseSeq(e.State.After); err != nil {
			return land.Batch{}, err
		}
	}
	return b, nil
}
