package schemas

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Fault is one thing wrong in a schema file.
type Fault struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`   // 1-based; 0 where the file as a whole is meant
	Column  int    `json:"column,omitempty"` // 1-based, in characters
	Field   string `json:"field,omitempty"`  // path inside the file, such as fields.district.type
	Message string `json:"message"`          // what is wrong and what to do
}

// String returns the fault as one line: file:line:column: field: message.
func (f Fault) String() string {
	where := f.File
	if f.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	if f.Field != "" {
		where += ": " + f.Field
	}
	return where + ": " + f.Message
}

// Faults is every fault of a set of schema files, by file and line. It is an Invalid error.
type Faults struct{ All []Fault }

// Error returns every fault on a line of its own.
func (f *Faults) Error() string {
	lines := make([]string, len(f.All))
	for i, one := range f.All {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the faults as an error of kind Invalid with one field for each.
func (f *Faults) Unwrap() error {
	fields := make([]fault.Field, len(f.All))
	for i, one := range f.All {
		fields[i] = fault.Field{Name: one.File + ": " + one.Field, Message: one.Message, Line: one.Line, Column: one.Column}
	}
	return fault.WithFields(fmt.Sprintf("the schema files have %d faults", len(f.All)), fields)
}

// sorted returns the faults as an error, or nil where there are none.
func sorted(all []Fault) error {
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			strings.Compare(a.Field, b.Field), strings.Compare(a.Message, b.Message))
	})
	return &Faults{All: slices.Compact(all)}
}

// meant returns ", did you mean X?" for the name of known that is nearest to name, or nothing when none is near.
func meant(name string, known []string) string {
	best, distance := "", len(name)/3+2
	for _, k := range known {
		if d := edits(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// edits is the number of letters to insert, drop, exchange or swap that turns a into b.
func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
