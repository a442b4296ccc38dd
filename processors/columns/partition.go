package columns

import "github.com/tarn-lake/tarn/internal/fault"

// Partition groups the rows by the date leaf (required, a date) and the region leaf (required, a string): by date, then
// by region.
func Partition(b *Batch, date, region string) ([]Group, error) {
	return nil, fault.New(fault.Internal, "partition is not there yet")
}

// SortOrder returns the rows of b in the order of the keys; rows with equal keys keep their order.
func (b *Batch) SortOrder(keys []SortKey) []int32 {
	rows := make([]int32, b.rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	b.Sort(rows, keys)
	return rows
}

// Sort puts the given rows in the order of the keys; rows with equal keys keep their order. A key that is no flat leaf
// panics.
func (b *Batch) Sort(rows []int32, keys []SortKey) {}
