package lake

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Properties of a table, and of nothing else.
const (
	PropWatermarks = "tarn.watermarks" // Watermarks as compact JSON
	PropCommit     = "tarn.commit"     // number of the last commit that brought rows
	PropMarker     = "tarn.marker"     // unique id of the last commit attempt that succeeded
	PropLate       = "tarn.late"       // number of the last commit that brought rows whose place may be below rows there already
	PropEntry      = "tarn.ledger"     // of a snapshot's summary: Entry
	PropHorizon    = "tarn.horizon"    // the day that a history begins with; what lay before was dropped by retention
	PropDropped    = "tarn.dropped"    // the highest commit of which retention dropped rows
	PropClosed     = "tarn.closed"     // how many lanes have left the watermarks for the ledger
	PropHoles      = "tarn.holes"      // of the ledger's table: open holes
	PropThrough    = "tarn.through"    // base and rollups: the commit of <dataset>_changes they are current to
	PropRollup     = "tarn.rollup"     // rollups: Rollup as compact JSON
	PropDiscarded  = "tarn.discarded"  // the quarantine: Discarded as compact JSON
)

// Watermark is how far one lane is in a table.
type Watermark struct {
	Seq  Seq       // the last sequence number that is in the table or known to hold no row for it
	At   time.Time // change time of that record: the lane is complete to here
	Done bool      // the lane is closed and wholly committed

	// Ahead is the last sequence number above Seq that a repair has brought; empty: none. Rows up to it may be in the
	// table already. A lane of which only repairs have brought rows has an empty Seq.
	Ahead Seq
}

// Holds reports whether a row of the lane with that number may be in the table.
func (m Watermark) Holds(s Seq) bool { return s <= m.Seq || s <= m.Ahead }

// To returns next, the mark that the lane moves to, with what repairs have brought above it in this table.
func (m Watermark) To(next Watermark) Watermark {
	next.Ahead = ""
	if m.Ahead > next.Seq {
		next.Ahead = m.Ahead
	}
	return next
}

// Watermarks is how far every lane is, by lane.
type Watermarks map[string]Watermark

// Forward returns the watermarks moved to those of next. A lane that would move backward is a Conflict.
func (w Watermarks) Forward(next Watermarks) (Watermarks, error) {
	moved := make(Watermarks, len(w)+len(next))
	for lane, m := range w {
		moved[lane] = m
	}
	for lane, m := range next {
		if m.Seq < w[lane].Seq {
			return nil, fault.New(fault.Conflict, "lane %s would move back from %s to %s", lane, w[lane].Seq.Short(), m.Seq.Short())
		}
		moved[lane] = m
	}
	return moved, nil
}

type jsonMark struct {
	Seq   string `json:"s,omitempty"`
	At    int64  `json:"t"` // microseconds
	Done  bool   `json:"d,omitempty"`
	Ahead string `json:"a,omitempty"`
}

// MarshalJSON writes the watermarks compactly and in lane order.
func (w Watermarks) MarshalJSON() ([]byte, error) {
	out := make(map[string]jsonMark, len(w))
	for lane, m := range w {
		out[lane] = jsonMark{Seq: short(m.Seq), At: m.At.UnixMicro(), Done: m.Done, Ahead: short(m.Ahead)}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (w *Watermarks) UnmarshalJSON(data []byte) error {
	var in map[string]jsonMark
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*w = make(Watermarks, len(in))
	for lane, m := range in {
		mark := Watermark{At: time.UnixMicro(m.At).UTC(), Done: m.Done}
		if err := errors.Join(mark.Seq.parse(m.Seq), mark.Ahead.parse(m.Ahead)); err != nil {
			return fmt.Errorf("watermark of lane %s: %w", lane, err)
		}
		if mark.Seq == "" && mark.Ahead == "" {
			return fault.New(fault.Invalid, "the watermark of lane %s has no sequence number", lane)
		}
		(*w)[lane] = mark
	}
	return nil
}

// short is the number's shortest text; none for none.
func short(s Seq) string {
	if s == "" {
		return ""
	}
	return s.Short()
}

// parse is the inverse of short.
func (s *Seq) parse(text string) (err error) {
	if text != "" {
		*s, err = ParseSeq(text)
	}
	return err
}
