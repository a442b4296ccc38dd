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
	at := int64(0)
	return d.pages(l, c, data, rows, func(h pageHeader, body []byte) error {
		first := at
		at += int64(h.values)
		switch {
		case at <= from || first >= to:
			return nil
		case first >= from && at <= to:
			return d.readData(l, c, h, body)
		}
		part = d.partOf(l)
		if err := d.readData(part, c, h, body); err != nil {
			return err
		}
		return l.copyRows(part, int(max(from-first, 0)), int(min(to, at)-first), int(h.values))
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
	sp := src.span(from, to, rows)
	st := step{src: src, same: true}
	l.copyLevels(&st, sp.entries, sp.to)
	return l.copyValues(&st, sp.values, sp.valuesTo)
}
