package columns

import "github.com/tarn-lake/tarn/internal/fault"

// AppendFrom adds every row of src. Leaves are matched by field id. An optional leaf that src lacks becomes null, a
// required one zero where its Fill is set; otherwise, or where a type cannot be widened, the error is Invalid and
// nothing was added. Numbers widen as Iceberg allows: int32 to int64, a decimal to more digits of the same scale.
func (b *Batch) AppendFrom(src *Batch) error {
	return fault.New(fault.Internal, "append of a batch is not there yet")
}

// Gather adds the given rows of src, in that order, as AppendFrom would. It goes column by column.
func (b *Batch) Gather(src *Batch, rows []int32) error {
	return fault.New(fault.Internal, "gather is not there yet")
}
