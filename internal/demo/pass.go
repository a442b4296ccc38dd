package demo

import (
	"math"
	"time"

	"github.com/tarn-lake/tarn/internal/record"
)

// Pass is an application and what became of it.
type Pass struct {
	ID, Applicant              string
	From, To, Type, Reason     string
	District, Thana            int
	Start                      time.Time
	Hours                      int
	Vehicle                    bool
	SelfDriven                 bool
	VehicleNo, Driver, Licence string
	Applied, Decided           time.Time // Decided is zero while nobody has
	Status                     string    // APPLIED, APPROVED or REJECTED in the end
	By                         string
}

var reasons = []string{"Grocery shopping", "Medicine purchase", "Hospital visit", "Going to work", "Returning home", "Agricultural work", "Goods delivery",
	"Funeral", "Visiting a sick relative", "Bank", "Airport", "Business"}

var reasonShare = []float64{0.24, 0.4, 0.53, 0.68, 0.78, 0.82, 0.88, 0.9, 0.94, 0.97, 0.985, 1}

var freeText = []string{"my mother is alone and needs her insulin", "court hearing at 11", "wedding of my sister", "water pump repair for the village", "exam centre duty",
	"বাবার সাথে দেখা করতে যাচ্ছি", "cattle market", "to collect my salary"}

var places = []string{"Bazar", "Bus Stand", "College Road", "Sadar Hospital", "Station Road", "Housing Estate", "Ghat", "Upazila Complex", "Notun Para", "Masjid Road"}

var clerks = []string{"clerk-01", "clerk-02", "clerk-03", "clerk-04", "clerk-05", "clerk-06", "clerk-07", "clerk-08"}

// Pass draws an application by somebody at an instant; backlog is how many times slower than usual the clerks are.
func (w *World) Pass(p Person, at time.Time, backlog float64) Pass {
	to := p.home
	if w.rng.Float64() < 0.28 {
		to = w.district()
	}
	x := Pass{ID: w.hex32(), Applicant: p.Phone, District: to.id, Thana: w.thana(to), Applied: at, Type: "R", Status: "APPLIED"}
	if w.rng.Float64() < 0.035 {
		x.Thana = w.thana(w.district()) // the form does not hold the two together
	}
	x.From, x.To = p.home.name+" "+pick(w, places), to.name+" "+pick(w, places)
	if w.rng.Float64() < 0.31 {
		x.Type = "O"
	}
	x.Reason = w.reason()
	x.Start = at.Add(time.Hour + time.Duration(w.rng.Float64()*w.rng.Float64()*22*float64(time.Hour))).Truncate(15 * time.Minute)
	x.Hours = 1 + int(math.Min(11, w.rng.ExpFloat64()*3))
	w.vehicle(&x, p)
	w.decide(&x, backlog)
	return x
}

func (w *World) reason() string {
	r := w.rng.Float64()
	if r < 0.08 {
		return pick(w, freeText)
	}
	r = w.rng.Float64()
	for i, s := range reasonShare {
		if r < s {
			return reasons[i]
		}
	}
	return reasons[0]
}

func (w *World) vehicle(x *Pass, p Person) {
	if w.rng.Float64() > 0.36 {
		return
	}
	x.Vehicle = true
	x.VehicleNo = plate(w, p.home.name)
	if w.rng.Float64() < 0.62 {
		x.SelfDriven = true
		return
	}
	x.Driver = pick(w, given) + " " + pick(w, family)
	x.Licence = "DK" + w.hex32()[:10]
}

// plate draws a number plate from a pool small enough that a few are shared by several applicants a day.
func plate(w *World, area string) string {
	letters := []string{"Ga", "Kha", "Cha", "Ba", "Ha"}
	n := w.rng.IntN(400_000)
	if w.rng.Float64() < 0.02 {
		n = w.rng.IntN(40) // those who lend theirs
	}
	return area + " " + pick(w, letters) + "-" + digits(n/10_000%100, 2) + "-" + digits(n%10_000, 4)
}

func digits(n, width int) string {
	text := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		text[i] = byte('0' + n%10)
		n /= 10
	}
	return string(text)
}

// decide says what the clerks did and when: minutes by day, longer at night and under a backlog.
func (w *World) decide(x *Pass, backlog float64) {
	if w.rng.Float64() < 0.025 {
		return // nobody ever looks at some
	}
	minutes := math.Exp(w.rng.NormFloat64()*0.8+2.3) * backlog
	x.Decided = x.Applied.Add(time.Duration(minutes * float64(time.Minute)))
	if h := x.Decided.In(w.zone).Hour(); h < 7 {
		x.Decided = x.Decided.Add(time.Duration(7-h)*time.Hour + time.Duration(w.rng.IntN(3600))*time.Second)
	}
	x.Decided = x.Decided.Truncate(time.Millisecond)
	x.By, x.Status = pick(w, clerks), "APPROVED"
	refuse := 0.07
	switch {
	case x.Reason == "Business" || x.Reason == "wedding of my sister":
		refuse = 0.34
	case x.Reason == "Hospital visit" || x.Reason == "Medicine purchase":
		refuse = 0.02
	case x.Vehicle:
		refuse = 0.11
	}
	if w.rng.Float64() < refuse {
		x.Status = "REJECTED"
	}
}

// Item returns the pass as the service stores it on application.
func (x Pass) Item() record.Item {
	item := record.Item{
		"id":             record.String(x.ID),
		"applicantId":    record.String(x.Applicant),
		"fromLocation":   record.String(x.From),
		"toLocation":     record.String(x.To),
		"district":       number(x.District),
		"thana":          number(x.Thana),
		"startAt":        stamp(x.Start),
		"endAt":          stamp(x.Start.Add(time.Duration(x.Hours) * time.Hour)),
		"type":           record.String(x.Type),
		"reason":         record.String(x.Reason),
		"includeVehicle": record.Bool(x.Vehicle),
		"selfDriven":     record.Bool(x.SelfDriven),
		"status":         record.String("APPLIED"),
		"createdAt":      stamp(x.Applied),
	}
	if x.Vehicle {
		item["vehicleNo"] = record.String(x.VehicleNo)
	}
	if x.Driver != "" {
		item["driverName"], item["driverLicenseNo"] = record.String(x.Driver), record.String(x.Licence)
	}
	return item
}
