package rehearsal

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
)

// envelope is about what an event has besides its records and its state.
const envelope = 1 << 10

// record is one record of a stream, as it lies in an event.
type record struct {
	raw  json.RawMessage
	seq  lake.Seq
	made time.Time
}

func sizeOf(records []record) (n int) {
	for _, x := range records {
		n += len(x.raw) + 1
	}
	return n
}

func parseRecords(body []byte) ([]record, error) {
	var event struct{ Records []json.RawMessage }
	if err := json.Unmarshal(body, &event); err != nil {
		return nil, fmt.Errorf("read a page of the stream: %w", err)
	}
	all := make([]record, len(event.Records))
	for i, raw := range event.Records {
		var said struct {
			Change struct {
				Seq  string  `json:"SequenceNumber"`
				Made float64 `json:"ApproximateCreationDateTime"`
			} `json:"dynamodb"`
		}
		if err := json.Unmarshal(raw, &said); err != nil {
			return nil, fmt.Errorf("read a record of the stream: %w", err)
		}
		seq, err := lake.ParseSeq(said.Change.Seq)
		if err != nil {
			return nil, err
		}
		all[i] = record{raw, seq, time.UnixMilli(int64(said.Change.Made * 1000)).UTC()}
	}
	return all, nil
}

type windowJSON struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// eventJSON is a batch as a function gets it. Without a tumbling window it is its records and nothing else.
type eventJSON struct {
	Records []json.RawMessage `json:"Records"`
	Window  *windowJSON       `json:"window,omitempty"`
	State   json.RawMessage   `json:"state,omitempty"`
	Shard   string            `json:"shardId,omitempty"`
	ARN     string            `json:"eventSourceARN,omitempty"`
	Final   *bool             `json:"isFinalInvokeForWindow,omitempty"`
	Early   *bool             `json:"isWindowTerminatedEarly,omitempty"`
}

// event makes the payload of a call.
func (r *reader) event(batch []record, final bool) []byte {
	e := eventJSON{Records: make([]json.RawMessage, len(batch))}
	for i, x := range batch {
		e.Records[i] = x.raw
	}
	if w := r.window; w != nil {
		early := w.early && final
		e.Window, e.State = &windowJSON{w.start, w.start.Add(r.poller.mapping.TumblingWindow)}, w.state
		e.Shard, e.ARN, e.Final, e.Early = r.shard.ID, r.poller.arn(r.shard.Label), &final, &early
	}
	text, err := json.Marshal(e)
	if err != nil {
		panic("records that were JSON are none: " + err.Error())
	}
	return text
}

// outcome is what an answer means for the batch.
type outcome struct {
	whole bool // nothing of it comes again
	taken int  // records that do not come again
	state json.RawMessage
}

// judge reads an answer as Lambda does.
func judge(m Mapping, batch []record, answer []byte, err error) outcome {
	if err != nil {
		return outcome{}
	}
	var said struct {
		State    json.RawMessage   `json:"state"`
		Failures []json.RawMessage `json:"batchItemFailures"`
	}
	if len(answer) > 0 && json.Unmarshal(answer, &said) != nil {
		return outcome{} // the answer is not what a mapping reads
	}
	if m.TumblingWindow > 0 && said.State == nil {
		return outcome{}
	}
	if !m.ReportFailures || len(said.Failures) == 0 {
		return outcome{whole: true, taken: len(batch), state: said.State}
	}
	first := len(batch)
	for _, f := range said.Failures {
		i := indexOf(batch, f)
		if i < 0 {
			return outcome{}
		}
		first = min(first, i)
	}
	return outcome{taken: first, state: said.State}
}

// indexOf returns which record a failure names; -1: none of the batch, or nothing.
func indexOf(batch []record, failure json.RawMessage) int {
	var named struct {
		ID *string `json:"itemIdentifier"`
	}
	if json.Unmarshal(failure, &named) != nil || named.ID == nil || *named.ID == "" {
		return -1
	}
	seq, err := lake.ParseSeq(*named.ID)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(batch, func(x record) bool { return x.seq == seq })
}
