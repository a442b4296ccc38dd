package verify

import (
	"strings"
	"time"
)

// plainTime reads 2006-01-02T15:04:05Z with up to six digits of a second, as microseconds.
func plainTime(t []byte) (int64, bool) {
	if len(t) < 20 || len(t) > 27 || t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' || t[16] != ':' || t[len(t)-1] != 'Z' {
		return 0, false
	}
	year, month, day := 100*pair(t, 0)+pair(t, 2), pair(t, 5), pair(t, 8)
	hour, minute, second := pair(t, 11), pair(t, 14), pair(t, 17)
	micros, ok := fraction(t[19 : len(t)-1])
	if !ok || year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 28 && day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	seconds := int64(daysSince1970(year, month, day))*86_400 + int64(hour*3600+minute*60+second)
	return seconds*1_000_000 + int64(micros), true
}

// pair reads two digits; what is none makes a number that is too large for any part of a time.
func pair(t []byte, at int) int {
	a, b := t[at]-'0', t[at+1]-'0'
	if a > 9 || b > 9 {
		return 1 << 20
	}
	return int(a)*10 + int(b)
}

// fraction reads the point and up to six digits behind a second, as microseconds; an empty text is none.
func fraction(t []byte) (micros int, ok bool) {
	if len(t) == 0 {
		return 0, true
	}
	micros, ok = digits(t[1:])
	if !ok || t[0] != '.' || len(t) < 2 {
		return 0, false
	}
	for range 7 - len(t) {
		micros *= 10
	}
	return micros, true
}

// daysSince1970 counts days of the calendar from year 1 on. A year begins with March here, so the day that only some
// years have is the last of one.
func daysSince1970(year, month, day int) int {
	const from1970 = 719_468 // days from March of year 0
	month -= 3
	if month < 0 {
		month, year = month+12, year-1
	}
	return year*365 + year/4 - year/100 + year/400 + (153*month+2)/5 + day - 1 - from1970
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// instant reads an ISO 8601 time with any form of zone.
func instant(text string) (time.Time, bool) {
	text = strings.ToUpper(text)
	for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
