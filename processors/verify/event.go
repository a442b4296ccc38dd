package verify

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// event is one record of the feed.
type event struct {
	seq  lake.Seq
	op   record.Op
	at   string // microseconds
	keys record.Item
	was  record.Item
	now  record.Item
}

// parsePage reads a page of the feed, {"Records":[…]}.
func parsePage(body []byte) ([]event, error) {
	var page struct {
		Records []struct {
			EventName    string
			UserIdentity *struct{ PrincipalID string }
			DynamoDB     struct {
				SequenceNumber              string
				ApproximateCreationDateTime json.Number
				Keys, OldImage, NewImage    json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "a page of the feed cannot be read")
	}
	all := make([]event, len(page.Records))
	for i, r := range page.Records {
		e := &all[i]
		var err error
		if e.seq, err = lake.ParseSeq(r.DynamoDB.SequenceNumber); err != nil {
			return nil, err
		}
		switch r.EventName {
		case "INSERT":
			e.op = record.Insert
		case "MODIFY":
			e.op = record.Modify
		default:
			if e.op = record.Remove; r.UserIdentity != nil && r.UserIdentity.PrincipalID == "dynamodb.amazonaws.com" {
				e.op = record.Expire
			}
		}
		seconds := schemas.Field{Type: schemas.Timestamp, Format: "epoch"}
		e.at = string(appendMicros(nil, &seconds, &attribute{kind: record.N, text: []byte(r.DynamoDB.ApproximateCreationDateTime)}))
		for raw, to := range map[*json.RawMessage]*record.Item{&r.DynamoDB.Keys: &e.keys, &r.DynamoDB.OldImage: &e.was, &r.DynamoDB.NewImage: &e.now} {
			if len(*raw) == 0 {
				continue
			}
			if *to, err = record.ParseItem(*raw); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// time returns when the change was made.
func (e *event) time() time.Time {
	n, _ := strconv.ParseInt(e.at, 10, 64) // zero where the feed does not say it
	return time.UnixMicro(n).UTC()
}

// change reads a record and reports whether it is among those that are compared. The reader then has its image.
func (h *changes) change(e *event) (Change, bool, error) {
	if e.heartbeat() {
		return Change{}, false, nil
	}
	ours := false
	for _, item := range []record.Item{e.now, e.was, e.keys} {
		if ours = item != nil && h.reader.item(item); ours {
			break
		}
	}
	t := e.time()
	if !ours || t.Before(h.o.From) || !t.Before(h.report.To) {
		return Change{}, false, nil
	}
	if h.o.Region != "" && (e.op.Gone() || h.reader.place.of(h.reader.slots) != h.o.Region) {
		return Change{}, false, nil
	}
	key := string(h.reader.appendKey(nil))
	text := string(e.op) + "\x1f" + e.at + "\x1f" + key + "\x1f"
	if !e.op.Gone() {
		text += string(h.reader.row())
	}
	return Change{Seq: e.seq, Hash: Hash([]byte(text)), Key: key, Day: h.day()}, true, nil
}

// day returns the day of the image that was read, where a field says it.
func (h *changes) day() string {
	if h.report.Pin.Horizon == "" || h.d.Date.From != "field" {
		return ""
	}
	f, ok := h.d.Field(h.d.Date.Field)
	slot, read := h.reader.index[h.d.Date.Field]
	if !ok || !read {
		return ""
	}
	text := string(appendCanonical(nil, f, &h.reader.slots[slot]))
	if f.Type == schemas.Timestamp {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return ""
		}
		return time.UnixMicro(n).UTC().Format(time.DateOnly)
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return ""
	}
	return text
}

// heartbeat reports whether the change is of a heartbeat, which no dataset has.
func (e *event) heartbeat() bool {
	for _, item := range []record.Item{e.now, e.was} {
		if item != nil {
			return record.IsHeartbeat(item)
		}
	}
	for _, v := range e.keys { // a removal that shows its keys only
		if strings.HasPrefix(v.Text, record.HeartbeatKey) {
			return true
		}
	}
	return false
}
