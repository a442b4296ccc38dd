package verify

import (
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// appendAge appends the age band that the lake keeps of a date of birth, at an instant in microseconds. What is no date
// stays as it is.
func appendAge(b []byte, f *schemas.Field, a *attribute, at int64) []byte {
	from := len(b)
	b = appendCanonical(b, f, a)
	if a.kind == record.None || a.kind == record.NULL {
		return b
	}
	return ageFrom(b, from, f, at)
}

// ageFrom replaces the canonical text of a birth from a place on by its age band.
func ageFrom(b []byte, from int, f *schemas.Field, at int64) []byte {
	born, err := time.Parse(time.DateOnly, string(b[from:]))
	if f.Type == schemas.Timestamp {
		var micros int64
		micros, err = strconv.ParseInt(string(b[from:]), 10, 64)
		born = time.UnixMicro(micros)
	}
	if err != nil {
		return b
	}
	return appendBand(b[:from], f.Privacy.Bands, years(born, time.UnixMicro(at)))
}

// years counts birthdays: written as numbers, two days of the calendar are as many ten thousands apart.
func years(from, to time.Time) int {
	number := func(t time.Time) int {
		year, month, day := t.UTC().Date()
		return year*10_000 + int(month)*100 + day
	}
	apart := number(to) - number(from)
	if apart < 0 {
		return -1
	}
	return apart / 10_000
}

// appendBand appends the label of an age between lower bounds: for 18 and 65 it is <18, 18-64 or 65+.
func appendBand(b []byte, bounds []int, age int) []byte {
	for i := len(bounds) - 1; i >= 0; i-- {
		if age < bounds[i] {
			continue
		}
		b = strconv.AppendInt(b, int64(bounds[i]), 10)
		if i == len(bounds)-1 {
			return append(b, '+')
		}
		return strconv.AppendInt(append(b, '-'), int64(bounds[i+1]-1), 10)
	}
	return strconv.AppendInt(append(b, '<'), int64(bounds[0]), 10)
}
