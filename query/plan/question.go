package plan

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tarn-lake/tarn/internal/fault"
)

// maxText bounds an ad hoc question.
const maxText = 100_000

// Question refuses what is no text of a question in any dialect: Invalid, or Exceeded where it is too long.
func Question(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fault.New(fault.Invalid, "the question is empty: write one SELECT")
	case len(text) > maxText:
		return fault.New(fault.Exceeded, "the question is longer than %d characters", maxText)
	case strings.ContainsRune(text, 0) || !utf8.ValidString(text):
		return fault.New(fault.Invalid, "the question holds what is no text: send it as UTF-8 without zero characters")
	}
	return nil
}

// Named is the relations that a question may name, by their names in lower case.
type Named map[string]string

// NewNamed returns relations by name.
func NewNamed(relations []string) Named {
	n := Named{}
	for _, r := range relations {
		n[strings.ToLower(r)] = r
	}
	return n
}

// Find returns the relation of a name in any case. One that is not there is Invalid.
func (n Named) Find(name string) (string, error) {
	if relation, ok := n[strings.ToLower(name)]; ok {
		return relation, nil
	}
	var all []string
	for _, r := range n {
		if !strings.HasPrefix(r, lookupPrefix) {
			all = append(all, r)
		}
	}
	slices.Sort(all)
	return "", fault.New(fault.Invalid, "there is no relation %q; there are: %s, and the lookup_ tables", name, strings.Join(all, ", "))
}

// Unreserved refuses names that could be taken for the rows below every predicate: Denied.
func Unreserved(name string) error {
	if strings.HasPrefix(strings.ToLower(name), PhysicalName("")) {
		return fault.New(fault.Denied, "the name %q is reserved", name)
	}
	return nil
}
