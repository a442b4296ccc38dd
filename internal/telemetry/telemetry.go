// Package telemetry sets up logging, holds the keys that log lines share, and turns typed events of background work
// into log lines and metrics. Logs hold ids and counts, never contents.
package telemetry

import (
	"context"
	"io"
	"log/slog"
)

// The keys of log attributes.
const (
	Commit   = "commit"
	Dataset  = "dataset"
	Elapsed  = "elapsed"
	Err      = "err"
	Files    = "files"
	Key      = "key"
	Lane     = "lane"
	Reason   = "reason"
	RecordID = "record_id"
	Rows     = "rows"
	Seq      = "seq"
	Stream   = "stream"
	Table    = "table"
)

// NewLogger returns a logger that writes text, or JSON where asked, at level and above.
func NewLogger(w io.Writer, level slog.Level, form Form) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if form == JSON {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// Form is how log lines look.
type Form string

// The forms.
const (
	Text Form = "text"
	JSON Form = "json"
)

// Event is something that background work did: a struct with the facts, which says how it reads in a log.
type Event interface {
	// Attrs returns the constant message and the facts.
	Attrs() (msg string, attrs []slog.Attr)
}

// Observe receives events. It is safe for concurrent use and returns quickly.
type Observe func(Event)

// Logged returns an Observe that logs each event at level.
func Logged(log *slog.Logger, level slog.Level) Observe {
	return func(e Event) {
		msg, attrs := e.Attrs()
		log.LogAttrs(context.Background(), level, msg, attrs...)
	}
}

// Fan returns an Observe that hands each event to all of them in turn.
func Fan(all ...Observe) Observe {
	return func(e Event) {
		for _, o := range all {
			o(e)
		}
	}
}

// Discard is an Observe that drops events.
func Discard(Event) {}
