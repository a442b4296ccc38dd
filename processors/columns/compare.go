package columns

import (
	"bytes"
	"cmp"
)

// Compare compares row i of a with row j of b by the keys, as sorting does; the batches have the same columns.
func Compare(a *Batch, i int, b *Batch, j int, keys []SortKey) int {
	for _, k := range keys {
		x, y := a.Leaf(k.Path), b.Leaf(k.Path)
		if c := compareRows(x, i, y, j, k.Desc); c != 0 {
			return c
		}
	}
	return 0
}

// Same returns what tells whether two rows of the batch are equal in the keys. The batch must stay as it is.
func Same(b *Batch, keys []SortKey) func(i, j int32) bool {
	var leaves []*Leaf
	for _, k := range keys {
		l := b.Leaf(k.Path)
		l.reindex()
		leaves = append(leaves, l)
	}
	return func(i, j int32) bool {
		for _, l := range leaves {
			if l.Kind == Bytes && l.index.direct {
				if !bytes.Equal(l.BytesAt(int(i)), l.BytesAt(int(j))) {
					return false
				}
			} else if compareRows(l, int(i), l, int(j), false) != 0 {
				return false
			}
		}
		return true
	}
}

func compareRows(x *Leaf, i int, y *Leaf, j int, desc bool) int {
	switch null, other := x.IsNull(i), y.IsNull(j); {
	case null && other:
		return 0
	case null:
		return 1
	case other:
		return -1
	}
	c := 0
	switch x.Kind {
	case Bool:
		c = boolInt(x.BoolAt(i)) - boolInt(y.BoolAt(j))
	case Int32, Int64:
		c = cmp.Compare(x.Int64At(i), y.Int64At(j))
	case Fixed:
		hi, lo := x.DecimalAt(i)
		otherHi, otherLo := y.DecimalAt(j)
		c = cmp.Or(cmp.Compare(hi, otherHi), cmp.Compare(lo, otherLo))
	default:
		c = bytes.Compare(x.BytesAt(i), y.BytesAt(j))
	}
	if desc {
		return -c
	}
	return c
}
