package commit

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
)

// moves is what one commit to one table says of its lanes.
type moves struct {
	*pass
	*target
	base  *base
	marks lake.Watermarks            // by the lane's name in the table
	lanes map[string]*lake.LaneEntry // likewise, those with batches
	sum   totals
}

// batch moves the lane of a batch up to its end. No clock is trusted beyond now: a record from the future would say for
// ever that everything before it is here.
func (m *moves) batch(b *batch) {
	name := m.target.lane(b.Stream, b.Lane)
	before, moved := m.marks[name]
	if !moved {
		before = m.base.mark(name)
	}
	if b.Last <= before.Seq {
		if b.landed != nil && before.Seq != "" && m.brought[b.Lane] > 0 && m.late(b) {
			m.count(name, b)
			m.marks[name] = before
		}
		return
	}
	next := before.To(lake.Watermark{Seq: b.Last, At: before.At})
	if b.landed != nil {
		m.count(name, b)
		next.Done = b.landed.Final
		if through := earlier(b.landed.Through, m.opts.Now()); through.After(next.At) {
			next.At = through
		}
	}
	m.marks[name] = next
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b.UTC().Truncate(time.Microsecond)
	}
	return a
}

func (m *moves) count(name string, b *batch) {
	l := m.lanes[name]
	if l == nil {
		l = &lake.LaneEntry{First: b.First, Rows: m.brought[b.Lane]}
		m.lanes[name] = l
		m.sum.rows += l.Rows
	}
	l.Records, l.Quarantined, l.Expired = l.Records+b.landed.Records, l.Quarantined+b.landed.Bad, l.Expired+b.landed.Expired
	m.sum.add(b.landed)
}

// entry returns what the ledger is told.
func (m *moves) entry(holes []Hole) lake.Entry {
	e := lake.Entry{Dataset: m.dataset, Holes: holes, Code: m.opts.Version, Schema: m.schema}
	after := lake.Watermarks{}
	for name, mark := range m.base.Watermarks {
		after[name] = mark
	}
	for name, mark := range m.marks {
		l := lake.LaneEntry{}
		if counted := m.lanes[name]; counted != nil {
			l = *counted
		}
		l.Lane, l.Last, l.To, l.Done, l.Ahead = name, mark.Seq, mark.At, mark.Done, mark.Ahead
		e.Lanes = append(e.Lanes, l)
		after[name] = mark
	}
	slices.SortFunc(e.Lanes, func(a, b lake.LaneEntry) int { return strings.Compare(a.Lane, b.Lane) })
	e.CompleteTo, _ = after.CompleteTo()
	return e
}

// totals is what a commit's summary counts, over the batches it passes.
type totals struct {
	records, rows, bad, expired int
	through                     time.Time
}

func (s *totals) add(l *lake.Landed) {
	s.records, s.bad, s.expired = s.records+l.Records, s.bad+l.Bad, s.expired+l.Expired
	if l.Through.After(s.through) {
		s.through = l.Through
	}
}

func (s *totals) summary() map[string]string {
	return map[string]string{
		"records": strconv.Itoa(s.records), "rows": strconv.Itoa(s.rows), "quarantined": strconv.Itoa(s.bad),
		"expired": strconv.Itoa(s.expired), "through": s.through.UTC().Format("2006-01-02T15:04:05.000Z"),
	}
}
