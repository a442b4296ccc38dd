package decode

import (
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
)

// Decoder reads records by a plan. It keeps its buffers from one batch to the next; it is not safe for concurrent use.
type Decoder struct {
	plan    *Plan
	reader  reader
	clock   clock
	head    head
	memos   [viewType + 1][]byte // by member
	stretch stretch              // what stood behind eventName
	tail    string               // how a record ends
	set     *dataset             // of the record
	into    *target              // of set, when an event is read: its rows
	out     *Output              // nil: no event is read
	now     image                // the new image
	was     image                // the old image
	keys    image
	guess   []guesses // by dataset
	follow  *guesses  // of set
	// Members of objects that the schema does not know.
	strange []attribute
	name    string // the field that is bad
	// What differs between the images, by name, where told is set.
	changed [][]byte
	told    bool
	area    area
	privacy privacy
	scratch []byte
}

// NewDecoder returns a decoder for one goroutine.
func (p *Plan) NewDecoder() *Decoder {
	d := &Decoder{plan: p}
	for _, s := range p.sets {
		n := len(s.fields.all)
		g := guesses{now: make([]int16, n+1), was: make([]int16, n+1)}
		for i := range g.now {
			g.now[i], g.was[i] = int16(i%n), int16(i%n)
		}
		d.guess = append(d.guess, g)
	}
	d.choose(0)
	d.privacy.init(p.key)
	return d
}

// choose makes the i-th dataset that of the record.
func (d *Decoder) choose(i int) {
	d.set, d.follow, d.into = d.plan.sets[i], &d.guess[i], nil
	if d.out != nil {
		d.into = d.out.sets[i]
	}
}

// guesses tell which field most likely follows another in an image: at 1 + a field, or at 0 for the first. They are what
// was so in the record before.
type guesses struct{ now, was []int16 }

// head is what a record says beside its images.
type head struct {
	op       record.Op
	at       int64 // microseconds
	seq      [lake.SeqDigits]byte
	hasAt    bool
	hasSeq   bool
	expired  bool   // the store itself removed it
	view     []byte // StreamViewType
	region   []byte // awsRegion
	keys     int32  // where the images begin; 0: there is none
	now, was int32
}
