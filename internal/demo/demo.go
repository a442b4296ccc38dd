// Package demo makes believable Movement Pass data: thirty days of applicants, applications and decisions, with day
// and night, weekends, districts by population, a launch-day spike, and decisions that take as long as a queue of
// clerks takes. The same seed and the same end give the same data.
package demo

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// Plan is how much is made, until when.
type Plan struct {
	Seed       uint64
	End        time.Time // the history ends here; it begins Days days earlier
	Days       int
	Applicants int
	Passes     int
}

// Default returns the plan of `tarn up`: about half a million changes that end at end.
func Default(end time.Time) Plan {
	return Plan{Seed: 1971, End: end, Days: 30, Applicants: 36_000, Passes: 128_000}
}

// World draws people and passes. It is not safe for concurrent use.
type World struct {
	rng       *rand.Rand
	zone      *time.Location
	districts []district
	share     []float64 // cumulative weights of districts
}

// district is one area and the police stations in it.
type district struct {
	id     int
	name   string
	thanas []int
}

// NewWorld returns a world of the registry's districts and thanas.
func NewWorld(seed uint64, registry *schemas.Registry) (*World, error) {
	passes, ok := registry.Dataset("passes")
	if !ok {
		return nil, fault.New(fault.NotFound, "the demo needs the dataset passes of the Movement Pass domain")
	}
	w := &World{rng: rand.New(rand.NewPCG(seed, 0x7461726e)), zone: passes.Zone}
	if err := w.loadAreas(registry); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *World) loadAreas(registry *schemas.Registry) error {
	districts, ok := registry.Codes("districts")
	thanas, ok2 := registry.Codes("thanas")
	if !ok || !ok2 {
		return fault.New(fault.NotFound, "the demo needs the code lists districts and thanas")
	}
	at := map[int]int{}
	total := 0.0
	for _, row := range districts.Rows {
		id, err := strconv.Atoi(row[0])
		if err != nil {
			return fmt.Errorf("district %q: %w", row[0], err)
		}
		at[id] = len(w.districts)
		w.districts = append(w.districts, district{id: id, name: row[1]})
		total += weight(row[1], row[2])
		w.share = append(w.share, total)
	}
	for _, row := range thanas.Rows {
		id, err := strconv.Atoi(row[0])
		in, err2 := strconv.Atoi(row[2])
		i, ok := at[in]
		if err != nil || err2 != nil || !ok {
			return fault.New(fault.Invalid, "thana %v names no district", row)
		}
		w.districts[i].thanas = append(w.districts[i].thanas, id)
	}
	return nil
}

// weight is a district's share of the applications: its people, and far more of them in the cities, where the
// lock-down bites.
func weight(name, division string) float64 {
	if w, ok := busy[name]; ok {
		return w
	}
	return quiet[division]
}

var busy = map[string]float64{
	"Dhaka Metro": 260, "Chittagong Metro": 95, "Chattogram Metro": 95, "Gazipur": 48, "Gazipur Metro": 52, "Narayanganj": 50, "Dhaka": 44,
	"Comilla": 30, "Chittagong": 26, "Chattogram": 26, "Khulna Metro": 24, "Sylhet Metro": 22, "Rajshahi Metro": 20, "Mymensingh": 19,
	"Tangail": 17, "Bogra": 16, "Barisal Metro": 14, "Rangpur Metro": 14, "Noakhali": 13, "Cox's Bazar": 12,
}

var quiet = map[string]float64{
	"dhaka": 9, "chattogram": 7, "rajshahi": 6, "khulna": 5, "rangpur": 5, "mymensingh": 5, "sylhet": 5, "barishal": 4,
}

func (w *World) district() district {
	x := w.rng.Float64() * w.share[len(w.share)-1]
	i, _ := slices.BinarySearch(w.share, x)
	return w.districts[min(i, len(w.districts)-1)]
}

func (w *World) thana(d district) int {
	if len(d.thanas) == 0 {
		return 10001
	}
	return d.thanas[int(math.Pow(w.rng.Float64(), 1.6)*float64(len(d.thanas)))]
}

// hourly is how busy each hour of a day in Dhaka is.
var hourly = [24]float64{0.25, 0.15, 0.1, 0.1, 0.2, 0.6, 1.4, 2.6, 4.0, 5.2, 5.8, 5.4, 4.6, 3.8, 3.9, 4.2, 4.4, 4.0, 3.2, 2.6, 2.0, 1.4, 0.8, 0.4}

// Busyness returns how busy an instant is, 1 being the busiest hour of an ordinary working day.
func (w *World) Busyness(t time.Time) float64 {
	local := t.In(w.zone)
	b := hourly[local.Hour()] / 5.8
	switch local.Weekday() {
	case time.Friday:
		b *= 0.45
	case time.Saturday:
		b *= 0.7
	}
	return b
}

// spike is how many times busier than ordinary a day is: everybody comes on the first, and again each time the
// lock-down is prolonged, on every eighth.
func spike(day int) float64 {
	s := 1 + 5.5*math.Exp(-float64(day)/1.1)
	if day > 0 && day%8 == 0 {
		s += 0.8
	}
	return s
}

// instants draws n instants of the plan, sorted, by the busyness of each hour and the spikes.
func (w *World) instants(p Plan, n int) []time.Time {
	begin := p.End.Add(-time.Duration(p.Days) * 24 * time.Hour)
	cumulative := make([]float64, p.Days*24)
	total := 0.0
	for h := range cumulative {
		total += w.Busyness(begin.Add(time.Duration(h)*time.Hour)) * spike(h/24)
		cumulative[h] = total
	}
	all := make([]time.Time, n)
	for i := range all {
		h, _ := slices.BinarySearch(cumulative, w.rng.Float64()*total)
		within := time.Duration(w.rng.Int64N(int64(time.Hour))).Truncate(time.Millisecond)
		all[i] = begin.Add(time.Duration(min(h, len(cumulative)-1))*time.Hour + within)
	}
	slices.SortFunc(all, func(a, b time.Time) int { return cmp.Compare(a.UnixNano(), b.UnixNano()) })
	return all
}

func (w *World) hex32() string { return fmt.Sprintf("%016x%016x", w.rng.Uint64(), w.rng.Uint64()) }

func pick[T any](w *World, from []T) T { return from[w.rng.IntN(len(from))] }
