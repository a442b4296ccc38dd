package decode

import (
	"encoding/binary"
	"time"
)

// The years that have four digits, in UTC microseconds.
const (
	minMicros = -62135596800_000000 // 0001-01-01
	maxMicros = 253402300799_999999 // 9999-12-31
	dayMicros = 86400_000000
)

// What can be wrong with a date or a time.
const (
	notADay  = "is not a date of the form 2006-01-02"
	notATime = "is not a time of the form 2006-01-02T15:04:05.000Z"
)

// clock reads dates and times. It remembers some dates, because those of a batch repeat.
type clock struct{ dates [8]date }

// date is one that was read.
type date struct {
	head uint64 // its first eight characters; 0: there is none
	tail uint16 // and the last two
	days int32
}

// day reads 2006-01-02 from the first ten bytes of b and returns the days since 1970.
func (c *clock) day(b []byte) (int32, bool) {
	if len(b) < 10 {
		return 0, false
	}
	head, tail := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint16(b[8:])
	if d := &c.dates[tail>>8%8]; head == d.head && tail == d.tail {
		return d.days, true
	}
	return c.newDay(b, date{head: head, tail: tail})
}

func (c *clock) newDay(b []byte, d date) (int32, bool) {
	year, ok1 := number2(b, 0)
	low, ok2 := number2(b, 2)
	month, ok3 := number2(b, 5)
	day, ok4 := number2(b, 8)
	year = year*100 + low
	if !ok1 || !ok2 || !ok3 || !ok4 || b[4] != '-' || b[7] != '-' || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	d.days = int32(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix() / 86400) // midnights divide evenly
	c.dates[d.tail>>8%8] = d
	return d.days, true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// number2 reads two digits.
func number2(b []byte, at int) (int, bool) {
	tens, units := b[at]-'0', b[at+1]-'0'
	return int(tens)*10 + int(units), tens <= 9 && units <= 9
}

// micros reads an ISO 8601 time with a zone and returns its UTC microseconds; what is finer is cut off.
func (c *clock) micros(b []byte) (int64, bool) {
	if len(b) < len("2006-01-02T15:04:05Z") || b[10]|0x20 != 't' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	day, ok := c.day(b)
	hour, ok1 := number2(b, 11)
	minute, ok2 := number2(b, 14)
	second, ok3 := number2(b, 17)
	if !ok || !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	v := int64(day)*dayMicros + int64(hour*3600+minute*60+second)*1_000_000
	b = b[19:]
	if b[0] == '.' {
		part, n := fraction(b[1:])
		if n == 0 {
			return 0, false
		}
		v += part
		b = b[1+n:]
	}
	offset, ok := zone(b)
	v -= offset
	return v, ok && v >= minMicros && v <= maxMicros
}

// usual reads a time as most programs write it, 2006-01-02T15:04:05.000Z. It is not ok if it is wrong, too.
func (c *clock) usual(b *[24]byte) (micros int64, ok bool) {
	head, tail := binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint16(b[8:])
	d := &c.dates[tail>>8%8]
	if head != d.head || tail != d.tail {
		if _, ok := c.newDay(b[:], date{head: head, tail: tail}); !ok {
			return 0, false
		}
	}
	// Thh:mm:ss and .000Z: what differs from T00:00:00 and .000Z must be digits: at most nine, and six more still one
	// hexadecimal digit.
	clock, part := binary.LittleEndian.Uint64(b[11:])^0x30303A30303A3030, binary.LittleEndian.Uint32(b[19:])^0x3030302E
	if (clock|(clock+0x0606000606000606))&0xF0F0FFF0F0FFF0F0 != 0 || (part|(part+0x06060600))&0xF0F0F0FF != 0 || b[10] != 'T' || b[23] != 'Z' {
		return 0, false
	}
	// Two digits become one number in each byte that the first of them had: tens and units are next to each other.
	pairs := clock*10 + clock>>8
	hour, minute, second := pairs&0x1F, pairs>>24&0x7F, pairs>>48&0x7F
	millis := int64(part>>8&15*100 + part>>16&15*10 + part>>24&15)
	if pairs&0xFF > 23 || pairs>>24&0xFF > 59 || pairs>>48&0xFF > 59 {
		return 0, false
	}
	return int64(d.days)*dayMicros + int64(hour*3600+minute*60+second)*1_000_000 + millis*1000, true
}

// fraction reads 1 to 9 digits as microseconds and returns how many there were.
func fraction(b []byte) (micros int64, n int) {
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		if n < 6 {
			micros = micros*10 + int64(b[n]-'0')
		}
		if n++; n > 9 {
			return 0, 0
		}
	}
	for i := n; i < 6; i++ {
		micros *= 10
	}
	return micros, n
}

// zone reads Z, +06:00 or +0600 as microseconds east of UTC.
func zone(b []byte) (int64, bool) {
	if len(b) == 1 && b[0]|0x20 == 'z' {
		return 0, true
	}
	minutes := 4
	switch {
	case len(b) == 5:
		minutes = 3
	case len(b) != 6 || b[3] != ':':
		return 0, false
	}
	hour, ok1 := number2(b, 1)
	minute, ok2 := number2(b, minutes)
	offset := int64(hour*60+minute) * 60_000_000
	if b[0] == '-' {
		offset = -offset
	} else if b[0] != '+' {
		return 0, false
	}
	return offset, ok1 && ok2 && hour <= 23 && minute <= 59
}

// date reads a date, or the UTC date of a time.
func (c *clock) date(b []byte) (int64, bool) {
	if len(b) == 10 {
		day, ok := c.day(b)
		return int64(day), ok
	}
	v, ok := c.micros(b)
	return floorDiv(v, dayMicros), ok
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
