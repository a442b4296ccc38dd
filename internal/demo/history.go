package demo

import (
	"cmp"
	"iter"
	"slices"
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

// History is everything that happened, in the order of time.
type History struct {
	Events  int    // transactions
	Changes int    // change records of all of them
	Pending []Pass // applications that wait for a clerk at the end, oldest first

	people     []Person
	passes     []Pass
	order      []moment
	applicants *schemas.Dataset
	permits    *schemas.Dataset
}

// moment is one event: a registration, an application or a decision, by index.
type moment struct {
	at   int64
	kind uint8
	i    int32
}

const (
	registers uint8 = iota
	applies
	decides
)

// NewHistory makes the plan's history. It takes some hundred nanoseconds an event and about 200 bytes of memory each.
func NewHistory(registry *schemas.Registry, plan Plan) (*History, error) {
	w, err := NewWorld(plan.Seed, registry)
	if err != nil {
		return nil, err
	}
	h := &History{}
	var ok, ok2 bool
	h.applicants, ok = registry.Dataset("applicants")
	h.permits, ok2 = registry.Dataset("passes")
	if !ok || !ok2 {
		return nil, fault.New(fault.NotFound, "the demo needs the datasets applicants and passes of the Movement Pass domain")
	}
	h.people = w.people(plan)
	h.passes = w.passes(plan, h.people)
	h.arrange(plan.End)
	return h, nil
}

func (w *World) people(plan Plan) []Person {
	people := make([]Person, plan.Applicants)
	for i, at := range w.instants(plan, plan.Applicants, true) {
		people[i] = w.Person(i, at)
	}
	return people
}

// passes draws applications; who registered before an instant may apply at it, most often soon after registering.
func (w *World) passes(plan Plan, people []Person) []Pass {
	begin := plan.End.Add(-time.Duration(plan.Days) * 24 * time.Hour)
	passes := make([]Pass, 0, plan.Passes)
	for _, at := range w.instants(plan, plan.Passes, true) {
		known, _ := slices.BinarySearchFunc(people, at.Add(-5*time.Second), func(p Person, t time.Time) int { return p.Registered.Compare(t) })
		if known == 0 {
			continue
		}
		i := w.rng.IntN(known)
		if w.rng.Float64() < 0.4 {
			i = max(0, known-1-w.rng.IntN(min(known, 400)))
		}
		backlog := spike(int(at.Sub(begin)/(24*time.Hour))) * 0.8
		passes = append(passes, w.Pass(people[i], at, max(1, backlog)))
	}
	return passes
}

func (h *History) arrange(end time.Time) {
	for i, p := range h.people {
		h.order = append(h.order, moment{p.Registered.UnixNano(), registers, int32(i)})
	}
	for i, x := range h.passes {
		h.order = append(h.order, moment{x.Applied.UnixNano(), applies, int32(i)})
		if !x.Decided.IsZero() && x.Decided.Before(end) {
			h.order = append(h.order, moment{x.Decided.UnixNano(), decides, int32(i)})
		} else {
			h.Pending = append(h.Pending, x)
		}
	}
	slices.SortFunc(h.order, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind), cmp.Compare(a.i, b.i))
	})
	h.Events = len(h.order)
	h.Changes = 2*h.Events - len(h.people)
}

// People returns who has registered, in the order of registration.
func (h *History) People() []Person { return h.people }

// All yields the events in the order of time, from the given one on.
func (h *History) All(from int) iter.Seq2[int, Event] {
	return func(yield func(int, Event) bool) {
		for i := from; i < len(h.order); i++ {
			if !yield(i, h.event(h.order[i])) {
				return
			}
		}
	}
}

func (h *History) event(m moment) Event {
	at := time.Unix(0, m.at).UTC()
	switch m.kind {
	case registers:
		put := ingest.Action{Kind: ingest.Put, Table: h.applicants.Table, Item: versioned(h.people[m.i].Item(), h.applicants)}
		return Event{At: at, Actions: []ingest.Action{put}, Changes: 1}
	case applies:
		x := h.passes[m.i]
		put := ingest.Action{Kind: ingest.Put, Table: h.permits.Table, Item: versioned(x.Item(), h.permits)}
		return Event{At: at, Actions: []ingest.Action{put, h.count(x, "appliedCount")}, Changes: 2}
	default:
		return Event{At: at, Actions: h.decision(h.passes[m.i]), Changes: 2}
	}
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
