package lake

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/tarn-lake/tarn/internal/telemetry"
)

// Hole is a range of a lane whose records are not in the lake: they lie above After and at or below Last, and were made
// between From and To as far as is known.
type Hole struct {
	ID      string    `json:"id"` // made of the stream, the lane and the range
	Stream  string    `json:"stream"`
	Lane    string    `json:"lane"`
	After   Seq       `json:"after,omitempty"` // empty: from the lane's beginning
	Last    Seq       `json:"last,omitempty"`  // empty: to the lane's end
	From    time.Time `json:"from,omitzero"`   // zero: unknown
	To      time.Time `json:"to,omitzero"`     // zero: unknown
	Reason  string    `json:"reason"`
	Table   string    `json:"table,omitempty"`  // the table whose commit passed it first; empty: its reader found it
	Commit  int64     `json:"commit,omitempty"` // that commit's number
	Found   time.Time `json:"found,omitzero"`
	Closed  time.Time `json:"closed,omitzero"`   // zero: it is open
	Receipt string    `json:"receipt,omitempty"` // what closed it
}

// Named returns the hole with its id, which is the same whoever finds it.
func (h Hole) Named() Hole {
	sum := sha256.Sum256([]byte(h.Stream + "\x00" + h.Lane + "\x00" + string(h.After) + "\x00" + string(h.Last)))
	h.ID = hex.EncodeToString(sum[:6])
	return h
}

// Touches reports whether the hole may hold changes made in [from, to). A zero from or to has no bound; what is not
// known of the hole counts as touched.
func (h Hole) Touches(from, to time.Time) bool {
	return (to.IsZero() || h.From.IsZero() || h.From.Before(to)) && (from.IsZero() || h.To.IsZero() || !h.To.Before(from))
}

// Attrs implements telemetry.Event.
func (h Hole) Attrs() (string, []slog.Attr) {
	return "hole", []slog.Attr{slog.String(telemetry.Stream, h.Stream), slog.String(telemetry.Lane, h.Lane),
		slog.String(telemetry.Seq, h.Last.Short()), slog.String(telemetry.Reason, h.Reason)}
}
