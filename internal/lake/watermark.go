package lake

import (
	"encoding/json"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Properties of a table, and of nothing else.
const (
	PropWatermarks = "tarn.watermarks" // Watermarks as compact JSON
	PropCommit     = "tarn.commit"     // number of the last commit that brought rows
	PropMarker     = "tarn.marker"     // unique id of the last commit attempt that succeeded
	PropThrough    = "tarn.through"    // base and rollups: the commit of <dataset>_changes they are current to
)

// Watermark is how far one lane is in a table.
type Watermark struct {
	Seq  Seq       // the last sequence number that is in the table or known to hold no row for it
	At   time.Time // change time of that record: the lane is complete to here
	Done bool      // the lane is closed and wholly committed
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
	Seq  string `json:"s"`
	At   int64  `json:"t"` // microseconds
	Done bool   `json:"d,omitempty"`
}

// MarshalJSON writes the watermarks compactly and in lane order.
func (w Watermarks) MarshalJSON() ([]byte, error) {
	out := make(map[string]jsonMark, len(w))
	for lane, m := range w {
		out[lane] = jsonMark{Seq: m.Seq.Short(), At: m.At.UnixMicro(), Done: m.Done}
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
		seq, err := ParseSeq(m.Seq)
		if err != nil {
			return err
		}
		(*w)[lane] = Watermark{Seq: seq, At: time.UnixMicro(m.At).UTC(), Done: m.Done}
	}
	return nil
}
