package columns

// readRows appends rows from..to of the chunk, which has that many rows. Pages of flat leaves that have none of them are
// only skipped.
func (d *pageReader) readRows(l *Leaf, c *fileChunk, data []byte, rows, from, to int64) error {
	part := d.partOf(l)
	if l.MaxRep > 0 { // where a page's rows begin is only known once it is decoded
		if err := d.read(part, c, data, rows); err != nil {
			return err
		}
		return l.copyRows(part, int(from), int(to), int(rows))
	}
	at, size := int64(0), int64(0)
	wanted := func(first, end int64) bool {
		at, size = first, end-first
		return end > from && first < to
	}
	return d.pages(l, c, data, rows, wanted, func(h pageHeader, body []byte) error {
		if at >= from && at+size <= to {
			return d.readData(l, c, h, body)
		}
		part = d.partOf(l)
		if err := d.readData(part, c, h, body); err != nil {
			return err
		}
		return l.copyRows(part, int(max(from-at, 0)), int(min(to-at, size)), int(size))
	})
}

// partOf returns an empty leaf like l.
func (d *pageReader) partOf(l *Leaf) *Leaf {
	part := &Leaf{Kind: l.Kind, Width: l.Width, Path: l.Path, Column: l.Column, MaxDef: l.MaxDef, MaxRep: l.MaxRep}
	if d.part != nil {
		part.take(d.part)
	}
	part.reset()
	part.dict, d.part = l.dict, part
	return part
}

// copyRows appends rows from..to of a leaf of the same kind that has that many rows.
func (l *Leaf) copyRows(src *Leaf, from, to, rows int) error {
	sp := src.window(from, to, rows)
	st := step{src: src, same: true}
	l.copyLevels(&st, sp.entries, sp.to)
	return l.copyValues(&st, sp.values, sp.valuesTo)
}

// window is span for a leaf that is asked once: nothing is built to answer it.
func (l *Leaf) window(from, to, rows int) span {
	if l.MaxRep > 0 || l.MaxDef == 0 {
		return l.span(from, to, rows)
	}
	s := span{rows: from, entries: from, rowsTo: to, to: to}
	for _, d := range l.Def[:from] {
		s.values += isEqual(d, l.MaxDef)
	}
	s.valuesTo = s.values
	for _, d := range l.Def[from:to] {
		s.valuesTo += isEqual(d, l.MaxDef)
	}
	return s
}
