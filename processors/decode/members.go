package decode

import (
	"encoding/binary"
	"math/bits"
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
	// A perfect hash of the names: their words times mult, the high bits of which are a place in table. It holds 1 + a
	// field. Without it there is only index.
	table []uint16
	mult  uint64
	shift uint8
	// The fields by the word behind the opening quote of their literal: 1 + the first of those that meet in a place, and
	// 1 + the one after each.
	first, next []uint16
	spread      uint8
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
	m.hash()
	m.chain()
	return m, nil
}

// word mixes a name into 64 bits: both its ends and its length.
func word(name []byte) uint64 {
	n := uint64(len(name))
	if n >= 8 {
		return binary.LittleEndian.Uint64(name) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(name[n-8:]), 29) + n
	}
	for _, c := range name {
		n = n<<8 | uint64(c)
	}
	return n
}

const (
	hashTries  = 1000
	goldenStep = 0x9E3779B97F4A7C15 // odd multiples of the golden ratio spread well
)

// hash looks for a multiplier under which no two names meet.
func (m *members) hash() {
	size := bits.Len(uint(4 * len(m.all)))
	table := make([]uint16, 1<<size)
	for try := range uint64(hashTries) {
		mult, met := (2*try+1)*goldenStep, false
		clear(table)
		for i := range m.all {
			at := word([]byte(m.all[i].Name)) * mult >> (64 - size)
			if met = table[at] != 0; met {
				break
			}
			table[at] = uint16(i + 1)
		}
		if !met {
			m.table, m.mult, m.shift = table, mult, uint8(64-size)
			return
		}
	}
}

// chain orders the fields for seek.
func (m *members) chain() {
	size := bits.Len(uint(4 * len(m.all)))
	m.first, m.next, m.spread = make([]uint16, 1<<size), make([]uint16, len(m.all)), uint8(64-size)
	for i := range m.all {
		if t := m.all[i].literal.text; len(t) > wordBytes {
			at := m.place([]byte(t))
			m.next[i], m.first[at] = m.first[at], uint16(i+1)
		}
	}
}

// place is where the word behind the first byte of b leads.
func (m *members) place(b []byte) uint64 {
	return binary.LittleEndian.Uint64(b[1:]) * goldenStep >> m.spread
}

// seek returns the field whose literal stands next, or -1.
func (m *members) seek(b []byte) int {
	if len(b) <= wordBytes {
		return -1
	}
	for i := m.first[m.place(b)]; i > 0; i = m.next[i-1] {
		if m.all[i-1].literal.begins(b) {
			return int(i) - 1
		}
	}
	return -1
}

// find returns the index of the field of that name, or -1.
func (m *members) find(name []byte) int {
	if m.table != nil {
		if i := int(m.table[word(name)*m.mult>>m.shift]) - 1; i >= 0 && m.all[i].Name == string(name) {
			return i
		}
		return -1
	}
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
