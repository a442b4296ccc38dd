package decode

import (
	"bytes"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
)

const unknownOp = "unknown" // of a bad record that does not say

// parked is a bad record whose row waits until the numbers of its neighbours are known.
type parked struct {
	from, to int
	why      string
	at       int // offset in the record
	field    string
	dataset  string
	op       record.Op
	time     int64
	hasTime  bool
	seq      lake.Seq // empty: unknown
	after    lake.Seq // of the record before it, as far as known
}

// parkBytes sets a record aside, as far as it is known: what a sound part of it says stands in e.head.
func (e *event) parkBytes(from, to int) {
	r := &e.reader
	p := parked{from: from, to: to, why: r.why, at: max(0, r.bad-from), field: e.name, op: unknownOp}
	r.why = ""
	h := &e.head
	if e.some {
		p.after = lake.Seq(e.last[:])
	}
	e.into.batch.DropRow()
	e.salvage(from, to)
	if h.op != "" {
		p.op = h.op
	}
	if p.time, p.hasTime = h.at, h.hasAt; h.hasSeq {
		p.seq = lake.Seq(h.seq[:])
	}
	if p.why != unclaimed && !e.plan.shared {
		p.dataset = e.plan.sets[0].Name
	}
	e.note(h)
	e.info.Records++
	e.info.Bad++
	e.bad = append(e.bad, p)
}

// salvage looks in a bad record for its sequence number and time, where they were not read. Where the bytes are those of
// several records, it notes the last number too: the range of the batch must cover it.
func (e *event) salvage(from, to int) {
	b, h := e.reader.src[from:to], &e.head
	if !h.hasSeq {
		name := []byte(`"SequenceNumber"`)
		if at := bytes.LastIndex(b, name); at >= 0 {
			var last head
			last.salvageSequence(b[at:])
			e.note(&last)
			h.salvageSequence(b[bytes.Index(b, name):])
		}
	}
	if !h.hasAt {
		text := after(b, `"ApproximateCreationDateTime"`)
		n := 0
		for n < len(text) && (text[n] >= '0' && text[n] <= '9' || bytes.IndexByte([]byte("+-.eE"), text[n]) >= 0) {
			n++
		}
		if d, why := parseDecimal(text[:n]); why == "" {
			if v, why := d.micros(6); why == "" {
				h.at, h.hasAt = v, true
			}
		}
	}
}

// salvageSequence takes the number that follows its name.
func (h *head) salvageSequence(b []byte) {
	if text := after(b, `"SequenceNumber"`); len(text) > 0 && text[0] == '"' {
		if end := bytes.IndexByte(text[1:], '"'); end >= 0 {
			h.sequence(text[1 : 1+end])
		}
	}
}

// after returns what follows a name and its colon.
func after(b []byte, name string) []byte {
	_, rest, _ := bytes.Cut(b, []byte(name))
	rest = bytes.TrimLeft(rest, " \t\r\n")
	rest, ok := bytes.CutPrefix(rest, []byte(":"))
	if !ok {
		return nil
	}
	return bytes.TrimLeft(rest, " \t\r\n")
}

// settle writes the bad records, gives those without a number one beside their neighbours', and sums the batch up.
func (e *event) settle() (Info, error) {
	if len(e.bad) > 0 && !e.some {
		return Info{}, fault.New(fault.Invalid, "the event has no record with a sequence number: %s", e.bad[0].why)
	}
	e.numberParked()
	for i := range e.bad {
		e.quarantine(&e.bad[i])
	}
	if e.info.Records > 0 {
		e.info.First, e.info.Last = lake.Seq(e.low[:]), lake.Seq(e.last[:])
		e.info.Through = time.UnixMicro(e.time).UTC()
	}
	return e.info, nil
}

// numberParked gives a number to the bad records whose own cannot be read: the one after the record before, or the one
// before the first record that has one.
func (e *event) numberParked() {
	var before lake.Seq
	leading := 0
	for i := range e.bad {
		p := &e.bad[i]
		before = max(before, p.after)
		switch {
		case p.seq != "":
		case before == "":
			leading++
			continue
		default:
			p.seq = before.Next()
		}
		before = max(before, p.seq)
		e.widen(p.seq)
	}
	first := lake.Seq(e.low[:])
	for ; leading > 0; leading-- {
		for i := len(e.bad) - 1; i >= 0; i-- {
			if e.bad[i].seq == "" {
				first = first.Before()
				e.bad[i].seq = first
				e.widen(first)
				break
			}
		}
	}
}

func (e *event) widen(s lake.Seq) {
	if s < lake.Seq(e.low[:]) {
		copy(e.low[:], s)
	}
	if s > lake.Seq(e.last[:]) {
		copy(e.last[:], s)
	}
}

// quarantine adds the row of a bad record.
func (e *event) quarantine(p *parked) {
	if !p.hasTime {
		p.time = e.time
	}
	reason := "at byte " + strconv.Itoa(p.at) + ": " + p.why
	if p.field != "" {
		reason = p.field + ", " + reason
	}
	e.out.Park(Parked{
		Identity: Identity{Op: p.op, Lane: e.lane, Seq: p.seq, At: time.UnixMicro(p.time).UTC()},
		Dataset:  p.dataset, Reason: reason, Field: p.field, Payload: e.reader.src[p.from:p.to],
	})
}
