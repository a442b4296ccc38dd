package ingest

import (
	"errors"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// canonical returns the one way to write the number that raw, valid in JSON, says. Otherwise it says why the number
// cannot be kept.
func canonical(raw []byte) (text, why string) {
	if plain(raw) {
		return string(raw), ""
	}
	d, err := record.ParseDecimal(string(raw))
	if err != nil {
		why = "is not a number that can be kept"
		var f *fault.Error
		if errors.As(err, &f) {
			_, why, _ = strings.Cut(f.Message, " ")
		}
		return "", why
	}
	return d.Text(), ""
}

// plain reports whether raw is a short whole number already written as canonical writes it.
func plain(raw []byte) bool {
	d := raw
	if d[0] == '-' {
		d = d[1:]
	}
	if len(d) > 18 || d[0] == '0' {
		return len(raw) == 1 // "0", but neither "-0" nor "0.5"
	}
	for _, c := range d {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
