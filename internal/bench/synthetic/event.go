package synthetic

import (
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"
)

// What stands around the images; 52 of 100 records insert, 46 modify, 2 remove.
const (
	arn       = "arn:aws:dynamodb:ap-south-1:000000000000:table/synthetic_passes/stream/2026-11-01T00:00:00.000"
	seqPrefix = "442158450" // of a sequence number, before its digits that count
	seqDigits = 12
	half0     = 0x517cc1b727220a95 // so that no id begins with zeros
	stamp     = "2006-01-02T15:04:05.000Z"
	prefix    = len("2006-01-02T15:04") // of a stamp: what changes from minute to minute
)

// writer writes records as JSON and notes where in them stands what differs when a record is used again.
type writer struct {
	*districts
	start int64 // of the stream, unix milliseconds
	lane  uint64
	buf   []byte
	mark  marks
}

// marks are places in the bytes of one record.
type marks struct {
	ids   []int
	times []timeMark
	clock int
	seq   int
}

type timeMark struct {
	at     int
	minute int64 // from the stream's start
}

// attributes writes each attribute of an image, in the order in which most items have them. An attribute without a value
// writes nothing.
var attributes = [...]func(*writer, *pass){
	func(w *writer, p *pass) { w.name("id").open("S"); w.id(p.key); w.close() },
	func(w *writer, p *pass) { w.name("applicantId").open("S"); w.phone(p.applicant); w.close() },
	func(w *writer, p *pass) { w.name("applicantName").text(p.name) },
	func(w *writer, p *pass) { w.name("type").text(p.kind) },
	func(w *writer, p *pass) { w.name("reason").text(p.reason) },
	func(w *writer, p *pass) { w.name("status").text(statuses[p.status]) },
	func(w *writer, p *pass) { w.name("district").open("N"); w.raw(w.codes[p.district]); w.close() },
	func(w *writer, p *pass) { w.name("thana").number(int64(p.thana)) },
	func(w *writer, p *pass) { w.name("fromLocation").text(p.from) },
	func(w *writer, p *pass) { w.name("toLocation").text(p.to) },
	func(w *writer, p *pass) { w.name("startAt").time(p.start) },
	func(w *writer, p *pass) { w.name("endAt").time(p.end) },
	func(w *writer, p *pass) { w.name("createdAt").time(p.created) },
	func(w *writer, p *pass) { w.name("updatedAt").time(p.updated) },
	func(w *writer, p *pass) {
		if p.decided >= 0 {
			w.name("decidedAt").time(p.decided)
		}
	},
	func(w *writer, p *pass) {
		if p.decided >= 0 {
			w.name("decidedBy").text("approver-" + strconv.Itoa(p.by))
		}
	},
	func(w *writer, p *pass) {
		w.name("includeVehicle").raw(`{"BOOL":` + strconv.FormatBool(p.vehicle != "") + `}`)
	},
	func(w *writer, p *pass) {
		if p.vehicle != "" {
			w.name("vehicleNo").text(p.vehicle)
		}
	},
	func(w *writer, p *pass) { w.name("fee").open("N"); w.decimal(p.fee); w.close() },
	(*writer).companions,
	(*writer).contacts,
	func(w *writer, p *pass) { w.name("gender").text(p.gender) },
	func(w *writer, p *pass) { w.name("version").number(int64(p.version)) },
}

func (w *writer) raw(s string) *writer {
	w.buf = append(w.buf, s...)
	return w
}

func (w *writer) name(s string) *writer {
	if w.buf[len(w.buf)-1] != '{' {
		w.buf = append(w.buf, ',')
	}
	return w.raw(`"`).raw(s).raw(`":`)
}

func (w *writer) open(kind string) { w.raw(`{"`).raw(kind).raw(`":"`) }
func (w *writer) close()           { w.raw(`"}`) }

func (w *writer) text(s string) { w.open("S"); w.raw(s); w.close() }

func (w *writer) number(n int64) {
	w.open("N")
	w.buf = strconv.AppendInt(w.buf, n, 10)
	w.close()
}

// decimal writes hundredths as DynamoDB does, without zeros at the end.
func (w *writer) decimal(n int64) {
	w.buf = strconv.AppendInt(w.buf, n/100, 10)
	if cents := n % 100; cents != 0 {
		w.buf = append(w.buf, '.', byte('0'+cents/10))
		if cents%10 != 0 {
			w.buf = append(w.buf, byte('0'+cents%10))
		}
	}
}

func (w *writer) phone(n uint32) {
	w.raw("01")
	w.buf = strconv.AppendUint(w.buf, uint64(n), 10)
}

func (w *writer) time(ms int64) {
	w.open("S")
	w.mark.times = append(w.mark.times, timeMark{len(w.buf), ms / minute})
	w.buf = time.UnixMilli(w.start+ms).UTC().AppendFormat(w.buf, stamp)
	w.close()
}

func (w *writer) companions(p *pass) {
	w.name("companions").raw(`{"L":[`)
	for i, name := range p.companions {
		if i > 0 {
			w.raw(",")
		}
		w.text(name)
	}
	w.raw("]}")
}

func (w *writer) contacts(p *pass) {
	w.name("contacts").raw(`{"M":{`)
	for _, c := range p.contacts {
		w.name(c.name).open("S")
		w.phone(c.phone)
		w.close()
	}
	w.raw("}}")
}

// id writes 32 hexadecimal digits: 16 that are the key's for ever and 16 that are another when its record is used again.
func (w *writer) id(key uint64) {
	var b [32]byte
	putHex(b[:16], mix(half0^(w.lane<<32|key)))
	w.buf = append(w.buf, b[:16]...)
	w.mark.ids = append(w.mark.ids, len(w.buf))
	putHex(b[16:], half(w.lane, key, 0))
	w.buf = append(w.buf, b[16:]...)
}

// half is the second half of a key's id the given time round.
func half(lane, key uint64, round int) uint64 {
	return mix((lane<<32 | key) + 1<<63 + uint64(round)*0x9e3779b97f4a7c15)
}

// image writes an image; order is nil or a random order of the attributes.
func (w *writer) image(p *pass, r *rand.Rand) {
	w.raw("{")
	if r == nil {
		for _, write := range attributes {
			write(w, p)
		}
	} else {
		for _, i := range r.Perm(len(attributes)) {
			attributes[i](w, p)
		}
	}
	w.raw("}")
}

func putHex(dst []byte, v uint64) {
	var b [8]byte
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	hex.Encode(dst, b[:])
}

// mix is a bijection of 64-bit numbers that leaves no pattern.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
