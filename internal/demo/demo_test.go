package demo_test

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/demo"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

func mustRegistry(tb testing.TB) *schemas.Registry {
	tb.Helper()
	r, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// small is a plan of the usual shape and a hundredth of the size.
func small() demo.Plan {
	p := demo.Default(time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC))
	p.Applicants, p.Passes = 600, 4_000
	return p
}

func mustHistory(tb testing.TB, p demo.Plan) *demo.History {
	tb.Helper()
	h, err := demo.NewHistory(mustRegistry(tb), p)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// print writes an event as one line that is the same for the same event.
func print(e demo.Event) string {
	text := fmt.Sprintf("%s %d", e.At.UTC().Format(time.RFC3339Nano), e.Changes)
	for _, a := range e.Actions {
		text += fmt.Sprintf(" %d %s %s %s %s %v", a.Kind, a.Table, a.Key.Partition.Text, record.AppendItem(nil, a.Item), record.AppendItem(nil, a.Set), a.Add)
	}
	return text
}

// hash returns a hash of the events from one on, and their count.
func hash(h *demo.History, from int) (string, int) {
	sum, n := sha256.New(), 0
	for i, e := range h.All(from) {
		fmt.Fprintln(sum, i, print(e))
		n++
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), n
}

func TestSameSeedSameHistory(t *testing.T) {
	t.Parallel()
	one := mustHistory(t, small())
	want, n := hash(one, 0)
	if again, _ := hash(one, 0); again != want {
		t.Error("the history is another the second time it is read")
	}
	if other, _ := hash(mustHistory(t, small()), 0); other != want {
		t.Error("the same plan makes another history")
	}
	p := small()
	p.Seed++
	if other, _ := hash(mustHistory(t, p), 0); other == want {
		t.Error("another seed makes the same history")
	}
	if e := one.Estimate(); math.Abs(float64(e-n)) > 0.02*float64(n) {
		t.Errorf("%d events were estimated, there are %d", e, n)
	}
}

func TestHistoryGoesOnFromAnyEvent(t *testing.T) {
	t.Parallel()
	h := mustHistory(t, small())
	var all []string
	for i, e := range h.All(0) {
		if i != len(all) {
			t.Fatalf("event %d has number %d", len(all), i)
		}
		all = append(all, print(e))
	}
	for _, from := range []int{1, 2, 999, 1000, len(all) / 2, len(all) - 1, len(all), len(all) + 5} {
		rest := all[min(from, len(all)):]
		n := 0
		for i, e := range h.All(from) {
			if i != from+n || n >= len(rest) || print(e) != rest[n] {
				t.Fatalf("from %d: event %d is %s", from, i, print(e))
			}
			n++
		}
		if n != len(rest) {
			t.Errorf("from %d: got %d events, want %d", from, n, len(rest))
		}
	}
	for i := range h.All(7) { // a reader that stops is left alone
		if i == 9 {
			break
		}
	}
}

// state is what a store would hold after the events.
type state map[string]map[string]record.Item

func (s state) apply(t *testing.T, a ingest.Action) record.Item {
	t.Helper()
	if s[a.Table] == nil {
		s[a.Table] = map[string]record.Item{}
	}
	if a.Kind == ingest.Put {
		if _, twice := s[a.Table][a.Item["id"].Text]; twice {
			t.Errorf("%s %s is made twice", a.Table, a.Item["id"].Text)
		}
		s[a.Table][a.Item["id"].Text] = a.Item
		return a.Item
	}
	item, ok := s[a.Table][a.Key.Partition.Text]
	if !ok {
		t.Fatalf("%s %s is changed before it is made", a.Table, a.Key.Partition.Text)
	}
	for name, v := range a.Set {
		item[name] = v
	}
	for name, n := range a.Add {
		text, err := record.AddInt(item[name].Text, n)
		if err != nil {
			t.Fatal(err)
		}
		item[name] = record.Number(text)
	}
	return item
}

func TestEventsAddUp(t *testing.T) {
	t.Parallel()
	registry, plan := mustRegistry(t), small()
	applicants, _ := registry.Dataset("applicants")
	passes, _ := registry.Dataset("passes")
	sets := map[string]*schemas.Dataset{applicants.Table: applicants, passes.Table: passes}
	store, last := state{}, plan.End.Add(-time.Duration(plan.Days)*24*time.Hour)
	for i, e := range mustHistory(t, plan).All(0) {
		if e.At.Before(last) || !e.At.Before(plan.End) {
			t.Fatalf("event %d at %s comes after %s and before the end %s", i, e.At, last, plan.End)
		}
		last = e.At
		if e.Changes != len(e.Actions) {
			t.Errorf("event %d says %d changes and makes %d", i, e.Changes, len(e.Actions))
		}
		for _, a := range e.Actions {
			item := store.apply(t, a)
			if faults := schemas.Check(sets[a.Table], item, schemas.Lenient); len(faults) > 0 {
				t.Fatalf("event %d: %v in %s", i, faults, record.AppendItem(nil, item))
			}
		}
	}
	if n := len(store[applicants.Table]); n != plan.Applicants {
		t.Errorf("%d applicants, want %d", n, plan.Applicants)
	}
	counts := map[string]map[string]int{}
	statuses := map[string]int{}
	for _, x := range store[passes.Table] {
		who, status := x["applicantId"].Text, x["status"].Text
		if counts[who] == nil {
			counts[who] = map[string]int{}
		}
		counts[who]["appliedCount"]++
		statuses[status]++
		switch status {
		case "APPROVED":
			counts[who]["approvedCount"]++
		case "REJECTED":
			counts[who]["rejectedCount"]++
		}
		if (status == "APPLIED") != (x["decidedAt"].Kind == record.None) {
			t.Errorf("%s is %s and was decided at %q", x["id"].Text, status, x["decidedAt"].Text)
		}
	}
	for id, who := range store[applicants.Table] {
		for _, counter := range []string{"appliedCount", "approvedCount", "rejectedCount"} {
			if want := strconv.Itoa(counts[id][counter]); who[counter].Text != want {
				t.Errorf("%s of %s is %s, want %s", counter, id, who[counter].Text, want)
			}
		}
	}
	if a, r, w := statuses["APPROVED"], statuses["REJECTED"], statuses["APPLIED"]; a < 5*r || r < w || w == 0 {
		t.Errorf("%d approved, %d rejected, %d waiting", a, r, w)
	}
}

func TestShape(t *testing.T) {
	t.Parallel()
	registry, plan := mustRegistry(t), small()
	passes, _ := registry.Dataset("passes")
	days, hours, districts := make([]int, plan.Days), make([]int, 24), map[string]int{}
	begin := plan.End.Add(-time.Duration(plan.Days) * 24 * time.Hour)
	for _, e := range mustHistory(t, plan).All(0) {
		if a := e.Actions[0]; a.Kind == ingest.Put && a.Table == passes.Table {
			days[int(e.At.Sub(begin)/(24*time.Hour))]++
			hours[e.At.In(passes.Zone).Hour()]++
			districts[a.Item["district"].Text]++
		}
	}
	if slices.Max(days) != days[0] || days[0] < 2*days[5] {
		t.Errorf("the first day is not the busiest: %v", days)
	}
	night, day := hours[1]+hours[2]+hours[3], hours[9]+hours[10]+hours[11]
	if night*10 > day || night == 0 {
		t.Errorf("%d at night, %d before noon", night, day)
	}
	top := 0
	for _, n := range districts {
		top = max(top, n)
	}
	if len(districts) < 50 || top*10 < plan.Passes {
		t.Errorf("%d districts, %d applications in the busiest", len(districts), top)
	}
}

func TestOddPlans(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p *demo.Plan){
		"nobody":          func(p *demo.Plan) { p.Applicants = 0 },
		"nothing":         func(p *demo.Plan) { p.Applicants, p.Passes = 0, 0 },
		"one applicant":   func(p *demo.Plan) { p.Applicants = 1 },
		"one day":         func(p *demo.Plan) { p.Days = 1 },
		"end in the zone": func(p *demo.Plan) { p.End = p.End.In(time.FixedZone("", 6*3600)).Add(17 * time.Minute) },
	} {
		p := small()
		p.Passes = 500
		change(&p)
		events := 0
		for range mustHistory(t, p).All(0) {
			events++
		}
		if events < p.Applicants || p.Applicants == 0 && events > 0 {
			t.Errorf("%s: %d events", name, events)
		}
	}
}

func TestAWorldNeedsItsAreas(t *testing.T) {
	t.Parallel()
	if _, err := demo.NewWorld(1, schemas.NewRegistry(nil, nil, nil)); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}

func TestPeopleAreApart(t *testing.T) {
	t.Parallel()
	w, err := demo.NewWorld(1, mustRegistry(t))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for n := range 36_000 {
		p := w.Person(n, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
		if before, twice := seen[p.Phone[3:]]; twice {
			t.Fatalf("%d and %d have the phone %s", before, n, p.Phone)
		}
		seen[p.Phone[3:]] = n
		if diff := cmp.Diff(11, len(p.Phone)); diff != "" {
			t.Fatal(diff)
		}
	}
}
