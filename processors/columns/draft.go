package columns

import (
	"slices"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Draft is one Parquet file that is made column by column, so that no more than one column of its rows is ever in memory.
// Its bytes are those that Encode gives for the same rows.
type Draft struct {
	enc    Encoder
	rows   []int32  // of the sources, in the file's order
	ends   []int    // of the row groups in rows
	groups [][]byte // the row groups so far; of a bare file one, in which each column of all of them follows the one before
	leaf   int      // the next one
}

// Draft returns the draft of a file of these rows of some Sources, which is Write's to fill.
func (e *Encoder) Draft(rows []int32) *Draft {
	var ends []int
	for at := 0; at < len(rows); at += e.opt.RowGroupRows {
		ends = append(ends, min(at+e.opt.RowGroupRows, len(rows)))
	}
	return e.DraftGroups(rows, ends)
}

// DraftGroups is Draft of a file whose row groups end before those places in rows, which ascend to the last row's.
func (e *Encoder) DraftGroups(rows []int32, ends []int) *Draft {
	d := &Draft{enc: Encoder{lay: e.lay, opt: e.opt, schema: e.schema, single: make([]byte, 0, 16*len(e.lay.leaves)), tools: e.tools}, rows: rows, ends: ends}
	d.enc.leaves = make([]leafState, len(e.leaves))
	for i, s := range e.leaves {
		d.enc.leaves[i] = leafState{path: s.path, bloom: s.bloom, leaf: s.leaf}
	}
	d.enc.alone = len(ends) <= 1
	d.groups = make([][]byte, len(ends))
	if e.opt.Bare {
		d.groups = d.groups[:min(1, len(ends))]
	}
	if len(d.groups) > 0 {
		d.groups[0] = []byte(magic)
	}
	return d
}

// Grow makes room for a file of about that many bytes, in memory that was given back if that is enough.
func (d *Draft) Grow(size int64) {
	for g, b := range d.groups {
		n := len(b) + int(size)/len(d.groups)
		free := d.enc.take(n)
		if free == nil {
			free = make([]byte, 0, n+n/16) // the next file of its kind may be a little larger
		}
		d.groups[g] = append(free, b...)
	}
}

// Reuse lets the drafts to come be made in the memory of files that nobody looks at any more, and forgets older such memory.
func (e *Encoder) Reuse(files [][]byte) { e.free = files }

// take returns the smallest memory that was given back and has room for n bytes, or nil.
func (t *tools) take(n int) []byte {
	best := -1
	for i, b := range t.free {
		if cap(b) >= n && (best < 0 || cap(b) < cap(t.free[best])) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	b := t.free[best][:0]
	t.free = slices.Delete(t.free, best, best+1)
	return b
}

// add appends the next leaf, whose values of every row the source holds; out is where each row group's are gathered.
func (d *Draft) add(s *step, out *Leaf) error {
	e := &d.enc
	for g := range d.ends {
		rows, body := d.group(g), &d.groups[min(g, len(d.groups)-1)]
		out.reset()
		if err := out.gather(s, rows); err != nil {
			return err
		}
		*body = e.chunk(*body, out, &e.leaves[d.leaf], out.span(0, len(rows), len(rows)), len(rows))
		if e.err != nil {
			return e.err
		}
	}
	d.leaf++
	return nil
}

// group returns the rows of a row group.
func (d *Draft) group(g int) []int32 {
	if g == 0 {
		return d.rows[:d.ends[0]]
	}
	return d.rows[d.ends[g-1]:d.ends[g]]
}

// Bytes appends the finished file to dst and returns its statistics. The draft is of no use afterwards.
func (d *Draft) Bytes(dst []byte) ([]byte, FileStats, error) {
	e := &d.enc
	if d.leaf != len(e.leaves) {
		return dst, FileStats{}, fault.New(fault.Internal, "the file has %d of %d columns", d.leaf, len(e.leaves))
	}
	e.begin = len(dst)
	d.place()
	if len(d.groups) == 0 {
		dst = append(dst, magic...)
	}
	for g, b := range d.groups {
		if dst == nil {
			dst = b
		} else {
			dst = append(dst, b...)
		}
		d.groups[g] = nil
	}
	dst = e.footer(dst)
	return dst, e.fileStats(e.at(dst)), nil
}

// place tells every chunk and page where it will lie, and orders the chunks by row group.
func (d *Draft) place() {
	e, at := &d.enc, int64(0)
	byLeaf := e.chunks
	e.chunks = make([]chunk, 0, len(byLeaf))
	for g := range d.ends {
		group := group{rows: int64(len(d.group(g))), start: byLeaf[g].start + at}
		for i := range e.leaves {
			c := byLeaf[i*len(d.ends)+g]
			c.start, c.dataAt, c.bloomAt = c.start+at, c.dataAt+at, c.bloomAt+at
			for p := c.pageFrom; p < c.pageTo; p++ {
				e.pages[p].at += at
			}
			group.packed, group.plain = group.packed+c.packed, group.plain+c.plain
			e.chunks = append(e.chunks, c)
		}
		if !e.opt.Bare {
			at += int64(len(d.groups[g]))
		}
		e.groups, e.rows = append(e.groups, group), e.rows+group.rows
	}
	e.groups = slices.Clip(e.groups)
}
