package decode

import (
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
)

const maxBody = 1 << 30 // offsets are 32 bits wide; a stream's batches have a few megabytes

// Info is what a batch held.
type Info struct {
	Records     int // bad ones included
	Bad         int
	Expired     int
	First, Last lake.Seq  // empty where there is no record
	Through     time.Time // change time of the newest record
}

// Event reads a DynamoDB stream event, {"Records":[…]}, of a lane and adds its rows to out. A bad record goes to the
// quarantine, and so do the bytes of an event in which no more records can be told apart. An event of a stream that does
// not carry new images, one that is too large, and one with bad records but no sequence number at all are errors: then
// out must be reset.
func (d *Decoder) Event(body []byte, lane string, out *Output) (Info, error) {
	if len(body) > maxBody {
		return Info{}, fault.New(fault.Exceeded, "an event of %d bytes is larger than %d", len(body), maxBody)
	}
	e := event{Decoder: d, out: out, lane: lane, end: len(body)}
	d.reader.reset(body)
	d.out = out
	d.choose(0)
	e.envelope()
	d.out, d.into = nil, nil
	if e.err != nil {
		return Info{}, e.err
	}
	return e.settle()
}

// event is an event that is being read.
type event struct {
	*Decoder
	out  *Output
	lane string
	info Info
	last [lake.SeqDigits]byte // of the newest record
	low  [lake.SeqDigits]byte // of the oldest
	some bool                 // a sequence number is known
	time int64                // newest change time
	told bool                 // it is known
	bad  []parked
	end  int
	err  error
}

// envelope reads the event around its records.
func (e *event) envelope() {
	r := &e.reader
	if !r.take('{') {
		e.rest(r.pos)
		return
	}
	seen := false
	for first := true; ; first = false {
		at := r.pos
		another, ok := r.more(first, '}')
		if !ok {
			e.rest(at)
			return
		}
		if !another {
			break
		}
		r.forget()
		name, _, ok := r.name()
		if !ok {
			e.rest(at)
			return
		}
		if string(name) == "Records" && r.peek() != 'n' {
			if seen || r.peek() != '[' {
				r.fail(at, "the event's Records are not one array")
				e.rest(at)
				return
			}
			seen = true
			if !e.records() {
				return
			}
			continue
		}
		if !r.skip(1) {
			e.rest(at)
			return
		}
	}
	if r.peek(); r.pos < len(r.src) {
		r.fail(r.pos, "bytes follow the event")
		e.rest(r.pos)
	}
}

// records reads the array of records and reports whether its end was found.
func (e *event) records() bool {
	r := &e.reader
	r.pos++
	for first := true; ; first = false {
		at := r.pos
		another, ok := r.more(first, ']')
		if !ok {
			e.rest(at)
			return false
		}
		if !another {
			return true
		}
		r.space()
		at = r.pos
		if e.record() && e.bounded() {
			if odd := len(e.now.extra) > 0 || e.head.op.Gone(); !odd || !e.heartbeat(at, r.pos) {
				e.good()
			}
		} else if !e.heartbeat(at, e.boundary(at)) && !e.park(at) {
			return false
		}
		if e.refuse(); e.err != nil {
			return false
		}
	}
}

// bounded checks that a record ends where the next may begin.
func (e *event) bounded() bool {
	r := &e.reader
	if c := r.peek(); c == ',' || c == ']' {
		return true
	}
	return r.unexpected("comma or ]")
}

func (e *event) good() {
	h := &e.head
	e.write(e.into, e.lane)
	if e.info.Records++; h.op == record.Expire {
		e.info.Expired++
	}
	e.note(h)
}

// note keeps the range of the sequence numbers and the newest change time.
func (e *event) note(h *head) {
	switch {
	case !h.hasSeq:
	case !e.some:
		e.low, e.last, e.some = h.seq, h.seq, true
	case string(h.seq[:]) > string(e.last[:]): // as it should be
		e.last = h.seq
	case string(h.seq[:]) < string(e.low[:]):
		e.low = h.seq
	}
	if h.hasAt && (!e.told || h.at > e.time) {
		e.time, e.told = h.at, true
	}
}

// refuse stops at records that no schema can make sense of, because the stream is set up to leave the new image out.
func (e *event) refuse() {
	switch string(e.head.view) {
	case "KEYS_ONLY", "OLD_IMAGE":
		e.err = fault.New(fault.Invalid, "the stream %s carries %s; set its view type to NEW_AND_OLD_IMAGES or NEW_IMAGE", e.plan.stream, e.head.view)
	}
}
