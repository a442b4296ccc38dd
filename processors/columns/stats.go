package columns

import (
	"bytes"
	"slices"
)

// FileStats is what a table format wants to know about a data file.
type FileStats struct {
	Rows         int64
	Size         int64       // bytes of the file
	SplitOffsets []int64     // where the row groups begin
	Leaves       []LeafStats // in the order of the columns
}

// LeafStats is what a table format wants to know about one leaf of a data file.
type LeafStats struct {
	ID     int   // field id
	Size   int64 // bytes in the file, compressed
	Values int64 // entries, nulls included
	Nulls  int64
	// Bounds in Iceberg's single-value binary form; nil where there are no values, where the leaf is in a list or map, or
	// (Upper) where no bound of 16 characters exists. Text is cut to 16 characters, binaries to 16 bytes.
	Lower, Upper []byte
}

// Clone returns statistics that share no memory with the encoder.
func (s FileStats) Clone() FileStats {
	s.SplitOffsets, s.Leaves = slices.Clone(s.SplitOffsets), slices.Clone(s.Leaves)
	for i := range s.Leaves {
		s.Leaves[i].Lower, s.Leaves[i].Upper = bytes.Clone(s.Leaves[i].Lower), bytes.Clone(s.Leaves[i].Upper)
	}
	return s
}

// bound finds the least and greatest value of a page and keeps their bounds for the column index.
func (e *Encoder) bound(l *Leaf, c *chunk, info *pageInfo, p, all span) {
	info.least, info.most = nothing, nothing
	if info.empty = p.values == p.valuesTo; info.empty || e.opt.Bare {
		return
	}
	if c.dictionary {
		info.least, info.most = e.dictionaryExtremes(l, len(e.pages), p, all)
	} else {
		info.least, info.most = l.extremes(p.values, p.valuesTo)
	}
	from := len(e.bounds)
	e.bounds = l.appendLower(e.bounds, info.least)
	mid := len(e.bounds)
	e.bounds = l.appendUpper(e.bounds, info.most)
	info.lo, info.hi = bytesAt{from, mid}, bytesAt{mid, len(e.bounds)}
}

// dictionaryExtremes compares only the entries that the page uses, each once.
func (e *Encoder) dictionaryExtremes(l *Leaf, page int, p, all span) (lo, hi int) {
	d := &e.dict
	entries := d.first
	if p.values != all.values || p.valuesTo != all.valuesTo {
		entries = d.used(page, p.values-all.values, p.valuesTo-all.values)
	}
	lo, hi = int(entries[0]), int(entries[0])
	for _, v := range entries[1:] {
		if l.compare(int(v), lo) < 0 {
			lo = int(v)
		} else if l.compare(int(v), hi) > 0 {
			hi = int(v)
		}
	}
	return lo, hi
}

// used returns the entries that ids from..to refer to. The page's number tells its stamps from those of other pages.
func (d *dictionary) used(page, from, to int) []int32 {
	if len(d.stamps) != len(d.first) || from == 0 {
		d.stamps = slices.Grow(d.stamps[:0], len(d.first))[:len(d.first)]
		clear(d.stamps)
	}
	d.seen = d.seen[:0]
	for _, id := range d.ids[from:to] {
		if d.stamps[id] != int32(page+1) {
			d.stamps[id] = int32(page + 1)
			d.seen = append(d.seen, d.first[id])
		}
	}
	return d.seen
}

// conclude adds the finished chunk to what is known of the leaf.
func (e *Encoder) conclude(l *Leaf, s *leafState, c *chunk) {
	lo, hi := nothing, nothing
	for i := c.pageFrom; i < c.pageTo; i++ {
		p := &e.pages[i]
		if p.least == nothing {
			continue
		}
		if lo == nothing || l.compare(p.least, lo) < 0 {
			lo, c.lo = p.least, p.lo
		}
		if hi == nothing || l.compare(p.most, hi) > 0 {
			hi, c.hi = p.most, p.hi
		}
	}
	s.size += c.packed
	s.entries += c.entries
	s.nulls += c.nulls
	if lo == nothing {
		return
	}
	e.scratch = l.appendPlain(e.scratch[:0], lo)
	if s.values == 0 || l.comparePlain(e.scratch, s.lo) < 0 {
		s.lo = append(s.lo[:0], e.scratch...)
	}
	e.scratch = l.appendPlain(e.scratch[:0], hi)
	if s.values == 0 || l.comparePlain(e.scratch, s.hi) > 0 {
		s.hi = append(s.hi[:0], e.scratch...)
	}
	s.values += c.entries - c.nulls
}

// fileStats returns what the finished file adds up to.
func (e *Encoder) fileStats(size int64) FileStats {
	e.stats, e.offsets, e.single = e.stats[:0], e.offsets[:0], e.single[:0]
	for _, g := range e.groups {
		e.offsets = append(e.offsets, g.start)
	}
	for i := range e.leaves {
		s := &e.leaves[i]
		out := LeafStats{ID: s.leaf.Column.ID, Size: s.size, Values: s.entries, Nulls: s.nulls}
		if s.values > 0 && s.leaf.MaxRep == 0 {
			out.Lower = e.icebergBound(s.leaf, s.lo, false)
			out.Upper = e.icebergBound(s.leaf, s.hi, true)
		}
		e.stats = append(e.stats, out)
	}
	return FileStats{Rows: e.rows, Size: size, SplitOffsets: e.offsets, Leaves: e.stats}
}

func (e *Encoder) icebergBound(l *Leaf, plain []byte, upper bool) []byte {
	at := len(e.single)
	out, ok := l.icebergBound(e.single, plain, upper)
	if !ok {
		return nil
	}
	e.single = out
	return out[at:len(out):len(out)]
}
