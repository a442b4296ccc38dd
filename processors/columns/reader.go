package columns

import (
	"bytes"
	"io"

	"github.com/tarn-lake/tarn/internal/fault"
)

// ReadRowGroup appends the rows of row group i to b; see Read. After an error b is as it was.
func (f *File) ReadRowGroup(i int, b *Batch, paths ...string) (err error) {
	p, err := b.planFor(f.lay)
	if err != nil {
		return err
	}
	if p, err = p.only(b, paths); err != nil {
		return err
	}
	was := b.sizes()
	defer func() {
		if err != nil {
			b.restore(was)
		}
	}()
	defer tame(&err)
	g := &f.groups[i]
	for j, l := range b.leaves {
		if s := &p.steps[j]; s.src != nil {
			if err := f.leaf(b, l, s, g); err != nil {
				return err
			}
		}
	}
	b.fillMissing(p, was, int(g.rows))
	if err := b.agree(was); err != nil {
		return err
	}
	b.addRows(int(g.rows))
	return nil
}

// Read appends all rows of a Parquet file to b, column by column. Leaves are matched by field id, as AppendFrom matches
// them. With paths, only those columns or parts of columns are read and everything else is null (or zero). After an error
// b is as it was.
func Read(r io.ReaderAt, size int64, b *Batch, paths ...string) error {
	f, err := Open(r, size)
	if err != nil {
		return err
	}
	rows, was := b.rows, append([]leafSize(nil), b.sizes()...)
	for i := range f.RowGroups() {
		if err := f.ReadRowGroup(i, b, paths...); err != nil {
			b.restore(was)
			b.rows = rows
			b.addRows(0)
			return err
		}
	}
	return nil
}

// only returns the plan without what is not below one of the paths.
func (p *plan) only(b *Batch, paths []string) (*plan, error) {
	if len(paths) == 0 {
		return p, nil
	}
	part := &plan{from: p.from, steps: make([]step, len(p.steps))}
	for _, path := range paths {
		n := b.nodes[path]
		if n == nil {
			return nil, fault.New(fault.Internal, "there is no column %s to read", path)
		}
		for _, l := range n.Leaves {
			part.steps[l.at] = p.steps[l.at]
		}
	}
	return part, nil
}

// leaf appends one column chunk to the leaf.
func (f *File) leaf(b *Batch, l *Leaf, s *step, g *fileGroup) error {
	c := &g.chunks[s.src.at]
	data, err := f.section(c.begin(), c.packed)
	if err != nil {
		return err
	}
	if b.pages == nil {
		b.pages = &pageReader{}
	}
	if s.same && s.defs == nil {
		return b.pages.read(l, c, data, g.rows)
	}
	s.src.reset()
	if err := b.pages.read(s.src, c, data, g.rows); err != nil {
		return err
	}
	at := len(l.Def)
	l.copyLevels(s, 0, s.src.entries())
	if err := l.checkLevels(s, at); err != nil {
		return err
	}
	return l.copyValues(s, 0, s.src.Len())
}

// agree checks that the leaves of each list or map tell the same rows apart.
func (b *Batch) agree(was []leafSize) error {
	for _, n := range b.nodes {
		if n.Column.Elem == nil {
			continue
		}
		var first *Leaf
		for _, l := range n.Leaves {
			if l.MaxRep != n.Rep+1 {
				continue
			}
			if first == nil {
				first = l
			} else if !bytes.Equal(first.Rep[was[first.at].defs:], l.Rep[was[l.at].defs:]) {
				return fault.New(fault.Invalid, "columns %s and %s of the Parquet file disagree about their lists", first.Path, l.Path)
			}
		}
	}
	return nil
}
