package columns

import (
	"cmp"
	"slices"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// Group is the rows of one partition.
type Group struct {
	Date   int32 // days since 1970-01-01
	Region string
	Rows   []int32 // in the order they had
}

// Partition groups the rows by the date leaf (required, a date) and the region leaf (required, a string): by date, then
// by region.
func Partition(b *Batch, date, region string) ([]Group, error) {
	rows := make([]int32, b.rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	return Divide(b, rows, date, region)
}

// Divide is Partition of the given rows, which keep their order.
func Divide(b *Batch, rows []int32, date, region string) ([]Group, error) {
	d, r := b.Leaf(date), b.Leaf(region)
	if d == nil || d.Column.Type != schemas.Day || d.MaxDef > 0 || r == nil || r.Kind != Bytes || r.MaxDef > 0 {
		return nil, fault.New(fault.Internal, "%s and %s do not partition the table: want a required date and a required string", date, region)
	}
	type key struct {
		date   int64
		region int32
	}
	known := map[key]int32{}
	var groups []Group
	var counts []int
	var last key
	member, names := make([]int32, len(rows)), r.numbered()
	for i, row := range rows {
		k := key{d.Int64At(int(row)), names(int(row))}
		if i > 0 && k == last {
			member[i] = member[i-1]
		} else if g, ok := known[k]; ok {
			member[i] = g
		} else {
			member[i] = int32(len(groups))
			known[k] = member[i]
			groups, counts = append(groups, Group{Date: int32(k.date), Region: string(r.BytesAt(int(row)))}), append(counts, 0)
		}
		last = k
		counts[member[i]]++
	}
	slab := make([]int32, len(rows))
	for i, n := range counts {
		groups[i].Rows, slab = slab[:0:n], slab[n:]
	}
	for i, g := range member {
		groups[g].Rows = append(groups[g].Rows, rows[i])
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Region, b.Region))
	})
	return groups, nil
}

// numbered returns a function that numbers the leaf's distinct values, row by row; the leaf is flat and required.
func (l *Leaf) numbered() func(row int) int32 {
	if l.dict != nil {
		return func(row int) int32 { return l.ids[row] }
	}
	c := newCoder(l.Kind, l.Width)
	return func(row int) int32 { return c.code(l, row) }
}
