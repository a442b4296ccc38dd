package columns

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go/format"
)

// footer appends the page index, the metadata and what ends a Parquet file.
func (e *Encoder) footer(dst []byte) []byte {
	w := &e.meta
	w.b, w.last, w.depth = dst, 0, 0
	// Where every chunk is one page, an index of pages says no more than the chunks' own statistics.
	if len(e.pages) > len(e.chunks) && !e.opt.Bare {
		for i := range e.chunks {
			e.columnIndex(w, &e.chunks[i], e.leaves[i%len(e.leaves)].leaf)
		}
		for i := range e.chunks {
			e.offsetIndex(w, &e.chunks[i])
		}
	}
	at := len(w.b)
	w.last = 0
	w.i32(1, 1)
	w.b, w.last = append(w.b, e.schema...), 2
	w.i64(3, e.rows)
	w.list(4, thriftStruct, len(e.groups))
	for i := range e.groups {
		e.rowGroup(w, i)
	}
	w.text(6, createdBy)
	w.list(7, thriftStruct, len(e.leaves))
	for range e.leaves {
		w.begin() // the order of the type, for every column
		w.structure(1)
		w.end()
		w.end()
	}
	w.b = append(w.b, 0)
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(len(w.b)-at))
	return append(w.b, magic...)
}

func (e *Encoder) rowGroup(w *thriftWriter, i int) {
	g := &e.groups[i]
	w.begin()
	w.list(1, thriftStruct, len(e.leaves))
	for j := range e.leaves {
		e.columnChunk(w, &e.chunks[i*len(e.leaves)+j], &e.leaves[j])
	}
	w.i64(2, g.plain)
	w.i64(3, g.rows)
	w.i64(5, g.start)
	w.i64(6, g.packed)
	if i < 1<<15 {
		w.field(7, thriftI16)
		w.b = binary.AppendVarint(w.b, int64(i))
	}
	w.end()
}

func (e *Encoder) columnChunk(w *thriftWriter, c *chunk, s *leafState) {
	w.begin()
	w.i64(2, c.start)
	w.structure(3)
	w.i32(1, int32(physical(s.leaf.Kind)))
	w.list(2, thriftI32, c.encodingCount)
	for _, enc := range c.encodings[:c.encodingCount] {
		w.b = binary.AppendVarint(w.b, int64(enc))
	}
	w.field(3, thriftList)
	w.b = append(w.b, s.path...)
	w.i32(4, int32(c.codec.format()))
	w.i64(5, c.entries)
	w.i64(6, c.plain)
	w.i64(7, c.packed)
	w.i64(9, c.dataAt)
	if c.dictionary {
		w.i64(11, c.start)
	}
	e.statistics(w, c)
	encodingStats(w, c)
	if c.bloomSize > 0 {
		w.i64(14, c.bloomAt)
		w.i32(15, c.bloomSize)
	}
	w.end()
	if c.columnLen > 0 {
		w.i64(4, c.offsetAt)
		w.i32(5, c.offsetLen)
		w.i64(6, c.columnAt)
		w.i32(7, c.columnLen)
	}
	w.end()
}

func (e *Encoder) statistics(w *thriftWriter, c *chunk) {
	w.structure(12)
	w.i64(3, c.nulls)
	if c.nulls < c.entries && !e.opt.Bare {
		w.binary(5, e.bounds[c.hi.from:c.hi.to])
		w.binary(6, e.bounds[c.lo.from:c.lo.to])
	}
	w.end()
}

// encodingStats tells readers that filter by dictionary whether every page uses it.
func encodingStats(w *thriftWriter, c *chunk) {
	item := func(typ format.PageType, enc format.Encoding, n int) {
		w.begin()
		w.i32(1, int32(typ))
		w.i32(2, int32(enc))
		w.i32(3, int32(n))
		w.end()
	}
	if !c.dictionary {
		w.list(13, thriftStruct, 1)
	} else {
		w.list(13, thriftStruct, 2)
		item(format.DictionaryPage, format.Plain, 1)
	}
	item(format.DataPage, c.value, c.pageTo-c.pageFrom)
}

func (e *Encoder) columnIndex(w *thriftWriter, c *chunk, l *Leaf) {
	c.columnAt = e.at(w.b)
	pages := e.pages[c.pageFrom:c.pageTo]
	w.last = 0
	w.list(1, thriftTrue, len(pages))
	for i := range pages {
		w.b = append(w.b, 2-byte(boolInt(pages[i].empty)))
	}
	w.list(2, thriftBinary, len(pages))
	for i := range pages {
		w.item(e.bounds[pages[i].lo.from:pages[i].lo.to])
	}
	w.list(3, thriftBinary, len(pages))
	for i := range pages {
		w.item(e.bounds[pages[i].hi.from:pages[i].hi.to])
	}
	w.i32(4, int32(e.order(pages, l)))
	w.list(5, thriftI64, len(pages))
	for i := range pages {
		w.b = binary.AppendVarint(w.b, pages[i].nulls)
	}
	w.b = append(w.b, 0)
	c.columnLen = int32(e.at(w.b) - c.columnAt)
}

// order says whether the pages' bounds ascend or descend, so that readers may search them by halves.
func (e *Encoder) order(pages []pageInfo, l *Leaf) format.BoundaryOrder {
	ascending, descending := true, true
	var before *pageInfo
	for i := range pages {
		p := &pages[i]
		if p.empty {
			continue
		}
		if before != nil {
			lo := l.comparePlain(e.bounds[before.lo.from:before.lo.to], e.bounds[p.lo.from:p.lo.to])
			hi := l.comparePlain(e.bounds[before.hi.from:before.hi.to], e.bounds[p.hi.from:p.hi.to])
			ascending = ascending && lo <= 0 && hi <= 0
			descending = descending && lo >= 0 && hi >= 0
		}
		before = p
	}
	switch {
	case ascending:
		return format.Ascending
	case descending:
		return format.Descending
	}
	return format.Unordered
}

func (e *Encoder) offsetIndex(w *thriftWriter, c *chunk) {
	c.offsetAt = e.at(w.b)
	w.last = 0
	w.list(1, thriftStruct, c.pageTo-c.pageFrom)
	for _, p := range e.pages[c.pageFrom:c.pageTo] {
		w.begin()
		w.i64(1, p.at)
		w.i32(2, p.size)
		w.i64(3, p.firstRow)
		w.end()
	}
	w.b = append(w.b, 0)
	c.offsetLen = int32(e.at(w.b) - c.offsetAt)
}
