package lambda

import (
	"log/slog"
	"time"

	"github.com/tarn-lake/tarn/internal/telemetry"
)

// Landed tells of a batch that is durable.
type Landed struct {
	Stream, Lane string
	Records, Bad int
	Bytes        int       // of the event
	Newest       time.Time // when its last record was changed
	Elapsed      time.Duration
}

// Attrs implements telemetry.Event.
func (e Landed) Attrs() (string, []slog.Attr) {
	return "landed", []slog.Attr{slog.String(telemetry.Lane, e.Lane), slog.String(telemetry.Stream, e.Stream), slog.Int(telemetry.Rows, e.Records),
		slog.Int("bad", e.Bad), slog.Int("bytes", e.Bytes), slog.Time("newest", e.Newest), slog.Duration(telemetry.Elapsed, e.Elapsed)}
}

// Measures implements telemetry.Measured.
func (e Landed) Measures() (telemetry.Of, []telemetry.Measure) {
	return telemetry.Of{Name: "Stream", Value: e.Stream}, []telemetry.Measure{telemetry.Number("Landed", e.Records), telemetry.Number("Quarantined", e.Bad),
		{Name: "EventBytes", Unit: telemetry.Bytes, Value: float64(e.Bytes)}, telemetry.Millis("LandTime", e.Elapsed)}
}

// Refused tells of a batch that could not be made durable and comes again.
type Refused struct {
	Stream  string
	Records int
}

// Attrs implements telemetry.Event.
func (e Refused) Attrs() (string, []slog.Attr) {
	return "not landed", []slog.Attr{slog.String(telemetry.Stream, e.Stream), slog.Int(telemetry.Rows, e.Records)}
}

// Measures implements telemetry.Measured.
func (e Refused) Measures() (telemetry.Of, []telemetry.Measure) {
	return telemetry.Of{Name: "Stream", Value: e.Stream}, []telemetry.Measure{telemetry.Number("NotLanded", 1)}
}
