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
	d, r := b.Leaf(date), b.Leaf(region)
	if d == nil || d.Column.Type != schemas.Day || d.MaxDef > 0 || r == nil || r.Kind != Bytes || r.MaxDef > 0 {
		return nil, fault.New(fault.Internal, "%s and %s do not partition the table: want a required date and a required string", date, region)
	}
	type key struct {
		date   int32
		region string
	}
	known := map[key]int32{}
	var groups []Group
	var counts []int
	member := make([]int32, b.rows)
	for i := range b.rows {
		if i > 0 && d.Int32s[i] == d.Int32s[i-1] && string(r.Value(i)) == string(r.Value(i-1)) {
			member[i] = member[i-1]
		} else if g, ok := known[key{d.Int32s[i], string(r.Value(i))}]; ok {
			member[i] = g
		} else {
			member[i] = int32(len(groups))
			k := key{d.Int32s[i], string(r.Value(i))}
			known[k] = member[i]
			groups, counts = append(groups, Group{Date: k.date, Region: k.region}), append(counts, 0)
		}
		counts[member[i]]++
	}
	slab := make([]int32, b.rows)
	for i, n := range counts {
		groups[i].Rows, slab = slab[:0:n], slab[n:]
	}
	for i, g := range member {
		groups[g].Rows = append(groups[g].Rows, int32(i))
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Region, b.Region))
	})
	return groups, nil
}
