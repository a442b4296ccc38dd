package lake

import (
	"encoding/json"
	"time"
)

// Rollup is what a rollup's rows are worth.
type Rollup struct {
	Hash    string    `json:"hash"`              // of the definitions that give them their meaning
	Doubted bool      `json:"doubted,omitempty"` // changes are missing from the history below, so no old image can be trusted
	Placed  time.Time `json:"placed,omitzero"`   // the newest instant of a backfill below: changes made before it may count for nothing
}

// String returns the form of the property PropRollup.
func (r Rollup) String() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic("two words and an instant cannot be written: " + err.Error())
	}
	return string(text)
}

// ParseRollup is the inverse of String. What it does not understand is worth nothing.
func ParseRollup(text string) Rollup {
	var r Rollup
	if json.Unmarshal([]byte(text), &r) != nil {
		return Rollup{}
	}
	return r
}
