package synthetic

import (
	"fmt"
	"math/rand/v2"
)

const (
	minute = 60_000 // in milliseconds, which the stream counts in
	hour   = 60 * minute
)

// pass is one item. Times are milliseconds from the stream's start.
type pass struct {
	key        uint64 // its number in the stream
	applicant  uint32
	name       string
	kind       string
	reason     string
	status     uint8
	district   uint8 // place in districts
	thana      int
	from, to   string
	start, end int64
	created    int64
	updated    int64
	decided    int64 // -1: not yet
	by         int
	vehicle    string // empty: none
	fee        int64  // hundredths
	companions []string
	contacts   []contact
	gender     string
	version    int
}

type contact struct {
	name  string
	phone uint32
}

func one(r *rand.Rand, of []string) string { return of[r.IntN(len(of))] }

func person(r *rand.Rand) string { return one(r, givenNames) + " " + one(r, familyNames) }

func phone(r *rand.Rand) uint32 { return 300_000_000 + r.Uint32N(700_000_000) }

// where picks a district: four in ten go to the capital, one in a thousand gives a code that no list has.
func where(r *rand.Rand, d *districts) uint8 {
	n := len(d.codes) - 1
	switch {
	case r.IntN(1000) == 0:
		return uint8(n)
	case r.IntN(10) < 4:
		return uint8(15 + r.IntN(2))
	}
	return uint8(r.IntN(n))
}

// apply makes a new pass at an instant.
func apply(r *rand.Rand, d *districts, key uint64, at int64) pass {
	p := pass{
		key: key, applicant: phone(r), name: person(r), kind: "R", reason: one(r, reasons), district: where(r, d),
		from: fmt.Sprintf("House %d, %s", 1+r.IntN(300), one(r, streets)), to: one(r, goals), created: at, updated: at, decided: -1,
		fee: int64(r.IntN(40)) * 250, gender: one(r, genders), version: 1,
	}
	if r.IntN(3) == 0 {
		p.kind = "O"
	}
	if r.IntN(16) == 0 {
		p.reason = one(r, freeReasons)
	}
	if r.IntN(5) == 0 {
		p.fee += int64(r.IntN(100))
	}
	p.thana = 10001 + int(p.district)*8 + r.IntN(8)
	p.start = at + hour + int64(r.IntN(22*60))*minute
	p.end = p.start + int64(60+r.IntN(660))*minute
	if r.IntN(3) == 0 {
		p.vehicle = fmt.Sprintf("%s %02d-%04d", one(r, plates), 11+r.IntN(50), r.IntN(10000))
	}
	for range r.IntN(4) {
		p.companions = append(p.companions, person(r))
	}
	first := r.IntN(len(contactKeys))
	for i := range r.IntN(3) {
		p.contacts = append(p.contacts, contact{contactKeys[(first+i)%len(contactKeys)], phone(r)})
	}
	return p
}

// touch changes a pass as people do: most changes decide it, some correct it, a few move it to another place.
func touch(r *rand.Rand, d *districts, p *pass, at int64) {
	p.version++
	p.updated = at
	switch pick := r.IntN(100); {
	case pick < 1:
		p.district = where(r, d)
		p.thana = 10001 + int(p.district)*8 + r.IntN(8)
	case p.status == applied && pick < 80:
		p.status, p.decided, p.by = approved, at, r.IntN(400)
		if r.IntN(5) == 0 {
			p.status = rejected
		}
	case p.status == approved && pick < 70:
		p.status = used
	case pick < 90:
		p.end += int64(r.IntN(120)) * minute
		p.to = one(r, goals)
	default:
		p.fee += int64(1+r.IntN(8)) * 125
		p.companions = append([]string{person(r)}, p.companions[:min(2, len(p.companions))]...)
	}
}
