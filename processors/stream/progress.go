package stream

import (
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
)

// Progress knows, for the lanes of one stream, what has landed, what every table has passed, and by which instant a
// lane was read empty. From these it tells up to which instant the tables are complete. It is safe for concurrent use.
type Progress struct {
	mu    sync.Mutex
	lanes map[string]*lane
}

// lane is one shard's way. Its points say: every record made before at has a sequence number of at most seq.
type lane struct {
	landed lake.Seq
	passed lake.Seq
	points []point
	at     time.Time // the newest instant that is certain
}

type point struct {
	seq lake.Seq
	at  time.Time
}

// NewProgress returns a Progress without lanes.
func NewProgress() *Progress { return &Progress{lanes: map[string]*lane{}} }

// Open begins a lane whose records up to seq are known to be in every table, complete to at.
func (p *Progress) Open(name string, seq lake.Seq, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lanes[name] == nil {
		p.lanes[name] = &lane{landed: seq, passed: seq, at: at}
	}
}

// Close forgets a lane that has ended; its children stand for it from then on.
func (p *Progress) Close(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.lanes, name)
}

// Landed notes that the lane has landed up to seq, and that the page that said so held every record made before at. A
// zero at says nothing about time.
func (p *Progress) Landed(name string, seq lake.Seq, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lanes[name]
	if l == nil {
		return
	}
	l.landed = max(l.landed, seq)
	if !at.IsZero() {
		l.mark(point{seq: l.landed, at: at})
	}
	l.settle()
}

// Landings returns how far each lane has landed.
func (p *Progress) Landings() map[string]lake.Seq {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[string]lake.Seq, len(p.lanes))
	for name, l := range p.lanes {
		all[name] = l.landed
	}
	return all
}

// Passed notes that every table has what the lane landed up to seq.
func (p *Progress) Passed(name string, seq lake.Seq) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.lanes[name]; l != nil {
		l.passed = max(l.passed, seq)
		l.settle()
	}
}

// Idle reports whether everything that has landed is in the tables.
func (p *Progress) Idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lanes {
		if l.landed > l.passed {
			return false
		}
	}
	return true
}

// Complete returns the instant up to which every open lane is in the tables: the zero Time while none is known.
func (p *Progress) Complete() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	var complete time.Time
	for _, l := range p.lanes {
		if l.at.IsZero() {
			return time.Time{}
		}
		if complete.IsZero() || l.at.Before(complete) {
			complete = l.at
		}
	}
	return complete
}

// mark adds a point; points of the same sequence number are one, the newest.
func (l *lane) mark(p point) {
	if n := len(l.points); n > 0 && l.points[n-1].seq == p.seq {
		l.points[n-1] = p
		return
	}
	l.points = append(l.points, p)
}

// settle moves the certain instant over every point that the tables have passed. A lane that has landed nothing has
// nothing to pass.
func (l *lane) settle() {
	done := 0
	for _, p := range l.points {
		if p.seq > l.passed {
			break
		}
		if p.at.After(l.at) {
			l.at = p.at
		}
		done++
	}
	l.points = append(l.points[:0], l.points[done:]...)
}
