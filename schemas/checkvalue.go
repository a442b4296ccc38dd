package schemas

import (
	"math/big"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/record"
)

// numberText is a number as the store takes it. The exponent is bounded, for 1e999999999 would be a gigabyte of digits.
var numberText = regexp.MustCompile(`^[-+]?([0-9]{1,64}(\.[0-9]{0,130})?|\.[0-9]{1,130})([eE][-+]?[0-9]{1,3})?$`)

func (c *checker) number(path string, f *Field, v record.Value) {
	if v.Kind != record.N || !numberText.MatchString(v.Text) {
		c.add(path, "must be a number")
		return
	}
	if i, err := strconv.ParseInt(v.Text, 10, 64); err == nil && f.Type != Decimal {
		if f.Type == Int32 && int64(int32(i)) != i {
			c.add(path, "is too large for %s", f.Type)
			return
		}
		c.within(path, f, float64(i), strconv.FormatInt(i, 10))
		return
	}
	n, ok := new(big.Rat).SetString(v.Text)
	switch {
	case !ok:
		c.add(path, "must be a number")
	case f.Type == Decimal && !fits(n, f.Precision, f.Scale):
		c.add(path, "must have at most %d digits, %d of them after the point", f.Precision, f.Scale)
	case f.Type != Decimal && !n.IsInt():
		c.add(path, "must be a whole number")
	case f.Type != Decimal && (!n.Num().IsInt64() || f.Type == Int32 && int64(int32(n.Num().Int64())) != n.Num().Int64()):
		c.add(path, "is too large for %s", f.Type)
	default:
		value, _ := n.Float64()
		c.within(path, f, value, n.RatString())
	}
}

// within wants a number to be in the field's range and, in the strict mode, in its code list.
func (c *checker) within(path string, f *Field, value float64, code string) {
	switch {
	case f.Min != nil && value < *f.Min:
		c.add(path, "must be at least %s", plainNumber(*f.Min))
	case f.Max != nil && value > *f.Max:
		c.add(path, "must be at most %s", plainNumber(*f.Max))
	default:
		c.listed(path, f, code)
	}
}

func plainNumber(v float64) string { return big.NewFloat(v).Text('f', -1) }

// fits tells whether a number has at most scale digits after the point and precision in all.
func fits(n *big.Rat, precision, scale int) bool {
	ten := big.NewInt(10)
	shifted := new(big.Rat).Mul(n, new(big.Rat).SetInt(new(big.Int).Exp(ten, big.NewInt(int64(scale)), nil)))
	limit := new(big.Int).Exp(ten, big.NewInt(int64(precision)), nil)
	return shifted.IsInt() && new(big.Int).Abs(shifted.Num()).Cmp(limit) < 0
}

func (c *checker) instant(path string, f *Field, v record.Value) {
	switch {
	case f.Format == "epoch" || f.Format == "epoch-ms":
		if v.Kind != record.N || !numberText.MatchString(v.Text) {
			c.add(path, "must be a number, the time since 1970 in %s", map[string]string{"epoch": "seconds", "epoch-ms": "milliseconds"}[f.Format])
		}
	case f.Type == Day:
		if _, ok := Date8601(v.Text); v.Kind != record.S || !ok {
			c.add(path, "must be a date such as 2026-11-20")
		}
	default:
		if _, ok := Time8601(v.Text); v.Kind != record.S || !ok {
			c.add(path, "must be a time with its zone, such as 2026-11-20T09:00:00.000Z")
		}
	}
}

// Date8601 reads a day from YYYY-MM-DD, or from a whole time with zone, whose day in UTC is meant.
func Date8601(text string) (time.Time, bool) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, true
	}
	t, ok := Time8601(text)
	return t.Truncate(24 * time.Hour), ok
}

// Time8601 reads a time in ISO 8601 with its zone and returns it in UTC.
func Time8601(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func isURI(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func isEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && strings.Contains(text, "@")
}

// matches tells whether the whole text matches the field's pattern. A pattern that does not compile matches nothing;
// the loader refuses it.
func (f *Field) matches(text string) bool {
	re := f.pattern
	if re == nil {
		var err error
		if re, err = wholePattern(f.Pattern); err != nil {
			return false
		}
	}
	return re.MatchString(text)
}

func wholePattern(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(`^(?:` + pattern + `)$`)
}
