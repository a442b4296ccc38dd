package columns

import (
	"fmt"

	"github.com/tarn-lake/tarn/schemas"
)

// Batch is rows of one table layout, column by column. It is meant to be reused: Reset keeps the memory. A batch is not
// safe for concurrent use, not even for reading, because its indexes are built when first asked for. One leaf holds at
// most 4 GiB of text; see Size.
type Batch struct {
	*layout
	rows  int
	was   []leafSize  // before the last source was added
	pages *pageReader // kept between files
}

// New returns an empty batch of the columns, which are trusted: an unknown type or an object without members panics.
func New(cols []schemas.Column) *Batch { return &Batch{layout: newLayout(cols)} }

// Rows returns how many rows are complete.
func (b *Batch) Rows() int { return b.rows }

// Columns returns the columns the batch was made for; they must not be changed.
func (b *Batch) Columns() []schemas.Column { return b.cols }

// Leaves returns every leaf in the order of the columns; the slice must not be changed.
func (b *Batch) Leaves() []*Leaf { return b.leaves }

// Leaf returns the leaf of that dotted path ("district", "tags.element", "attrs.key", "attrs.value", "address.state"),
// or nil.
func (b *Batch) Leaf(path string) *Leaf {
	if n := b.nodes[path]; n != nil && len(n.Kids) == 0 {
		return n.Leaves[0]
	}
	return nil
}

// Node returns the node of that dotted path, or nil.
func (b *Batch) Node(path string) *Node { return b.nodes[path] }

// Reset drops all rows and keeps the memory.
func (b *Batch) Reset() {
	b.rows = 0
	for _, l := range b.leaves {
		l.reset()
	}
}

// Size returns the bytes that the rows take in memory.
func (b *Batch) Size() int {
	n := 0
	for _, l := range b.leaves {
		n += l.size()
	}
	return n
}

// EndRow closes a row. An optional leaf without an entry gets a null, at the level that its siblings show: the missing
// member of a present object is null, the object stays present. A required top-level leaf without a value, or a leaf
// with two entries, is a bug of the caller and panics.
func (b *Batch) EndRow() {
	b.rows++
	for _, l := range b.optional {
		if n := len(l.Def); n == b.rows-1 && l.isTop {
			l.Def = append(l.Def, 0)
		} else if n != b.rows {
			b.fill(l, n)
		}
	}
	for _, l := range b.required {
		if n := l.Len(); n != b.rows {
			b.fill(l, n)
		}
	}
	for _, l := range b.lists {
		if len(l.Def) == l.mark {
			l.fillRow(b.rows)
		}
	}
	for _, l := range b.lists {
		l.mark = len(l.Def)
	}
}

// fill gives a leaf outside of lists, which has n entries, the one that the row lacks.
func (b *Batch) fill(l *Leaf, n int) {
	if n != b.rows-1 {
		panic(fmt.Sprintf("columns: %s has %d entries after %d rows", l.Path, n, b.rows))
	}
	l.fillRow(b.rows)
}

// DropRow takes back what was appended since the last EndRow: the record turned out bad.
func (b *Batch) DropRow() {
	for _, l := range b.leaves {
		l.truncate(b.rows)
	}
}
