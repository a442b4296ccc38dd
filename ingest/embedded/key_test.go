package embedded_test

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/record"
)

// FuzzNumberKeys holds the order of encoded numbers against that of exact arithmetic.
func FuzzNumberKeys(f *testing.F) {
	for _, pair := range [][2]string{
		{"0", "-0"}, {"1", "1.0"}, {"9", "10"}, {"-9", "-10"}, {"1e-130", "0"}, {"-1e-130", "0"}, {"9.9e125", "1e125"}, {"0.1", "0.11"},
		{"100", "1e2"}, {"-1.5", "-1.51"}, {"12345678901234567890123456789012345678", "12345678901234567890123456789012345677"}, {"99", "100"}, {"0.09", "0.1"},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, xerr := record.ParseDecimal(a)
		y, yerr := record.ParseDecimal(b)
		if xerr != nil || yerr != nil {
			return
		}
		p, q := embedded.AppendKey(nil, record.Number(a)), embedded.AppendKey(nil, record.Number(b))
		m, _ := new(big.Rat).SetString(a)
		n, _ := new(big.Rat).SetString(b)
		if got, want := bytes.Compare(p, q), m.Cmp(n); got != want {
			t.Errorf("%s and %s (%+v, %+v): keys %x and %x compare as %d, the numbers as %d", a, b, x, y, p, q, got, want)
		}
		prefixFree(t, p, q)
	})
}

// FuzzTextKeys holds the order of encoded texts against that of their bytes.
func FuzzTextKeys(f *testing.F) {
	f.Add("", "\x00")
	f.Add("a\x00", "a")
	f.Add("a\x00\xff", "a\x00\x01")
	f.Add("ab", "a\x00b")
	f.Fuzz(func(t *testing.T, a, b string) {
		p, q := embedded.AppendKey(nil, record.String(a)), embedded.AppendKey(nil, record.Value{Kind: record.B, Bytes: []byte(b)})
		if got, want := bytes.Compare(p, q), strings.Compare(a, b); got != want {
			t.Errorf("%q and %q compare as %d, want %d", a, b, got, want)
		}
		prefixFree(t, p, q)
	})
}

// prefixFree reports a key that begins another: what follows it would then count in the order.
func prefixFree(t *testing.T, p, q []byte) {
	t.Helper()
	if !bytes.Equal(p, q) && (bytes.HasPrefix(p, q) || bytes.HasPrefix(q, p)) {
		t.Errorf("%x begins %x", p, q)
	}
}

// FuzzParseVersion reads damaged change records: an error, never a panic.
func FuzzParseVersion(f *testing.F) {
	f.Add([]byte{})
	f.Add(append([]byte{0x21, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2}, 1, 'x', 2, '{', '}', 'y'))
	f.Add(append([]byte{0x12, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2}, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := embedded.ParseVersion(data)
		if err != nil {
			return
		}
		again, err := embedded.ParseVersion(v.AppendTo(nil))
		if err != nil || !again.Same(v) {
			t.Errorf("%x became %+v, then %+v, %v", data, v, again, err)
		}
	})
}
