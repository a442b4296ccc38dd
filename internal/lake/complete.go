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

// FileLane is what the lanes of files begin with that are backfilled.
const FileLane = BackfillLane + "file-"

// IsFile reports whether the lane's rows came from a file of rows.
func IsFile(lane string) bool {
	return strings.HasPrefix(lane, LoadLane) || strings.HasPrefix(lane, FileLane)
}

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

// Beyond returns the watermarks of a dataset's history moved up to where the heartbeats of its stream are, which were
// read before the history was. A heartbeat is committed after all that its batch brought, so the history has everything
// up to there. Lanes that the history does not know at all are open too: it had no row of them yet.
func (w Watermarks) Beyond(beats Watermarks, stream string) Watermarks {
	all := make(Watermarks, len(w)+len(beats))
	for lane, m := range w {
		all[lane] = m
	}
	for name, beat := range beats {
		lane, ok := strings.CutPrefix(name, stream+"/")
		if !ok || !IsShard(lane) {
			continue
		}
		m := all[lane]
		if beat.Seq < m.Seq || beat.Seq == "" {
			continue
		}
		moved := m.To(beat)
		moved.Done = beat.Done || m.Done && m.Seq == beat.Seq
		if m.At.After(moved.At) {
			moved.At = m.At
		}
		all[lane] = moved
	}
	return all
}
