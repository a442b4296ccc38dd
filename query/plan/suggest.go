package plan

import (
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// maxNamed bounds how many valid names an error lists.
const maxNamed = 12

// unknown is the error for a name that is not one of valid, with the nearest of them.
func unknown(what, name string, valid []string) error {
	valid = slices.Sorted(slices.Values(valid))
	best, distance := "", len(name)/2+2
	for _, v := range valid {
		if d := edits(strings.ToLower(name), strings.ToLower(v)); d < distance {
			best, distance = v, d
		}
	}
	list := valid[:min(len(valid), maxNamed)]
	message := "there is no " + what + " of that name; there are: " + strings.Join(list, ", ")
	if len(valid) == 0 {
		message = "there is none"
	}
	if best != "" {
		message = "there is no " + what + " of that name; did you mean " + best + "?"
	}
	return &fault.Error{Kind: fault.Invalid, Message: what + " " + quoteShort(name) + ": " + message,
		Fields: []fault.Field{{Name: what, Message: message}}}
}

// quoteShort quotes what a user sent, cut to a length fit for a message.
func quoteShort(name string) string {
	if r := []rune(name); len(r) > 64 {
		name = string(r[:64]) + "…"
	}
	return `"` + name + `"`
}

// edits is the Levenshtein distance of two short names.
func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
