package synthetic

import "time"

// Lane is one shard of a ring. It is used by one goroutine at a time.
type Lane struct {
	name    string
	number  uint64
	start   int64 // of the stream, unix milliseconds
	body    []byte
	size    int
	span    int64  // milliseconds from one time round to the next
	seqs    uint64 // sequence numbers that one time round takes
	minutes int    // that images reach from the start of a round
	events  []event
	records []note
	times   []timeNote
	truth   *Truth

	round  int
	next   int
	last   string // sequence number before the next event
	second int64  // what clock says
	clock  [10]byte
	stamps []byte // by minute of the round, the part of a stamp that is patched
}

// event is where a batch lies and which records it has.
type event struct{ from, to, first, end int }

// note is what must be known of a record to use it again. Places count from its first byte.
type note struct {
	change
	key        uint64
	seq        uint64
	from       int
	ids        [3]uint16
	idCount    uint8
	clock      uint16
	sequence   uint16
	times, end int32 // its part of the lane's times
}

type timeNote struct{ at, minute uint16 }

// event makes an event and notes where its records must be patched.
func (l *Lane) event(s *Stream, n int) {
	e := event{from: len(l.body), first: len(l.records)}
	s.w.buf = append(l.body, `{"Records":[`...)
	for i := range n {
		if i > 0 {
			s.w.raw(",")
		}
		from := len(s.w.buf)
		c := s.next()
		l.note(s, c, from)
	}
	l.body, s.w.buf = append(s.w.buf, `]}`...), nil
	e.to, e.end = len(l.body), len(l.records)
	l.events = append(l.events, e)
}

func (l *Lane) note(s *Stream, c change, from int) {
	m := &s.w.mark
	n := note{change: c, key: s.last, seq: s.seq, from: from, clock: uint16(m.clock - from), sequence: uint16(m.seq - from), times: int32(len(l.times))}
	for _, at := range m.ids {
		n.ids[n.idCount] = uint16(at - from)
		n.idCount++
	}
	for _, t := range m.times {
		l.times = append(l.times, timeNote{uint16(t.at - from), uint16(t.minute)})
		l.minutes = max(l.minutes, int(t.minute)+1)
	}
	n.end = int32(len(l.times))
	l.records = append(l.records, n)
}

// Name returns the lane's name, <stream label>/<shard id>.
func (l *Lane) Name() string { return l.name }

// Next patches the next event and hands it out.
func (l *Lane) Next() Batch {
	if l.next == len(l.events) {
		l.next, l.round = 0, l.round+1
	}
	if l.next == 0 {
		l.turn()
	}
	e := l.events[l.next]
	l.next++
	base := int64(l.round) * l.span
	images := base - base%minute
	for i := e.first; i < e.end; i++ {
		n := &l.records[i]
		l.patch(n, base)
		l.truth.add(n.change, base, images)
	}
	b := Batch{Lane: l.name, After: l.last, Body: l.body[e.from:e.to], Records: e.end - e.first}
	end := &l.records[e.end-1]
	at := end.from + int(end.sequence)
	l.last = seqPrefix + string(l.body[at:at+seqDigits])
	return b
}

// turn begins a time round: every minute that an image may name is written once.
func (l *Lane) turn() {
	base := int64(l.round) * l.span
	from := l.start + base - base%minute
	l.stamps = l.stamps[:0]
	for i := range l.minutes {
		l.stamps = time.UnixMilli(from+int64(i)*minute).UTC().AppendFormat(l.stamps, stamp[:prefix])
	}
}

// patch gives a record the keys, times and sequence number of this time round.
func (l *Lane) patch(n *note, base int64) {
	rec := l.body[n.from:]
	if second := (l.start + n.at + base) / 1000; second != l.second {
		l.second = second
		putDigits(l.clock[:], uint64(second))
	}
	copy(rec[n.clock:int(n.clock)+len(l.clock)], l.clock[:])
	putDigits(rec[n.sequence:int(n.sequence)+seqDigits], n.seq+uint64(l.round)*l.seqs)
	id := rec[n.ids[0] : n.ids[0]+16]
	putHex(id, half(l.number, n.key, l.round))
	for _, at := range n.ids[1:n.idCount] {
		copy(rec[at:at+16], id)
	}
	for _, t := range l.times[n.times:n.end] {
		copy(rec[t.at:int(t.at)+prefix], l.stamps[int(t.minute)*prefix:])
	}
}
