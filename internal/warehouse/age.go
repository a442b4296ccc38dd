package warehouse

import (
	"log/slog"
	"time"

	"github.com/tarn-lake/tarn/internal/telemetry"
)

// Age tells how old a dataset's data is: how long ago the instant was up to which every open shard is in the lake. It is
// what tells whether the way is alive.
type Age struct {
	Dataset string
	Age     time.Duration
}

// Attrs implements telemetry.Event.
func (e Age) Attrs() (string, []slog.Attr) {
	return "age of data", []slog.Attr{slog.String(telemetry.Dataset, e.Dataset), slog.Duration("age", e.Age)}
}

// Measures implements telemetry.Measured.
func (e Age) Measures() (telemetry.Of, []telemetry.Measure) {
	return telemetry.Of{Name: "Dataset", Value: e.Dataset}, []telemetry.Measure{{Name: "DataAge", Unit: telemetry.Seconds, Value: e.Age.Seconds()}}
}

// State tells of the whole lake what people should look at: landed objects that wait, open holes, and records in
// quarantine.
type State struct {
	Waiting     int
	Holes       int
	Quarantined int64
}

// Attrs implements telemetry.Event.
func (e State) Attrs() (string, []slog.Attr) {
	return "state of the lake", []slog.Attr{slog.Int("waiting", e.Waiting), slog.Int("holes", e.Holes), slog.Int64("quarantined", e.Quarantined)}
}

// Measures implements telemetry.Measured.
func (e State) Measures() (telemetry.Of, []telemetry.Measure) {
	return telemetry.Of{}, []telemetry.Measure{telemetry.Number("WaitingObjects", e.Waiting), telemetry.Number("OpenHoles", e.Holes), telemetry.Number("QuarantinedRecords", e.Quarantined)}
}
