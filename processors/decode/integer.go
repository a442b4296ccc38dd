package decode

import (
	"encoding/binary"
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

// usualDecimal reads digits with or without a point, at most 18 of them, from the beginning of b and returns them as an
// integer × 10^-scale. n is their length; 0: the number has another form, or does not fit.
func usualDecimal(b []byte, precision, scale int) (v int64, n int) {
	v, n = digitsOf(b)
	if n == 0 {
		return 0, 0
	}
	after := 0
	if n < len(b) && b[n] == '.' {
		n++
		for ; n < len(b) && b[n]-'0' <= 9; n++ {
			if after++; after > scale {
				return 0, 0
			}
			v = v*10 + int64(b[n]-'0')
		}
		if after == 0 {
			return 0, 0
		}
	}
	if b[0] == '-' || n > 18 || precision > 18 { // a plain number of so few digits does not overflow below
		return 0, 0
	}
	for ; after < scale; after++ {
		if v >= 1e17 {
			return 0, 0
		}
		v *= 10
	}
	if v >= powers[precision] {
		return 0, 0
	}
	return v, n
}

// powers of ten.
var powers = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// digitsOf reads an integer of at most 18 digits in its plain form, without sign tricks and leading zeros, from the
// beginning of b. n is its length; 0: there is no such integer.
func digitsOf(b []byte) (v int64, n int) {
	const long = 16
	if len(b) < long {
		return digitByDigit(b)
	}
	x, n := digitWord(b)
	switch {
	case n == 0 || n > 1 && x&0xff == 0:
		return digitByDigit(b)
	case n < wordBytes:
		return eightDigits(x << (64 - 8*uint(n))), n
	}
	y, m := digitWord(b[wordBytes:])
	if m == wordBytes {
		return digitByDigit(b)
	}
	return eightDigits(x)*powers[m] + eightDigits(y<<(63-8*uint(m))<<1), wordBytes + m
}

// digitWord returns the word that b begins with, less "00000000", and with how many digits it begins.
func digitWord(b []byte) (x uint64, n int) {
	x = binary.LittleEndian.Uint64(b) ^ ones*'0'
	return x, bits.TrailingZeros64(((x+ones*(0x80-10))|x)&highs) >> 3 // at most nine where a digit stands
}

// eightDigits returns the number that the digits of a word are, the first one in its lowest byte.
func eightDigits(x uint64) int64 {
	const pairs, hundreds, units = 0x000000FF000000FF, 100 + 1_000_000<<32, 1 + 10_000<<32
	x = x*10 + x>>8
	return int64((x&pairs*hundreds + x>>16&pairs*units) >> 32)
}

func digitByDigit(b []byte) (v int64, n int) {
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
