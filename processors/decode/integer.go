package decode

import (
	"math"
	"math/bits"
)

// scaled returns the number × 10^scale as a 128-bit two's complement integer of at most precision digits, or why not.
func (d decimal) scaled(precision, scale int) (hi int64, lo uint64, why string) {
	if d.digits == 0 {
		return 0, 0, ""
	}
	shift := d.exp + scale
	if shift < 0 {
		return 0, 0, tooManyAfter
	}
	if d.digits+shift > precision {
		return 0, 0, outOfRange
	}
	h, l := d.hi, d.lo
	for range shift {
		h, l = times10(h, l)
	}
	v := decimal{hi: h, lo: l}
	if d.neg {
		v.negate()
	}
	return int64(v.hi), v.lo, ""
}

// negate makes the coefficient the two's complement of itself.
func (d *decimal) negate() {
	var borrow uint64
	d.lo, borrow = bits.Sub64(0, d.lo, 0)
	d.hi, _ = bits.Sub64(0, d.hi, borrow)
}

// tenth divides the coefficient by ten and returns the rest.
func (d *decimal) tenth() uint64 {
	var rest uint64
	d.hi, rest = d.hi/10, d.hi%10
	d.lo, rest = bits.Div64(rest, d.lo, 10)
	return rest
}

// whole returns the number as an integer within min and max, or why not.
func (d decimal) whole(min, max int64) (int64, string) {
	if d.digits == 0 {
		return 0, ""
	}
	if d.exp < 0 {
		return 0, notWhole
	}
	hi, lo, why := d.scaled(maxDigits, 0)
	v := int64(lo)
	if why != "" || hi != v>>63 || v < min || v > max {
		return 0, outOfRange
	}
	return v, ""
}

// micros returns the number, multiplied by unit, as whole microseconds, what is finer cut off.
func (d decimal) micros(unit int) (int64, string) {
	if d.digits == 0 {
		return 0, ""
	}
	d.exp += unit
	for d.exp < 0 && d.digits > 0 {
		d.tenth()
		if d.exp++; d.hi == 0 && d.lo == 0 {
			return 0, ""
		}
		d.digits--
	}
	v, why := d.whole(math.MinInt64, math.MaxInt64)
	if why != "" || v < minMicros || v > maxMicros {
		return 0, outOfRange
	}
	return v, ""
}

// seconds returns a number of seconds as microseconds, what is finer cut off.
func seconds(b []byte) (int64, string) {
	if v, n := digitsOf(b); n > 0 && v >= 0 && v < maxMicros/1_000_000 {
		if n == len(b) {
			return v * 1_000_000, ""
		}
		if b[n] == '.' {
			if part, digits := fraction(b[n+1:]); digits > 0 && n+1+digits == len(b) {
				return v*1_000_000 + part, ""
			}
		}
	}
	d, why := parseDecimal(b)
	if why != "" {
		return 0, why
	}
	return d.micros(6)
}

// digitsOf reads an integer of at most 18 digits in its plain form, without sign tricks and leading zeros, from the
// beginning of b. n is its length; 0: there is no such integer.
func digitsOf(b []byte) (v int64, n int) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		n = 1
	}
	start := n
	for n < len(b) && n-start < 19 {
		c := b[n] - '0'
		if c > 9 {
			break
		}
		v = v*10 + int64(c)
		n++
	}
	if n == start || n-start > 18 || b[start] == '0' && (n-start > 1 || neg) {
		return 0, 0
	}
	if neg {
		v = -v
	}
	return v, n
}
