package columns

const (
	pageRows = 20_000  // rows of a page, as other writers have it
	pageSize = 1 << 20 // bytes of a page before compression, unless one row is larger
)

// span is a run of rows of one leaf: its entries and its values.
type span struct {
	rows, entries, values int // where it begins
	rowsTo, to, valuesTo  int // and ends
}

// span returns what rows from..to of the leaf, in a batch of that many rows, consist of.
func (l *Leaf) span(from, to, rows int) span {
	s := span{rows: from, rowsTo: to, entries: from, to: to, values: from, valuesTo: to}
	if from == 0 && to == rows {
		s.to, s.valuesTo = l.entries(), l.Len()
		return s
	}
	if from == to {
		return span{rows: from, rowsTo: to}
	}
	s.values, _ = l.Values(from)
	_, s.valuesTo = l.Values(to - 1)
	s.entries, _ = l.Entries(from)
	_, s.to = l.Entries(to - 1)
	return s
}

// page returns the first page of what is left: as many rows as a page may have.
func (l *Leaf) page(left span, rows, most int) span {
	n := min(left.rowsTo-left.rows, most)
	for {
		p := left
		if left.rows+n < left.rowsTo {
			p = l.span(left.rows, left.rows+n, rows)
		}
		if n == 1 || l.plainSize(p.values, p.valuesTo) <= pageSize {
			return p
		}
		n = (n + 1) / 2
	}
}

// plainSize returns the bytes of values from..to in the plain encoding.
func (l *Leaf) plainSize(from, to int) int {
	n := to - from
	switch l.Kind {
	case Bool:
		return (n + 7) / 8
	case Int32:
		return 4 * n
	case Int64:
		return 8 * n
	case Fixed:
		return l.Width * n
	}
	if l.dict == nil {
		return int(l.Offsets[to]-l.Offsets[from]) + 4*n
	}
	size, ends := 4*n, l.dict.Offsets
	for _, id := range l.ids[from:to] {
		size += int(ends[id+1] - ends[id])
	}
	return size
}
