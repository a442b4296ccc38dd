package columns

import "github.com/tarn-lake/tarn/internal/fault"

// Swap exchanges whole columns with from, which has the same number of rows: each of its columns must stand in b under the
// same name with the same type. Nothing is copied.
func (b *Batch) Swap(from *Batch) error {
	if b.rows != from.rows {
		return fault.New(fault.Internal, "columns of %d rows cannot take the place of those of %d", from.rows, b.rows)
	}
	for _, l := range from.leaves {
		own := b.Leaf(l.Path)
		if own == nil || own.Kind != l.Kind || own.Width != l.Width || own.MaxDef != l.MaxDef || own.MaxRep != l.MaxRep {
			return fault.New(fault.Internal, "there is no column %s of that type to exchange", l.Path)
		}
	}
	for _, l := range from.leaves {
		own := b.Leaf(l.Path)
		own.Bools, l.Bools = l.Bools, own.Bools
		own.Int32s, l.Int32s = l.Int32s, own.Int32s
		own.Int64s, l.Int64s = l.Int64s, own.Int64s
		own.Arena, l.Arena = l.Arena, own.Arena
		own.Offsets, l.Offsets = l.Offsets, own.Offsets
		own.Def, l.Def = l.Def, own.Def
		own.Rep, l.Rep = l.Rep, own.Rep
		own.mark, l.mark = l.mark, own.mark
		own.index, l.index = l.index, own.index
	}
	return nil
}
