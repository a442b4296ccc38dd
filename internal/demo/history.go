package demo

import (
	"container/heap"
	"iter"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// Event is one transaction of the history, at the instant it was made.
type Event struct {
	At      time.Time
	Actions []ingest.Action
	Changes int // change records that it makes
}

// History is everything that happened, in the order of time. It is made anew, and the same, each time it is read, so
// that it need not be kept.
type History struct {
	plan       Plan
	registry   *schemas.Registry
	people     []Person
	instants   []time.Time // of applications
	applicants *schemas.Dataset
	permits    *schemas.Dataset
}

// NewHistory draws the plan's people and when they apply.
func NewHistory(registry *schemas.Registry, plan Plan) (*History, error) {
	w, err := NewWorld(plan.Seed, registry)
	if err != nil {
		return nil, err
	}
	h := &History{plan: plan, registry: registry}
	var ok, ok2 bool
	h.applicants, ok = registry.Dataset("applicants")
	h.permits, ok2 = registry.Dataset("passes")
	if !ok || !ok2 {
		return nil, fault.New(fault.NotFound, "the demo needs the datasets applicants and passes of the Movement Pass domain")
	}
	h.people = make([]Person, plan.Applicants)
	for i, at := range w.instants(plan, plan.Applicants) {
		h.people[i] = w.Person(i, at)
	}
	h.instants = w.instants(plan, plan.Passes)
	return h, nil
}

// Estimate returns about how many events there are.
func (h *History) Estimate() int { return len(h.people) + len(h.instants)*197/100 }

// All yields the events in the order of time, from the given one on.
func (h *History) All(from int) iter.Seq2[int, Event] {
	return func(yield func(int, Event) bool) {
		w, err := NewWorld(h.plan.Seed+1, h.registry)
		if err != nil {
			panic("the history's own areas cannot be read: " + err.Error())
		}
		t := &teller{History: h, w: w}
		for i := 0; ; i++ {
			e, ok := t.next(i >= from)
			if !ok || i >= from && !yield(i, e) {
				return
			}
		}
	}
}

// teller tells a history once.
type teller struct {
	*History
	w                   *World
	registered, applied int
	waiting             decisions
}

// next returns the earliest event that is left. An event that nobody asks for is only drawn.
func (t *teller) next(asked bool) (Event, bool) {
	at := t.plan.End
	kind := -1
	if t.registered < len(t.people) && t.people[t.registered].Registered.Before(at) {
		at, kind = t.people[t.registered].Registered, 0
	}
	if t.applied < len(t.instants) && t.instants[t.applied].Before(at) {
		at, kind = t.instants[t.applied], 1
	}
	if len(t.waiting) > 0 && t.waiting[0].Decided.Before(at) {
		at, kind = t.waiting[0].Decided, 2
	}
	switch kind {
	case 0:
		t.registered++
		return t.registration(t.people[t.registered-1], asked), true
	case 1:
		t.applied++
		if t.registered == 0 {
			return t.next(asked) // nobody is there to apply yet
		}
		return t.application(at, asked), true
	case 2:
		x := heap.Pop(&t.waiting).(Pass)
		if !asked {
			return Event{}, true
		}
		return Event{At: at, Actions: t.decision(x), Changes: 2}, true
	}
	return Event{}, false
}

func (t *teller) registration(p Person, asked bool) Event {
	if !asked {
		return Event{}
	}
	put := ingest.Action{Kind: ingest.Put, Table: t.applicants.Table, Item: versioned(p.Item(), t.applicants)}
	return Event{At: p.Registered, Actions: []ingest.Action{put}, Changes: 1}
}

// application draws a pass of somebody who has registered, most often not long ago.
func (t *teller) application(at time.Time, asked bool) Event {
	known := t.registered
	i := t.w.rng.IntN(known)
	if t.w.rng.Float64() < 0.4 {
		i = known - 1 - t.w.rng.IntN(min(known, 400))
	}
	begin := t.plan.End.Add(-time.Duration(t.plan.Days) * 24 * time.Hour)
	backlog := spike(int(at.Sub(begin)/(24*time.Hour))) * 0.8
	x := t.w.Pass(t.people[i], at, max(1, backlog))
	if !x.Decided.IsZero() {
		heap.Push(&t.waiting, x)
	}
	if !asked {
		return Event{}
	}
	put := ingest.Action{Kind: ingest.Put, Table: t.permits.Table, Item: versioned(x.Item(), t.permits)}
	return Event{At: at, Actions: []ingest.Action{put, t.count(x, "appliedCount")}, Changes: 2}
}

// decisions is the applications that wait for a clerk, the next one first.
type decisions []Pass

func (d decisions) Len() int           { return len(d) }
func (d decisions) Less(i, j int) bool { return d[i].Decided.Before(d[j].Decided) }
func (d decisions) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }

// Push is heap.Interface's.
func (d *decisions) Push(x any) { *d = append(*d, x.(Pass)) }

// Pop is heap.Interface's.
func (d *decisions) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

func (h *History) decision(x Pass) []ingest.Action {
	counter := "approvedCount"
	if x.Status == "REJECTED" {
		counter = "rejectedCount"
	}
	update := ingest.Action{
		Kind: ingest.Update, Table: h.permits.Table, Key: ingest.Key{Partition: record.String(x.ID)}, Add: bump(h.permits),
		Set: record.Item{"status": record.String(x.Status), "decidedAt": stamp(x.Decided), "decidedBy": record.String(x.By)},
	}
	return []ingest.Action{update, h.count(x, counter)}
}

func (h *History) count(x Pass, counter string) ingest.Action {
	add := bump(h.applicants)
	if add == nil {
		add = map[string]int64{}
	}
	add[counter] = 1
	return ingest.Action{Kind: ingest.Update, Table: h.applicants.Table, Key: ingest.Key{Partition: record.String(x.Applicant)}, Add: add}
}

// versioned gives a new item the version that the service would.
func versioned(item record.Item, d *schemas.Dataset) record.Item {
	if d.Version != "" {
		item[d.Version] = number(1)
	}
	return item
}

func bump(d *schemas.Dataset) map[string]int64 {
	if d.Version == "" {
		return nil
	}
	return map[string]int64{d.Version: 1}
}
