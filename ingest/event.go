package ingest

import (
	"log/slog"

	"github.com/tarn-lake/tarn/internal/telemetry"
)

// Questionable is a record that was stored although it breaks a rule which only the strict profile enforces.
type Questionable struct{ Dataset, Rule, Region string }

// Attrs returns the event's log line.
func (q Questionable) Attrs() (string, []slog.Attr) {
	return "questionable record stored", []slog.Attr{
		slog.String(telemetry.Dataset, q.Dataset), slog.String("rule", q.Rule), slog.String("region", q.Region),
	}
}
