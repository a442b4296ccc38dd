package decode

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tarn-lake/tarn/schemas"
)

const maskBytes = 16 // of the hash, which makes chance collisions unthinkable and the column half as wide

// privacy makes what the lake keeps of a private value.
type privacy struct {
	mac hash.Hash
	sum [sha256.Size]byte
	// Masks made lately, because a change often shows the same value before and after, and people act repeatedly.
	recent [256]masked
}

// masked is a value and what it became.
type masked struct {
	value []byte
	hex   [2 * maskBytes]byte
}

func (p *privacy) init(key []byte) { p.mac = hmac.New(sha256.New, key) }

// mask returns the keyed hash of a value. It is valid until the next call.
func (p *privacy) mask(b []byte) []byte {
	m := &p.recent[word(b)*goldenStep>>56]
	if m.value != nil && string(b) == string(m.value) {
		return m.hex[:]
	}
	p.mac.Reset()
	p.mac.Write(b)
	hex.Encode(m.hex[:], p.mac.Sum(p.sum[:0])[:maskBytes])
	if m.value = append(m.value[:0], b...); m.value == nil {
		m.value = []byte{}
	}
	return m.hex[:]
}

// ages are the labels of a field's bands: for bounds 18 and 65 they are <18, 18-64 and 65+.
func ages(bands []int) []string {
	if len(bands) == 0 {
		return nil
	}
	labels := []string{"<" + strconv.Itoa(bands[0])}
	for i, low := range bands {
		if i+1 < len(bands) {
			labels = append(labels, strconv.Itoa(low)+"-"+strconv.Itoa(bands[i+1]-1))
		} else {
			labels = append(labels, strconv.Itoa(low)+"+")
		}
	}
	return labels
}

// band returns the age band of somebody born on a day, at an instant.
func (f *field) band(born int64, at int64) string {
	birth, now := time.Unix(born*86400, 0).UTC(), time.UnixMicro(at).UTC()
	years := now.Year() - birth.Year()
	if now.Month() < birth.Month() || now.Month() == birth.Month() && now.Day() < birth.Day() {
		years--
	}
	i := 0
	for i < len(f.Privacy.Bands) && years >= f.Privacy.Bands[i] {
		i++
	}
	return f.ages[i]
}

// prefix returns the first n characters of a text.
func prefix(b []byte, n int) []byte {
	at := 0
	for ; n > 0 && at < len(b); n-- {
		_, size := utf8.DecodeRune(b[at:])
		at += size
	}
	return b[:at]
}

// plain returns the text that stands for a value of any scalar type: the same for equal values, however they were
// written.
func (d *Decoder) plain(f *field, s *slot) []byte {
	switch f.class {
	case int32s, int64s:
		d.scratch = strconv.AppendInt(d.scratch[:0], s.num, 10)
	case booleans:
		d.scratch = strconv.AppendBool(d.scratch[:0], s.num != 0)
	case days:
		d.scratch = time.Unix(s.num*86400, 0).UTC().AppendFormat(d.scratch[:0], time.DateOnly)
	case isoTimes, epochs, epochMillis:
		d.scratch = time.UnixMicro(s.num).UTC().AppendFormat(d.scratch[:0], "2006-01-02T15:04:05.000000Z")
	case decimals:
		d.scratch = appendInt128(d.scratch[:0], s.hi, uint64(s.num))
	case binaries:
		return d.reader.blob[s.num : s.num+s.hi]
	default:
		return d.reader.bytes(s.text)
	}
	return d.scratch
}

// appendInt128 appends an unscaled decimal in digits; the scale is the field's and the same for all its values.
func appendInt128(dst []byte, hi int64, lo uint64) []byte {
	if hi == int64(lo)>>63 {
		return strconv.AppendInt(dst, int64(lo), 10)
	}
	n := decimal{hi: uint64(hi), lo: lo}
	if hi < 0 {
		dst = append(dst, '-')
		n.negate()
	}
	var digits [40]byte
	at := len(digits)
	for n.hi != 0 || n.lo != 0 {
		at--
		digits[at] = '0' + byte(n.tenth())
	}
	return append(dst, digits[at:]...)
}

// private returns what the lake keeps of a value whose field has a rule.
func (d *Decoder) private(f *field, s *slot) []byte {
	switch {
	case f.Privacy.Rule == "mask":
		return d.privacy.mask(d.plain(f, s))
	case f.Type == schemas.String:
		return prefix(d.reader.bytes(s.text), f.Privacy.Length)
	}
	born := s.num
	if f.class != days {
		born = floorDiv(born, dayMicros)
	}
	d.scratch = append(d.scratch[:0], f.band(born, d.head.at)...)
	return d.scratch
}
