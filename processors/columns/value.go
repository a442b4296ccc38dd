package columns

import "encoding/binary"

// index tells which entries and values a row has. It is built when first asked for and forgotten when rows are added.
type index struct {
	valid   bool
	direct  bool     // no nulls, no lists: row i is value i
	entries int      // for how many entries it was built
	entry   []int32  // lists: first entry of each row, and the end
	value   []int32  // first value of each row, and the end
	words   []uint64 // texts: what tells most rows apart, in an order that they keep; see sortWords
	skip    int      // bytes that all texts begin with
}

// Values returns which values the row has: from..to. A null has none; only leaves in lists or maps have more than one.
func (l *Leaf) Values(row int) (from, to int) {
	l.reindex()
	if l.index.direct {
		return row, row + 1
	}
	return int(l.index.value[row]), int(l.index.value[row+1])
}

// Entries returns which entries (of Def and Rep) the row has: from..to.
func (l *Leaf) Entries(row int) (from, to int) {
	if l.MaxRep == 0 {
		return row, row + 1
	}
	l.reindex()
	return int(l.index.entry[row]), int(l.index.entry[row+1])
}

// IsNull reports whether the row has no value; a list or map that is empty or null has none.
func (l *Leaf) IsNull(row int) bool {
	from, to := l.Values(row)
	return from == to
}

// BoolAt returns the row's value of a Bool leaf, false for null.
func (l *Leaf) BoolAt(row int) bool {
	from, to := l.Values(row)
	return from < to && l.Bools[from]
}

// Int64At returns the row's value of an Int32 or Int64 leaf, 0 for null.
func (l *Leaf) Int64At(row int) int64 {
	from, to := l.Values(row)
	switch {
	case from == to:
		return 0
	case l.dict != nil:
		return l.dict.Int64At(int(l.ids[from]))
	case l.Kind == Int32:
		return int64(l.Int32s[from])
	}
	return l.Int64s[from]
}

// BytesAt returns the row's value of a Bytes or Fixed leaf, nil for null. It points into the arena.
func (l *Leaf) BytesAt(row int) []byte {
	from, to := l.Values(row)
	if from == to {
		return nil
	}
	if l.dict != nil {
		return l.dict.Value(int(l.ids[from]))
	}
	return l.Value(from)
}

// DecimalAt returns the row's unscaled decimal as a 128-bit two's complement number, 0 for null.
func (l *Leaf) DecimalAt(row int) (hi int64, lo uint64) {
	if l.Kind != Fixed {
		v := l.Int64At(row)
		return v >> 63, uint64(v)
	}
	return decimalOf(l.BytesAt(row))
}

// decimalOf reads a big-endian two's complement number of at most 16 bytes.
func decimalOf(v []byte) (hi int64, lo uint64) {
	var full [16]byte
	if len(v) > 0 && v[0]&0x80 != 0 {
		for i := range full {
			full[i] = 0xff
		}
	}
	copy(full[16-len(v):], v)
	return int64(binary.BigEndian.Uint64(full[:8])), binary.BigEndian.Uint64(full[8:])
}

// FillInt64 sets every row from the given one on; the leaf must be a required Int64 at the top level, such as _commit.
func (l *Leaf) FillInt64(from int, v int64) {
	if l.Kind != Int64 || l.MaxDef != 0 {
		panic("columns: " + l.Path + " is not a required int64")
	}
	for i := from; i < len(l.Int64s); i++ {
		l.Int64s[i] = v
	}
}

func (l *Leaf) reindex() {
	x := &l.index
	n := l.entries()
	if x.valid && x.entries == n {
		return
	}
	x.valid, x.entries, x.entry, x.value, x.words = true, n, x.entry[:0], x.value[:0], x.words[:0]
	if x.direct = l.MaxRep == 0 && l.Len() == n; x.direct {
		return
	}
	if l.MaxRep == 0 {
		x.value = firstValues(roomFor(x.value, n+1)[:n+1], l.Def, l.MaxDef)
		return
	}
	x.lists(l)
}

// lists fills in where the rows of a leaf in lists begin, without a branch: a row's place is written again and again until
// the next one begins.
func (x *index) lists(l *Leaf) {
	rows := 0
	for _, r := range l.Rep {
		rows += isEqual(r, 0)
	}
	entry, value := roomFor(x.entry, rows+1)[:rows+1], roomFor(x.value, rows+1)[:rows+1]
	row, v, rep := 0, int32(0), l.Rep[:len(l.Def)]
	for i, d := range l.Def {
		entry[row], value[row] = int32(i), v
		row += isEqual(rep[i], 0)
		v += int32(isEqual(d, l.MaxDef))
	}
	entry[rows], value[rows] = int32(len(l.Def)), v
	x.entry, x.value = entry, value
}

// firstValues fills in which value each row has, or would have, and the end behind them.
func firstValues(value []int32, def []uint8, most uint8) []int32 {
	v, value := int32(0), value[:len(def)+1]
	for i, d := range def {
		value[i] = v
		v += int32(isEqual(d, most))
	}
	value[len(def)] = v
	return value
}

// isEqual is one where the levels are equal, without a branch that nulls here and there would mislead.
func isEqual(a, b uint8) int {
	n := 0
	if a == b {
		n = 1
	}
	return n
}
