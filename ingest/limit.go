package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

// Limits bound what requests may take. The zero value works.
type Limits struct {
	Body     int64         // bytes of a body; 0: 1 MiB
	Timeout  time.Duration // of one request; 0: 10 s
	InFlight int           // requests at once; 0: 1,024
}

func (l Limits) filled() Limits {
	if l.Body == 0 {
		l.Body = DefaultBody
	}
	if l.Timeout == 0 {
		l.Timeout = 10 * time.Second
	}
	if l.InFlight == 0 {
		l.InFlight = 1024
	}
	return l
}

// Guard puts the limits before a handler: a deadline for each request, 503 for those beyond the limit, and 500 for a
// panic, which it logs. refuse answers an error in the handler's own form.
func Guard(next http.Handler, limits Limits, log *slog.Logger, refuse func(http.ResponseWriter, error)) http.Handler {
	limits = limits.filled()
	slots := make(chan struct{}, limits.InFlight)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
		default:
			refuse(w, fault.New(fault.Transient, "more than %d requests are being answered; try again in a second", limits.InFlight))
			return
		}
		defer func() { <-slots }()
		defer recovered(w, r, log, refuse)
		ctx, cancel := context.WithTimeout(r.Context(), limits.Timeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func recovered(w http.ResponseWriter, r *http.Request, log *slog.Logger, refuse func(http.ResponseWriter, error)) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
		panic(p)
	}
	log.ErrorContext(r.Context(), "panic while answering", telemetry.Err, fmt.Sprint(p), "stack", string(debug.Stack()))
	refuse(w, fault.New(fault.Internal, "something went wrong on our side"))
}
