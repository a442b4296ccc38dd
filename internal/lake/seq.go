// Package lake is the contract between those who write the lake and those who read it: the names of landed objects and
// data files, sequence numbers and their ranges, watermarks, and what a commit says of itself. It links no table library.
package lake

import (
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// SeqDigits is the width that sequence numbers are padded to; a stream's own have 21 to 40 digits.
const SeqDigits = 40

// Seq is a sequence number: SeqDigits decimal digits, so that text order is number order. The empty Seq is before all.
type Seq string

// ParseSeq pads a stream's sequence number with zeros. Anything but 1 to 40 digits is Invalid.
func ParseSeq(text string) (Seq, error) {
	if text == "" || len(text) > SeqDigits {
		return "", fault.New(fault.Invalid, "sequence number %q does not have 1 to %d digits", text, SeqDigits)
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return "", fault.New(fault.Invalid, "sequence number %q holds something other than digits", text)
		}
	}
	return Seq(strings.Repeat("0", SeqDigits-len(text)) + text), nil
}

// Short returns the number without leading zeros, at least one digit of it.
func (s Seq) Short() string {
	if t := strings.TrimLeft(string(s), "0"); t != "" {
		return t
	}
	return "0"
}

// Valid reports whether s is a padded number. The empty Seq is not one.
func (s Seq) Valid() bool {
	if len(s) != SeqDigits {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Next returns the number after s, whose last is followed by itself. The empty Seq is followed by zero.
func (s Seq) Next() Seq {
	if s == "" {
		return Seq(strings.Repeat("0", SeqDigits))
	}
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != '9' {
			return s[:i] + Seq(s[i]+1) + Seq(strings.Repeat("0", SeqDigits-1-i))
		}
	}
	return s
}

// Before returns the number before s. There is none before 0, which is returned as it is.
func (s Seq) Before() Seq {
	digits := []byte(s)
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i] > '0' {
			digits[i]--
			return Seq(digits)
		}
		digits[i] = '9'
	}
	return s
}
