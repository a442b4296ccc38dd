package decode

import "math/bits"

// Limits of DynamoDB's numbers.
const (
	maxDigits   = 38   // significant ones
	minExponent = -130 // of the first digit
	maxExponent = 125

	maxNumberBytes    = 256 // no honest number needs more
	maxExponentDigits = 6
)

// decimal is a number without rounding: coefficient × 10^exp, the coefficient without zeros at its end.
type decimal struct {
	neg    bool
	hi, lo uint64 // the coefficient
	digits int    // of the coefficient; 0: the number is zero
	exp    int
	zeros  int // read, but not yet known to stand before another digit
}

// What can be wrong with a number.
const (
	notANumber   = "is not a number"
	tooPrecise   = "has more than 38 significant digits"
	tooLarge     = "is beyond the numbers that DynamoDB has"
	outOfRange   = "is out of the range of its type"
	notWhole     = "is not a whole number"
	tooManyAfter = "has more digits after the point than its type"
)

// parseDecimal reads a number as DynamoDB has it: digits, a point with digits behind it, an exponent. It returns what is
// wrong with it, or nothing.
func parseDecimal(b []byte) (d decimal, why string) {
	if len(b) > maxNumberBytes {
		return d, notANumber
	}
	if len(b) > 0 && b[0] == '-' {
		d.neg = true
		b = b[1:]
	}
	whole, ok := d.run(b)
	n := whole
	if ok && n < len(b) && b[n] == '.' {
		var after int
		after, ok = d.run(b[n+1:])
		n += 1 + after
		d.exp -= after
	}
	exp, fine := exponent(b[n:])
	if !ok || !fine {
		return d, notANumber
	}
	if d.digits == 0 {
		return decimal{}, ""
	}
	d.exp += d.zeros + exp
	if d.digits > maxDigits {
		return d, tooPrecise
	}
	if first := d.exp + d.digits - 1; first < minExponent || first > maxExponent {
		return d, tooLarge
	}
	return d, ""
}

// run reads digits, at least one, and returns how many there were.
func (d *decimal) run(b []byte) (n int, ok bool) {
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		switch c := b[n] - '0'; {
		case c != 0:
			d.push(c)
		case d.digits > 0: // zeros count only once another digit follows, so that none stands at the end
			d.zeros++
		}
		n++
	}
	return n, n > 0
}

// push adds a digit, and the zeros before it, to the coefficient.
func (d *decimal) push(digit byte) {
	d.digits += d.zeros + 1
	if d.digits <= maxDigits {
		for range d.zeros + 1 {
			d.hi, d.lo = times10(d.hi, d.lo)
		}
		var carry uint64
		d.lo, carry = bits.Add64(d.lo, uint64(digit), 0)
		d.hi += carry
	}
	d.zeros = 0
}

func times10(hi, lo uint64) (uint64, uint64) {
	over, low := bits.Mul64(lo, 10)
	return hi*10 + over, low
}

// exponent reads what follows the digits.
func exponent(b []byte) (int, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0]|0x20 != 'e' {
		return 0, false
	}
	b = b[1:]
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		b = b[1:]
	}
	if len(b) == 0 || len(b) > maxExponentDigits {
		return 0, false
	}
	exp := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		exp = exp*10 + int(c-'0')
	}
	if neg {
		exp = -exp
	}
	return exp, true
}
