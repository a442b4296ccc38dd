package synthetic

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// RingOptions say how large a ring is and how it is cut. The zero value works.
type RingOptions struct {
	Options
	Bytes int // of events, at least; 0: 1 GiB
	Lanes int // shards; 0: 4
	Batch int // records of an event; 0: 1,000
}

// Ring is events made beforehand that are handed out again and again. Each time round they get new sequence numbers,
// keys and times, patched in place, so that a consumer sees a stream without end that costs next to nothing to make.
type Ring struct {
	lanes   []*Lane
	memory  [][]byte
	records int
}

// Batch is an event of a lane.
type Batch struct {
	Lane    string
	After   string // sequence number that came before; empty at the lane's beginning
	Body    []byte // valid until the lane has gone round once more; the next call of another lane leaves it alone
	Records int
}

// NewRing makes the events of a ring. Close gives its memory back.
func NewRing(o RingOptions) (*Ring, error) {
	o.Options = o.filled()
	if o.Bytes == 0 {
		o.Bytes = 1 << 30
	}
	if o.Lanes == 0 {
		o.Lanes = 4
	}
	if o.Batch == 0 {
		o.Batch = 1000
	}
	o.Rate /= float64(o.Lanes)
	ring := &Ring{lanes: make([]*Lane, o.Lanes), memory: make([][]byte, o.Lanes)}
	errs := make([]error, o.Lanes)
	var made sync.WaitGroup
	for i := range ring.lanes {
		made.Go(func() { ring.lanes[i], ring.memory[i], errs[i] = newLane(o, uint64(i)) })
	}
	made.Wait()
	for _, err := range errs {
		if err != nil {
			ring.Close()
			return nil, err
		}
	}
	for _, l := range ring.lanes {
		ring.records += len(l.records)
	}
	return ring, nil
}

// Close gives the memory of the events back; no batch may be used any more.
func (r *Ring) Close() {
	for i, m := range r.memory {
		release(m)
		r.memory[i] = nil
	}
}

// Lanes returns the lanes, which may be used at the same time, each by one goroutine.
func (r *Ring) Lanes() []*Lane { return r.lanes }

// Records returns how many records the ring holds, Bytes how large its events are.
func (r *Ring) Records() int { return r.records }

// Bytes returns how large the ring's events are.
func (r *Ring) Bytes() (n int) {
	for _, l := range r.lanes {
		n += l.size
	}
	return n
}

// Truth returns what all batches that were handed out come to.
func (r *Ring) Truth() *Truth {
	sum := newTruth(r.lanes[0].truth.regions, time.UnixMilli(r.lanes[0].truth.start))
	for _, l := range r.lanes {
		sum.Merge(l.truth)
	}
	return sum
}

// slack is room for the batch that passes the ring's size.
const slack = 64 << 20

// newLane makes the events of one lane in memory that is the collector's business no more than a socket's would be.
func newLane(o RingOptions, number uint64) (*Lane, []byte, error) {
	s, err := newStream(o.Options, number)
	if err != nil {
		return nil, nil, err
	}
	size := o.Bytes / o.Lanes
	room := min(slack, o.Batch*8<<10)
	memory, err := reserve(size + room)
	if err != nil {
		return nil, nil, fmt.Errorf("reserve %d bytes for a ring: %w", size+room, err)
	}
	l := &Lane{name: fmt.Sprintf("2026-11-01T00:00:00.000/shardId-%020d", number), number: number, truth: s.truth, start: s.w.start, body: memory[:0]}
	for len(l.body) < size {
		l.event(s, o.Batch)
		if len(l.body) > cap(memory) || &l.body[0] != &memory[0] {
			return nil, memory, fault.New(fault.Exceeded, "an event of %d records is larger than %d bytes; take fewer", o.Batch, room)
		}
	}
	l.size = len(l.body)
	l.span = int64(float64(s.n) * 1000 / o.Rate)
	l.seqs = s.seq + 1
	if l.minutes > math.MaxUint16 {
		return nil, memory, fault.New(fault.Exceeded, "a ring of %d records spans %d minutes at %.0f a second, more than %d; raise the rate", s.n, l.minutes, o.Rate, math.MaxUint16)
	}
	return l, memory, nil
}
