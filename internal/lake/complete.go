package lake

import (
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Lanes that are not shards of a stream start with these.
const (
	LoadLane     = "load/"     // a loaded file: load/<hash of the file>
	BackfillLane = "backfill/" // snapshot rows of an export or a scan: backfill/<id>
	RepairLane   = "repair/"   // records that carry old identities: hole fills, redrives, replays
)

// IsRepair reports whether the lane's rows carry identities of other lanes.
func IsRepair(lane string) bool { return strings.HasPrefix(lane, RepairLane) }

// IsBackfill reports whether the lane's rows have their place by their instant.
func IsBackfill(lane string) bool { return strings.HasPrefix(lane, BackfillLane) }

// IsShard reports whether the lane is a shard of a stream, from which more may come.
func IsShard(lane string) bool {
	return !strings.HasPrefix(lane, LoadLane) && !strings.HasPrefix(lane, BackfillLane) && !IsRepair(lane)
}

// RepairName returns the lane of a repair. An id that is no path segment of letters, digits, dots, dashes and underscores
// is Invalid.
func RepairName(id string) (lane string, err error) {
	if id == "" || strings.Trim(id, ".") == "" || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
		return "", fault.New(fault.Invalid, "%q is no id of a repair: want letters, digits, dots, dashes and underscores", id)
	}
	return RepairLane + id, nil
}

// CompleteTo returns the instant up to which every open shard is in the table, and whether any shard is open. Loads and
// repairs do not count: nobody waits for more of them.
func (w Watermarks) CompleteTo() (time.Time, bool) {
	var to time.Time
	open := false
	for lane, m := range w {
		if m.Done || m.Seq == "" || !IsShard(lane) {
			continue
		}
		if !open || m.At.Before(to) {
			to, open = m.At, true
		}
	}
	return to, open
}
