package lake

import (
	"strings"
	"time"
)

// Lanes that are not shards of a stream start with these.
const (
	LoadLane   = "load/"   // a loaded file: load/<hash of the file>
	RepairLane = "repair/" // records that carry old identities: hole fills, redrives, replays
)

// CompleteTo returns the instant up to which every open shard is in the table, and whether any shard is open. Loads and
// repairs do not count: nobody waits for more of them.
func (w Watermarks) CompleteTo() (time.Time, bool) {
	var to time.Time
	open := false
	for lane, m := range w {
		if m.Done || strings.HasPrefix(lane, LoadLane) || strings.HasPrefix(lane, RepairLane) {
			continue
		}
		if !open || m.At.Before(to) {
			to, open = m.At, true
		}
	}
	return to, open
}
