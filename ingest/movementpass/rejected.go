package movementpass

import (
	"context"
	"errors"
	"log/slog"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

// Rejected is an application that was not accepted. It holds no contents.
type Rejected struct {
	Reason   string // malformed, schema, window, token or store
	Field    string // the first bad field; empty: none
	District string // where the pass was for; empty where that is not known
	Division string // the district's division, or unknown
}

// Attrs returns the event's log line.
func (r Rejected) Attrs() (string, []slog.Attr) {
	return "application rejected", []slog.Attr{
		slog.String(telemetry.Reason, r.Reason), slog.String("field", r.Field), slog.String("division", r.Division),
	}
}

// reason says why the service refused an application.
func reason(err error) string {
	var f *fault.Error
	switch {
	case fault.Is(err, fault.Unauthorized):
		return "token"
	case errors.As(err, &f) && len(f.Fields) == 1 && f.Fields[0].Name == "dateTime":
		return "window"
	case fault.Is(err, fault.Invalid):
		return "schema"
	default:
		return "store"
	}
}

// Measures implements telemetry.Measured.
func (r Rejected) Measures() (telemetry.Of, []telemetry.Measure) {
	return telemetry.Of{Name: "Reason", Value: r.Reason}, []telemetry.Measure{telemetry.Number("Rejected", 1)}
}

// rejected records that an application was not accepted, and returns err.
func (a *api) rejected(ctx context.Context, why string, item record.Item, err error) error {
	r := Rejected{Reason: why, District: item["district"].Text, Division: "unknown"}
	if division, ok := a.division[r.District]; ok {
		r.Division = division
	}
	var f *fault.Error
	if errors.As(err, &f) && len(f.Fields) > 0 {
		r.Field = f.Fields[0].Name
		if _, ok := a.apply.Field(r.Field); !ok && r.Field != "body" {
			r.Field = "" // a stranger's name is contents
		}
	}
	msg, attrs := r.Attrs()
	a.opts.Log.LogAttrs(ctx, levelRejected, msg, attrs...)
	if a.opts.Observe != nil {
		a.opts.Observe(r)
	}
	return err
}
