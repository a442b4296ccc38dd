package verify

import "github.com/tarn-lake/tarn/internal/record"

// attribute is one value as the store has it.
type attribute struct {
	kind record.Kind
	text []byte        // S, N, and true or false
	more *record.Value // of every other kind
}

// of returns the attribute of a value.
func of(v record.Value) attribute {
	switch v.Kind {
	case record.S, record.N:
		return attribute{kind: v.Kind, text: []byte(v.Text)}
	case record.BOOL:
		if v.Bool {
			return attribute{kind: v.Kind, text: []byte("true")}
		}
		return attribute{kind: v.Kind, text: []byte("false")}
	default:
		return attribute{kind: v.Kind, more: &v}
	}
}

// value returns the value of an attribute that is no plain text; of one that is, a value that holds nothing.
func (a *attribute) value() record.Value {
	if a.more == nil {
		return record.Value{}
	}
	return *a.more
}
