package embedded

import (
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// Limits of DynamoDB's keys.
const (
	maxPartitionBytes = 2048
	maxSortBytes      = 1024
)

// appendKey appends a key attribute so that the order of the encodings is the order of the values, texts and bytes
// bytewise, numbers by size; and no encoding is the beginning of another. The value's kind must be S, N or B, and a
// number must be one.
func appendKey(dst []byte, v record.Value) []byte {
	switch v.Kind {
	case record.S:
		return appendEscaped(dst, v.Text)
	case record.B:
		return appendEscaped(dst, string(v.Bytes))
	case record.N:
		d, err := record.ParseDecimal(v.Text)
		if err != nil {
			panic("a key that was not checked: " + err.Error())
		}
		return appendDecimal(dst, d)
	default:
		panic("not a key: " + v.Kind.String())
	}
}

// appendEscaped ends the text with 00 01 and writes a zero byte inside it as 00 ff.
func appendEscaped(dst []byte, text string) []byte {
	for {
		i := strings.IndexByte(text, 0)
		if i < 0 {
			break
		}
		dst = append(dst, text[:i]...)
		dst = append(dst, 0, 0xff)
		text = text[i+1:]
	}
	dst = append(dst, text...)
	return append(dst, 0, 1)
}

// The first byte of a number.
const (
	negativeNumber = 0x7f
	zeroNumber     = 0x80
	positiveNumber = 0x81
	exponentBias   = 0x4000
)

// appendDecimal writes sign, exponent, and two digits a byte up to a zero byte; all but the sign inverted for negative
// numbers, so that the larger magnitude comes first.
func appendDecimal(dst []byte, d record.Decimal) []byte {
	if d.Digits == "" {
		return append(dst, zeroNumber)
	}
	sign := byte(positiveNumber)
	if d.Negative {
		sign = negativeNumber
	}
	dst = append(dst, sign)
	from := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, uint16(d.Exponent+exponentBias))
	for i := 0; i < len(d.Digits); i += 2 {
		pair := (d.Digits[i] - '0') * 10
		if i+1 < len(d.Digits) {
			pair += d.Digits[i+1] - '0'
		}
		dst = append(dst, pair+1)
	}
	dst = append(dst, 0)
	if d.Negative {
		for i := from; i < len(dst); i++ {
			dst[i] = ^dst[i]
		}
	}
	return dst
}

// hashKey spreads encoded partition keys over 32 bits. It is part of the format.
func hashKey(encoded []byte) uint32 {
	h := crc32.ChecksumIEEE(encoded)
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

// checkKey refuses a key attribute that is absent, of another kind than declared, empty or too long.
func checkKey(name string, kind record.Kind, v record.Value, limit int) error {
	if v.Kind != kind {
		got := "is absent"
		if v.Kind != record.None {
			got = "is " + v.Kind.String()
		}
		return badField(name, "the key attribute %s must be %s but %s", name, kind, got)
	}
	n := len(v.Text) + len(v.Bytes)
	if n == 0 {
		return badField(name, "the key attribute %s must not be empty", name)
	}
	if n > limit {
		return fault.New(fault.Exceeded, "the key attribute %s has %d bytes; the limit is %d", name, n, limit)
	}
	if kind == record.N {
		if _, err := record.ParseDecimal(v.Text); err != nil {
			return badField(name, "the key attribute %s: %v", name, err)
		}
	}
	return nil
}

func badField(name, format string, args ...any) error {
	e := fault.New(fault.Invalid, format, args...)
	e.Fields = []fault.Field{{Name: name, Message: e.Message}}
	return e
}
