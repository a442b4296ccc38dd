package verify

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// event is one record of the feed. Its images are DynamoDB's JSON; nil where there are none.
type event struct {
	seq  lake.Seq
	op   record.Op
	at   int64 // microseconds; zero where the feed does not say it
	keys []byte
	was  []byte
	now  []byte
}

// stored makes the event of a record that the feed hands over as it is. The image before is read only where the record
// leaves none.
func (e *event) stored(r *feed.Record) (err error) {
	*e = event{seq: r.Seq, op: r.Op, at: r.At.UnixMicro(), keys: r.Keys, now: r.Now}
	if r.Now == nil && r.Was != nil {
		e.was, err = r.Was()
	}
	return err
}

// pageRecord is a record as a page of the feed spells it.
type pageRecord struct {
	EventName    string
	UserIdentity *struct{ PrincipalID string }
	DynamoDB     struct {
		SequenceNumber              string
		ApproximateCreationDateTime jsontext.Value
		Keys, OldImage, NewImage    jsontext.Value
	}
}

// parsePage reads a page of the feed, {"Records":[…]}.
func parsePage(body []byte) ([]event, error) {
	var page struct{ Records []pageRecord }
	if err := json.Unmarshal(body, &page, json.MatchCaseInsensitiveNames(true), jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "a page of the feed cannot be read")
	}
	all := make([]event, len(page.Records))
	for i := range page.Records {
		if err := all[i].parse(&page.Records[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

var seconds = schemas.Field{Type: schemas.Timestamp, Format: "epoch"}

func (e *event) parse(r *pageRecord) (err error) {
	if e.seq, err = lake.ParseSeq(r.DynamoDB.SequenceNumber); err != nil {
		return err
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
	at := appendMicros(nil, &seconds, &attribute{kind: record.N, text: bytes.Trim(r.DynamoDB.ApproximateCreationDateTime, `"`)})
	e.at, _ = strconv.ParseInt(string(at), 10, 64) // zero where the feed does not say it
	e.keys, e.was, e.now = r.DynamoDB.Keys, r.DynamoDB.OldImage, r.DynamoDB.NewImage
	return nil
}

// time returns when the change was made.
func (e *event) time() time.Time { return time.UnixMicro(e.at).UTC() }

// change reads a record and reports whether it is among those that are compared. The reader then has its image, and key
// and text stand in their buffers.
func (h *changes) change(e *event) (bool, error) {
	h.reader.at = e.at
	ours := false
	for _, image := range [][]byte{e.now, e.was, e.keys} {
		if image == nil {
			continue
		}
		var err error
		if ours, err = h.reader.image(image); err != nil {
			return false, err
		}
		if h.reader.attributes <= record.MaxHeartbeat && e.heartbeat() {
			return false, nil
		}
		if ours {
			break
		}
	}
	t := e.time()
	if !ours || t.Before(h.o.From) || !t.Before(h.report.To) {
		return false, nil
	}
	if h.o.Region != "" && (e.op.Gone() || h.reader.place.of(h.reader.slots) != h.o.Region) {
		return false, nil
	}
	h.key = h.reader.appendKey(h.key[:0])
	h.text = append(append(h.text[:0], e.op...), fieldMark)
	h.text = append(strconv.AppendInt(h.text, e.at, 10), fieldMark)
	h.text = append(append(h.text, h.key...), fieldMark)
	if !e.op.Gone() {
		h.text = append(h.text, h.reader.row()...)
	}
	return true, nil
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
	for _, image := range [][]byte{e.now, e.was} {
		if image != nil {
			_, beat := record.ParseHeartbeat(image)
			return beat
		}
	}
	if !bytes.Contains(e.keys, []byte(record.HeartbeatKey)) {
		return false
	}
	keys, err := record.ParseItem(e.keys)
	if err != nil {
		return false
	}
	for _, v := range keys { // a removal that shows its keys only
		if strings.HasPrefix(v.Text, record.HeartbeatKey) {
			return true
		}
	}
	return false
}
