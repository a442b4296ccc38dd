package record_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/record"
)

func TestAddInt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		n          int64
		want       string
	}{
		{"one more", "41", 1, "42"},
		{"below zero", "0", -1, "-1"},
		{"fraction", "1.25", 2, "3.25"},
		{"negative fraction", "-1.25", 1, "-0.25"},
		{"past 64 bits", "9223372036854775807", 1, "9223372036854775808"},
		{"exponent", "1e3", 1, "1001"},
		{"cancels out", "-7.0", 7, "0"},
		{"nothing", "5", 0, "5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got, err := record.AddInt(c.text, c.n); err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	if got, err := record.AddInt(strings.Repeat("9", 38), 1); err != nil || got != "1E38" && got != "1"+strings.Repeat("0", 38) {
		t.Errorf("10^38: %q, %v", got, err)
	}
	if _, err := record.AddInt(strings.Repeat("9", 37)+"8", 1); err != nil {
		t.Error(err)
	}
	if got, err := record.AddInt("1e-38", 1); err == nil {
		t.Errorf("39 digits were not refused: %s", got)
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"0", "-0.0", "1", "100", "-12.50", "1e10", "1.5E-7", "0.00012", "1E125", "9.99e-130", "12345678901234567890123456789012345678"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := record.ParseDecimal(text)
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q is accepted, but no number", text)
		}
		again, err := record.ParseDecimal(d.Text())
		if err != nil || again != d {
			t.Fatalf("%q → %+v → %q → %+v, %v", text, d, d.Text(), again, err)
		}
		if got, ok := new(big.Rat).SetString(d.Text()); !ok || got.Cmp(want) != 0 {
			t.Fatalf("%q became %s", text, d.Text())
		}
	})
}
