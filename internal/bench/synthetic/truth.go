package synthetic

import "time"

// Sum is how many rows there are and what their fees come to, in hundredths.
type Sum struct{ Rows, Fee int64 }

// Cell is a group of the history: what one day, region and operation have of one status. Removals and rows that leave
// a region have no status and no fee.
type Cell struct{ Dt, Region, Op, Status string }

// Place is a group of current state: what was created on one day of the business zone, in one region, by status.
type Place struct{ Day, Region, Status string }

// Truth is what the changes of a stream come to.
type Truth struct {
	Changes int64 // records; a record that moves to another region gives two rows
	Keys    int64 // that are there at the end

	regions []string
	start   int64 // unix milliseconds
	cells   []Sum // of the history, by day, region, operation and status
	places  []Sum // of current state, by day, region and status
	zone    int64 // business zone, milliseconds east of UTC
}

const day = 24 * hour

// dhaka is where the stream's business days are counted; it has no summer time.
const dhaka = 6 * hour

func newTruth(regions []string, start time.Time) *Truth {
	return &Truth{regions: regions, start: start.UnixMilli(), zone: dhaka}
}

// add counts a change. base moves its time and images its item's times, both in milliseconds.
func (t *Truth) add(c change, base, images int64) {
	t.Changes++
	dt := t.days(c.at + base)
	born := t.days(c.created + images + t.zone)
	switch c.op {
	case insert:
		t.cell(dt, c.region, insert, int(c.status)+1).add(1, c.fee)
		t.place(born, c.region, c.status).add(1, c.fee)
		t.Keys++
	case modify:
		t.cell(dt, c.region, modify, int(c.status)+1).add(1, c.fee)
		if c.region != c.oldRegion {
			t.cell(dt, c.oldRegion, leave, 0).add(1, 0)
		}
		t.place(born, c.oldRegion, c.oldStatus).add(-1, -c.oldFee)
		t.place(born, c.region, c.status).add(1, c.fee)
	case remove:
		t.cell(dt, c.oldRegion, remove, 0).add(1, 0)
		t.place(born, c.oldRegion, c.oldStatus).add(-1, -c.oldFee)
		t.Keys--
	}
}

func (s *Sum) add(rows, fee int64) {
	s.Rows += rows
	s.Fee += fee
}

// days returns how many days an instant lies after the day of the stream's start.
func (t *Truth) days(ms int64) int { return int((t.start+ms)/day - t.start/day) }

func (t *Truth) cell(dt int, region uint8, op, status int) *Sum {
	i := ((dt*len(t.regions)+int(region))*len(operations)+op)*(len(statuses)+1) + status
	for i >= len(t.cells) {
		t.cells = append(t.cells, Sum{})
	}
	return &t.cells[i]
}

func (t *Truth) place(born int, region, status uint8) *Sum {
	i := (born*len(t.regions)+int(region))*len(statuses) + int(status)
	for i >= len(t.places) {
		t.places = append(t.places, Sum{})
	}
	return &t.places[i]
}

func (t *Truth) date(days int) string {
	return time.UnixMilli((t.start/day + int64(days)) * day).UTC().Format(time.DateOnly)
}

// History returns the groups of the history that have rows.
func (t *Truth) History() map[Cell]Sum {
	out := map[Cell]Sum{}
	for i, s := range t.cells {
		if s.Rows == 0 {
			continue
		}
		status, i := i%(len(statuses)+1), i/(len(statuses)+1)
		op, i := i%len(operations), i/len(operations)
		c := Cell{Dt: t.date(i / len(t.regions)), Region: t.regions[i%len(t.regions)], Op: operations[op]}
		if status > 0 {
			c.Status = statuses[status-1]
		}
		out[c] = s
	}
	return out
}

// Current returns the groups of current state that have rows.
func (t *Truth) Current() map[Place]Sum {
	out := map[Place]Sum{}
	for i, s := range t.places {
		if s.Rows == 0 && s.Fee == 0 {
			continue
		}
		status, i := i%len(statuses), i/len(statuses)
		out[Place{t.date(i / len(t.regions)), t.regions[i%len(t.regions)], statuses[status]}] = s
	}
	return out
}

// Rows returns how many rows the history has.
func (t *Truth) Rows() (n int64) {
	for _, s := range t.cells {
		n += s.Rows
	}
	return n
}

// Merge adds what another stream of the same start comes to.
func (t *Truth) Merge(o *Truth) {
	t.Changes += o.Changes
	t.Keys += o.Keys
	t.cells = merge(t.cells, o.cells)
	t.places = merge(t.places, o.places)
}

func merge(into, from []Sum) []Sum {
	for len(into) < len(from) {
		into = append(into, Sum{})
	}
	for i, s := range from {
		into[i].add(s.Rows, s.Fee)
	}
	return into
}
