package decode

import (
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

const maxFields = 1 << 12 // of one object; far above what an item of 400 KB makes sense with

// members is a set of fields, to be found by name.
type members struct {
	all   []field
	index map[string]int
}

func compileFields(fields []schemas.Field) (members, error) {
	if len(fields) > maxFields {
		return members{}, fault.New(fault.Exceeded, "%d fields are more than %d", len(fields), maxFields)
	}
	m := members{all: make([]field, len(fields)), index: make(map[string]int, len(fields))}
	for i := range fields {
		f, err := compileField(&fields[i])
		if err != nil {
			return m, err
		}
		m.all[i], m.index[f.Name] = *f, i
	}
	return m, nil
}

// find returns the index of the field of that name, or -1.
func (m *members) find(name []byte) int {
	if i, ok := m.index[string(name)]; ok {
		return i
	}
	return -1
}

// under finds a field by its dotted path and returns the indexes that lead there.
func (m *members) under(path string) []int {
	var steps []int
	for name := range strings.SplitSeq(path, ".") {
		i := m.find([]byte(name))
		if i < 0 {
			return nil
		}
		steps = append(steps, i)
		m = &m.all[i].members
	}
	return slices.Clip(steps)
}
