package rollup

import (
	"bytes"
	"math/bits"
	"time"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// maxRest bounds what a recomputation is taken to last when the next one is put off.
const maxRest = time.Minute

func timesOf(n int) time.Duration { return time.Duration(n) }

func ones(n int, sign int64) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = sign
	}
	return all
}

// nothing appends a row that counts nothing.
func nothing(b *columns.Batch) {
	b.Leaf(schemas.ColMetric).AppendString("")
	b.Leaf(schemas.ColBy).AppendString("")
	b.Leaf(schemas.ColRegion).AppendString("")
	b.Leaf(schemas.ColRows).AppendInt64(0)
	b.EndRow()
}

// sum appends to dst one row for each key of src: the sums of its rows, each taken with its sign. Rows that count nothing
// are left out.
func (r *Rollup) sum(dst, src *columns.Batch, signs []int64) {
	s := summer{dst: dst, src: src, signs: signs}
	var by []columns.SortKey
	keys := map[string]bool{}
	for _, name := range r.kept.Keys() {
		keys[name] = true
		by = append(by, columns.SortKey{Path: name})
	}
	for i, l := range src.Leaves() {
		if keys[l.Path] {
			s.keys = append(s.keys, i)
		} else {
			s.sums = append(s.sums, i)
		}
	}
	order := src.SortOrder(by)
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && s.same(order[from], order[to]) {
			to++
		}
		s.add(order[from:to])
		from = to
	}
}

// summer adds up runs of rows with equal keys.
type summer struct {
	dst, src   *columns.Batch
	signs      []int64
	keys, sums []int // leaves
	totals     []total
}

// total is the sum of a column, as a 128-bit two's complement number.
type total struct {
	hi    int64
	lo    uint64
	given bool
}

func (s *summer) same(i, j int32) bool {
	for _, k := range s.keys {
		l := s.src.Leaves()[k]
		a, b := int(i), int(j)
		if l.IsNull(a) != l.IsNull(b) {
			return false
		}
		switch l.Kind {
		case columns.Bytes, columns.Fixed:
			if !bytes.Equal(l.BytesAt(a), l.BytesAt(b)) {
				return false
			}
		case columns.Bool:
			if l.BoolAt(a) != l.BoolAt(b) {
				return false
			}
		default:
			if l.Int64At(a) != l.Int64At(b) {
				return false
			}
		}
	}
	return true
}

// add appends the sums of the rows, unless all are zero.
func (s *summer) add(rows []int32) {
	s.totals = s.totals[:0]
	counts := false
	for _, k := range s.sums {
		t := s.total(s.src.Leaves()[k], rows)
		s.totals = append(s.totals, t)
		counts = counts || t.hi != 0 || t.lo != 0
	}
	if !counts {
		return
	}
	for _, k := range s.keys {
		copyValue(s.dst.Leaves()[k], s.src.Leaves()[k], int(rows[0]))
	}
	for i, k := range s.sums {
		to, t := s.dst.Leaves()[k], s.totals[i]
		switch {
		case !t.given:
			to.AppendNull()
		case to.Column.Type == schemas.Decimal:
			to.AppendDecimal(t.hi, t.lo)
		default:
			to.AppendInt64(int64(t.lo))
		}
	}
	s.dst.EndRow()
}

func (s *summer) total(l *columns.Leaf, rows []int32) total {
	var t total
	for _, row := range rows {
		if l.IsNull(int(row)) {
			continue
		}
		hi, lo := l.DecimalAt(int(row))
		if s.signs != nil && s.signs[row] < 0 {
			var borrow uint64
			lo, borrow = bits.Sub64(0, lo, 0)
			hi = -hi - int64(borrow)
		}
		var carry uint64
		t.lo, carry = bits.Add64(t.lo, lo, 0)
		t.hi, t.given = t.hi+hi+int64(carry), true
	}
	return t
}

// copyValue appends a row's value of a flat leaf to another of the same kind.
func copyValue(to, from *columns.Leaf, row int) {
	if from.IsNull(row) {
		to.AppendNull()
		return
	}
	switch from.Kind {
	case columns.Bool:
		to.AppendBool(from.BoolAt(row))
	case columns.Int32:
		to.AppendInt32(int32(from.Int64At(row)))
	case columns.Int64:
		to.AppendInt64(from.Int64At(row))
	default:
		to.AppendBytes(from.BytesAt(row))
	}
}
