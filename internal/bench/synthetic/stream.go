package synthetic

import (
	"math/rand/v2"
	"strconv"
)

// Operations, as places in operations.
const (
	insert = iota
	modify
	remove
	leave
)

var operations = []string{"insert", "modify", "remove", "leave"}

// maxLive is how many passes may still change, which bounds the memory of a stream without end.
const maxLive = 200_000

// Stream makes changes one after the other. It is not safe for concurrent use.
type Stream struct {
	opts  Options
	r     *rand.Rand
	w     writer
	live  []pass
	n     int64 // changes made
	seq   uint64
	keys  uint64 // passes made
	last  uint64 // key of the newest change
	truth *Truth
}

// New returns a stream.
func New(o Options) (*Stream, error) { return newStream(o.filled(), 0) }

func newStream(o Options, lane uint64) (*Stream, error) {
	d, err := loadDistricts()
	if err != nil {
		return nil, err
	}
	s := &Stream{opts: o, r: rand.New(rand.NewPCG(o.Seed, 0x7461726e+lane)), truth: newTruth(d.regions, o.Start)}
	s.w = writer{districts: d, start: o.Start.UnixMilli(), lane: lane}
	return s, nil
}

// Truth returns what the changes so far come to. It is the stream's own and changes with it.
func (s *Stream) Truth() *Truth { return s.truth }

// Event appends an event of the next n changes to dst: {"Records":[…]}, as a function of Lambda gets it.
func (s *Stream) Event(dst []byte, n int) []byte {
	s.w.buf = append(dst, `{"Records":[`...)
	for i := range n {
		if i > 0 {
			s.w.raw(",")
		}
		s.truth.add(s.next(), 0, 0)
	}
	dst, s.w.buf = append(s.w.buf, `]}`...), nil
	return dst
}

// change is what a record says, for the truth.
type change struct {
	op                uint8
	region, oldRegion uint8
	status, oldStatus uint8
	fee, oldFee       int64
	at, created       int64 // milliseconds from the stream's start
}

// next writes the next change.
func (s *Stream) next() change {
	at := int64(float64(s.n) * 1000 / s.opts.Rate)
	s.n++
	s.seq += 1 + s.r.Uint64N(5) // numbers are never dense
	pick := s.r.IntN(100)
	switch {
	case pick < 52 || len(s.live) == 0:
		return s.insert(at)
	case pick < 98:
		return s.modify(at)
	}
	return s.remove(at)
}

func (s *Stream) insert(at int64) change {
	p := apply(s.r, s.w.districts, s.keys, at)
	s.keys++
	s.record("INSERT", &p, nil, p.key, at)
	if len(s.live) < maxLive {
		s.live = append(s.live, p)
	} else {
		s.live[s.r.IntN(len(s.live))] = p
	}
	return s.change(insert, &p, nil, at)
}

func (s *Stream) modify(at int64) change {
	p := &s.live[s.r.IntN(len(s.live))]
	old := *p
	touch(s.r, s.w.districts, p, at)
	s.record("MODIFY", p, &old, p.key, at)
	return s.change(modify, p, &old, at)
}

func (s *Stream) remove(at int64) change {
	i, last := s.r.IntN(len(s.live)), len(s.live)-1
	old := s.live[i]
	s.live[i] = s.live[last]
	s.live = s.live[:last]
	s.record("REMOVE", nil, &old, old.key, at)
	return s.change(remove, nil, &old, at)
}

func (s *Stream) change(op uint8, p, old *pass, at int64) change {
	c := change{op: op, at: at}
	if p != nil {
		c.region, c.status, c.fee, c.created = s.w.region[p.district], p.status, p.fee, p.created
	}
	if old != nil {
		c.oldRegion, c.oldStatus, c.oldFee, c.created = s.w.region[old.district], old.status, old.fee, old.created
	}
	return c
}

// record writes one record of an event.
func (s *Stream) record(op string, now, was *pass, key uint64, at int64) {
	s.last = key
	w := &s.w
	w.mark = marks{ids: w.mark.ids[:0], times: w.mark.times[:0]}
	var order *rand.Rand
	if s.opts.Shuffled {
		order = s.r
	}
	var event [32]byte
	putHex(event[:16], s.r.Uint64())
	putHex(event[16:], s.r.Uint64())
	w.raw(`{"eventID":"`).raw(string(event[:])).raw(`","eventName":"`).raw(op)
	w.raw(`","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"ap-south-1","dynamodb":{"ApproximateCreationDateTime":`)
	w.mark.clock = len(w.buf)
	w.buf = strconv.AppendInt(w.buf, (w.start+at)/1000, 10)
	w.raw(`,"Keys":{"id":{"S":"`)
	w.id(key)
	w.raw(`"}}`)
	size := len(w.buf)
	if now != nil {
		w.raw(`,"NewImage":`).image(now, order)
	}
	if was != nil {
		w.raw(`,"OldImage":`).image(was, order)
	}
	size = (len(w.buf) - size) / 2 // about what DynamoDB counts
	w.raw(`,"SequenceNumber":"`).raw(seqPrefix)
	w.mark.seq = len(w.buf)
	w.buf = append(w.buf, make([]byte, seqDigits)...)
	putDigits(w.buf[w.mark.seq:], s.seq)
	w.raw(`","SizeBytes":`)
	w.buf = strconv.AppendInt(w.buf, int64(size), 10)
	w.raw(`,"StreamViewType":"NEW_AND_OLD_IMAGES"},"eventSourceARN":"` + arn + `"}`)
}

// putDigits fills dst, an even number of bytes, with a number, zeros before it.
func putDigits(dst []byte, n uint64) {
	for i := len(dst) - 2; i >= 0; i -= 2 {
		pair := n % 100 * 2
		n /= 100
		dst[i], dst[i+1] = pairs[pair], pairs[pair+1]
	}
}

const pairs = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869" +
	"707172737475767778798081828384858687888990919293949596979899"
