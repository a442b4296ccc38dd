package lake

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// A landed object is its magic, the sections back to back, a footer in JSON and a tail of fixed size: the footer's
// length, its checksum, the format's version (each 32 bits, little-endian) and the magic again. Everything but the
// sections stands at the end, so that a writer appends and never goes back.
const (
	landedMagic = "TARNLAND"
	tailBytes   = 4 + 4 + 4 + len(landedMagic)
)

// The sum of every section and of the footer is CRC-32C, which processors compute in hardware.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// landedFooter is the footer's JSON. It repeats the name, so that an object under another's key is noticed.
type landedFooter struct {
	Stream   string          `json:"stream"`
	Lane     string          `json:"lane"`
	First    Seq             `json:"first"`
	Last     Seq             `json:"last"`
	After    Seq             `json:"after,omitempty"`
	Begin    bool            `json:"begin,omitempty"`
	Final    bool            `json:"final,omitempty"`
	Records  int             `json:"records"`
	Bad      int             `json:"bad,omitempty"`
	Expired  int             `json:"expired,omitempty"`
	Through  int64           `json:"through"` // microseconds
	Sections []landedSection `json:"sections"`
}

type landedSection struct {
	Dataset string `json:"dataset"`
	Rows    int    `json:"rows"`
	Offset  int    `json:"offset"`
	Length  int    `json:"length"`
	Sum     uint32 `json:"crc32c"`
}

// LandedWriter builds a landed object in place: each section is appended straight to the object's bytes.
//
//	w := lake.NewLandedWriter(nil)
//	buf := w.Begin("passes", rows)
//	w.End(appendParquet(buf))
//	object := w.Finish(landed)
type LandedWriter struct {
	buf      []byte
	start    int // of the object in buf
	sections []landedSection
}

// NewLandedWriter returns a writer that appends an object to dst.
func NewLandedWriter(dst []byte) *LandedWriter {
	w := &LandedWriter{}
	w.Reset(dst)
	return w
}

// Reset makes the writer begin another object, appended to dst.
func (w *LandedWriter) Reset(dst []byte) {
	w.start = len(dst)
	w.buf = append(dst, landedMagic...)
	w.sections = w.sections[:0]
}

// Begin opens the section of a dataset and returns the bytes so far; the caller appends the section to them and hands
// the result to End. Sections must come sorted by dataset.
func (w *LandedWriter) Begin(dataset string, rows int) []byte {
	w.sections = append(w.sections, landedSection{Dataset: dataset, Rows: rows, Offset: len(w.buf) - w.start})
	return w.buf
}

// End closes the section that Begin opened.
func (w *LandedWriter) End(buf []byte) {
	s := &w.sections[len(w.sections)-1]
	body := buf[w.start+s.Offset:]
	s.Length, s.Sum = len(body), checksum(body)
	w.buf = buf
}

// Finish appends the footer of l, whose Sections are those that were written and not looked at, and returns dst with
// the object behind it. The same input gives the same bytes.
func (w *LandedWriter) Finish(l *Landed) []byte {
	footer, err := json.Marshal(landedFooter{
		Stream: l.Stream, Lane: l.Lane, First: l.First, Last: l.Last, After: l.After, Begin: l.Begin, Final: l.Final,
		Records: l.Records, Bad: l.Bad, Expired: l.Expired, Through: l.Through.UnixMicro(), Sections: w.sections,
	})
	if err != nil {
		panic("lake: a footer has no JSON form: " + err.Error())
	}
	w.buf = append(w.buf, footer...)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(len(footer)))
	w.buf = binary.LittleEndian.AppendUint32(w.buf, checksum(footer))
	w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(l.Version))
	w.buf = append(w.buf, landedMagic...)
	return w.buf
}

// AppendLanded appends the object's bytes to dst: the inverse of ParseLanded.
func AppendLanded(dst []byte, l *Landed) []byte {
	w := NewLandedWriter(dst)
	for _, s := range l.Sections {
		w.End(append(w.Begin(s.Dataset, s.Rows), s.Body...))
	}
	return w.Finish(l)
}

// ParseLanded reads the bytes of the object of that name. Sections point into body. Damaged bytes, an unknown format
// and an object of another name are Invalid.
func ParseLanded(name LandedName, body []byte) (*Landed, error) {
	refuse := func(format string, args ...any) (*Landed, error) {
		return nil, fault.Wrap(fault.Invalid, fault.New(fault.Invalid, format, args...), "landed object %s", name.Key())
	}
	end := len(body) - tailBytes
	if end < len(landedMagic) || string(body[:len(landedMagic)]) != landedMagic || string(body[len(body)-len(landedMagic):]) != landedMagic {
		return refuse("is cut short or not a landed object")
	}
	tail := body[end:]
	if v := binary.LittleEndian.Uint32(tail[8:]); v != LandedVersion {
		return refuse("format %d is not known to this program, which reads format %d", v, LandedVersion)
	}
	size := binary.LittleEndian.Uint32(tail)
	if uint64(size) > uint64(end-len(landedMagic)) {
		return refuse("its footer would be %d bytes long", size)
	}
	end -= int(size)
	text := body[end : end+int(size)]
	if checksum(text) != binary.LittleEndian.Uint32(tail[4:]) {
		return refuse("its footer is damaged")
	}
	var f landedFooter
	if err := json.Unmarshal(text, &f); err != nil {
		return refuse("its footer cannot be read: %v", err)
	}
	l, why := f.landed(body[:end])
	if why != "" {
		return refuse("%s", why)
	}
	if l.LandedName != name {
		return refuse("says that it is %s", l.Key())
	}
	return l, nil
}

// landed checks the footer against the bytes before it and returns the object, or what is wrong.
func (f *landedFooter) landed(body []byte) (*Landed, string) {
	l := &Landed{
		LandedName: LandedName{Stream: f.Stream, Lane: f.Lane, First: f.First, Last: f.Last, Version: LandedVersion},
		After:      f.After, Begin: f.Begin, Final: f.Final, Records: f.Records, Bad: f.Bad, Expired: f.Expired,
		Through: time.UnixMicro(f.Through).UTC(),
	}
	if !f.First.Valid() || !f.Last.Valid() || (f.After != "" && !f.After.Valid()) {
		return nil, "a sequence number does not have 40 digits"
	}
	if f.Records < 0 || f.Bad < 0 || f.Expired < 0 || f.Bad > f.Records || f.Expired > f.Records {
		return nil, "its counts contradict each other"
	}
	at, before := len(landedMagic), ""
	for _, s := range f.Sections {
		if s.Offset != at || s.Length < 0 || s.Length > len(body)-at || s.Rows < 0 || s.Rows > math.MaxInt32 {
			return nil, "the section of " + s.Dataset + " is not where its footer says"
		}
		if s.Dataset <= before {
			return nil, "its sections are not sorted by dataset"
		}
		part := body[at : at+s.Length : at+s.Length]
		if checksum(part) != s.Sum {
			return nil, "the section of " + s.Dataset + " is damaged"
		}
		l.Sections = append(l.Sections, Section{Dataset: s.Dataset, Rows: s.Rows, Body: part})
		at, before = at+s.Length, s.Dataset
	}
	if at != len(body) {
		return nil, "bytes stand between its sections and its footer"
	}
	return l, ""
}
