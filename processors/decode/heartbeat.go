package decode

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/tarn-lake/tarn/internal/record"
)

// heartbeat takes the record between at and end for a heartbeat, if it is one: then it gets a row of its own among the
// heartbeats and leaves none in a dataset. Only records that hold something unknown, that leave nothing, or that no
// dataset takes are asked.
func (e *event) heartbeat(at, end int) bool {
	h := &e.head
	if end < 0 || h.op == "" || !h.hasSeq || !h.hasAt || !bytes.Contains(e.reader.src[at:end], []byte(record.Heartbeat)) {
		return false
	}
	sent, ok := heartbeatOf(e.reader.src[at:end])
	if !ok {
		return false
	}
	e.into.batch.DropRow()
	e.reader.why, e.reader.pos = "", end
	t := e.out.beats
	t.op.AppendString(string(h.op))
	t.shard.AppendString(e.lane)
	t.seq.AppendBytes(h.seq[:])
	t.at.AppendInt64(h.at)
	t.day.AppendInt32(int32(floorDiv(h.at, dayMicros)))
	t.region.AppendString("all")
	t.stream.AppendString(e.plan.stream)
	if !sent.IsZero() {
		t.sent.AppendInt64(sent.UnixMicro())
	}
	t.batch.EndRow()
	e.info.Records++
	e.note(h)
	return true
}

// heartbeatOf reads the images of a record, the newest that it has.
func heartbeatOf(text []byte) (time.Time, bool) {
	var r struct {
		Change struct{ Keys, NewImage, OldImage json.RawMessage } `json:"dynamodb"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return time.Time{}, false
	}
	for _, image := range []json.RawMessage{r.Change.NewImage, r.Change.OldImage, r.Change.Keys} {
		if image != nil {
			return record.ParseHeartbeat(image)
		}
	}
	return time.Time{}, false
}
