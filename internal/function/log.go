package function

import (
	"context"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/tarn-lake/tarn/internal/xray"
)

// The keys by which lines of one invocation are found, here and in X-Ray.
const (
	requestID = "request_id"
	traceID   = "trace_id"
)

func newLogger(out io.Writer, level slog.Level) *slog.Logger {
	return slog.New(invocation{slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level})})
}

// invocation adds to each line whose it is.
type invocation struct{ slog.Handler }

// Handle implements slog.Handler.
func (h invocation) Handle(ctx context.Context, r slog.Record) error {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		r.AddAttrs(slog.String(requestID, lc.AwsRequestID))
	}
	if id := Trace(ctx); id != "" {
		r.AddAttrs(slog.String(traceID, id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h invocation) WithAttrs(attrs []slog.Attr) slog.Handler {
	return invocation{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h invocation) WithGroup(name string) slog.Handler { return invocation{h.Handler.WithGroup(name)} }

// Trace returns the id of the X-Ray trace that the invocation belongs to; empty: none. The SDK hands the trace's header
// on with each request by itself.
func Trace(ctx context.Context) string { return xray.From(ctx).Root }
