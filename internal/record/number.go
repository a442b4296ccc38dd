package record

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Limits of DynamoDB's numbers.
const (
	maxDigits      = 38   // significant digits
	maxExponent    = 126  // of a number written as 0.d₁d₂… × 10^e: below 10^126
	minExponent    = -129 // the same: from 10^-130
	maxNumberChars = 256  // no honest number needs more
)

// Decimal is a number taken apart: ±0.Digits × 10^Exponent. Digits begins and ends with another digit than zero; the
// number zero has none, no sign and exponent 0. So equal numbers are equal Decimals, however they were written.
type Decimal struct {
	Negative bool
	Digits   string
	Exponent int
}

// ParseDecimal reads a number as DynamoDB accepts it: at most 38 significant digits, from 1E-130 to 9.9…E+125.
// Anything else is Invalid.
func ParseDecimal(text string) (Decimal, error) {
	rest, negative := strings.CutPrefix(text, "-")
	mantissa, exp, ok := cutExponent(rest)
	whole, frac, dotted := strings.Cut(mantissa, ".")
	if !ok || !digits(whole) || dotted && !digits(frac) || len(text) > maxNumberChars {
		return Decimal{}, fault.New(fault.Invalid, "%s is not a number; write it like -12.5 or 1.25e3", quoteShort(text))
	}
	all := whole + frac
	trimmed := strings.TrimLeft(all, "0")
	d := Decimal{Negative: negative, Exponent: exp + len(whole) - (len(all) - len(trimmed)), Digits: strings.TrimRight(trimmed, "0")}
	switch {
	case d.Digits == "":
		return Decimal{}, nil
	case len(d.Digits) > maxDigits:
		return Decimal{}, fault.New(fault.Invalid, "%s has %d significant digits; the limit is %d", quoteShort(text), len(d.Digits), maxDigits)
	case d.Exponent > maxExponent || d.Exponent < minExponent:
		return Decimal{}, fault.New(fault.Invalid, "%s is too large or too small; numbers lie between 1E-130 and 1E+126", quoteShort(text))
	}
	return d, nil
}

// Text returns the number's plain form, or with an exponent where that would have more than 38 digits.
func (d Decimal) Text() string {
	n, e := len(d.Digits), d.Exponent
	sign := ""
	if d.Negative {
		sign = "-"
	}
	switch {
	case n == 0:
		return "0"
	case e >= n && e <= maxDigits:
		return sign + d.Digits + strings.Repeat("0", e-n)
	case e > 0 && e < n:
		return sign + d.Digits[:e] + "." + d.Digits[e:]
	case e <= 0 && n-e <= maxDigits:
		return sign + "0." + strings.Repeat("0", -e) + d.Digits
	}
	text := sign + d.Digits[:1]
	if n > 1 {
		text += "." + d.Digits[1:]
	}
	return text + "E" + strconv.Itoa(e-1)
}

// AddInt returns the number of that text plus n, as text. A sum of more than 38 significant digits is Invalid.
func AddInt(text string, n int64) (string, error) {
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		if sum := v + n; (sum > v) == (n > 0) {
			return strconv.FormatInt(sum, 10), nil
		}
	}
	d, err := ParseDecimal(text)
	if err != nil {
		return "", err
	}
	scale := max(0, len(d.Digits)-d.Exponent) // decimal places
	sum, ok := new(big.Int).SetString("0"+d.Digits+strings.Repeat("0", d.Exponent-len(d.Digits)+scale), 10)
	if !ok {
		panic("digits are not a number: " + d.Digits)
	}
	if d.Negative {
		sum.Neg(sum)
	}
	sum.Add(sum, new(big.Int).Mul(big.NewInt(n), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
	d, err = ParseDecimal(sum.String() + "e-" + strconv.Itoa(scale))
	if err != nil {
		return "", err
	}
	return d.Text(), nil
}

// cutExponent splits 1.25e3 into 1.25 and 3.
func cutExponent(text string) (mantissa string, exp int, ok bool) {
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return text, 0, true
	}
	power := text[i+1:]
	unsigned := strings.TrimPrefix(strings.TrimPrefix(power, "+"), "-")
	if !digits(unsigned) || len(power)-len(unsigned) > 1 || len(unsigned) > 6 {
		return "", 0, false
	}
	exp, err := strconv.Atoi(power)
	return text[:i], exp, err == nil
}

func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// quoteShort quotes what a message can bear of a text.
func quoteShort(text string) string {
	const most = 60
	if len(text) > most {
		return strconv.Quote(strings.ToValidUTF8(text[:most], "")) + "…"
	}
	return strconv.Quote(text)
}
