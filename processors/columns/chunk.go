package columns

import (
	"hash/crc32"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/bloom/xxhash"
	"github.com/parquet-go/parquet-go/format"

	"github.com/tarn-lake/tarn/internal/fault"
)

const (
	tinyChunk   = 1024 // bytes and entries not worth a compressor's tables
	bloomBits   = 10   // bits of filter a value: one false positive in a hundred
	nothing     = -1   // no such value
	maxEncoding = 3    // encodings a chunk can use
)

// chunk is a written column chunk.
type chunk struct {
	codec                Codec
	encodings            [maxEncoding]format.Encoding
	encodingCount        int
	value                format.Encoding // of the data pages
	numbers              bool            // they hold plain numbers of eight bytes
	start, dataAt        int64
	dictionary           bool
	packed, plain        int64 // sizes, headers included
	entries, nulls       int64
	pageFrom, pageTo     int // in Encoder.pages
	lo, hi               bytesAt
	bloomAt              int64
	bloomSize            int32
	columnAt, offsetAt   int64 // of the page index, once written
	columnLen, offsetLen int32
}

// pageInfo is a written data page.
type pageInfo struct {
	at, firstRow, nulls int64
	size                int32
	empty               bool // no values
	lo, hi              bytesAt
	least, most         int // which values they are
}

// bytesAt is a slice of Encoder.bounds.
type bytesAt struct{ from, to int }

// chunk appends the column chunk of what sp says of the leaf.
func (e *Encoder) chunk(dst []byte, l *Leaf, s *leafState, sp span, rows int) []byte {
	c := chunk{codec: e.opt.Codec, start: e.at(dst), pageFrom: len(e.pages), entries: int64(sp.to - sp.entries)}
	c.nulls = c.entries - int64(sp.valuesTo-sp.values)
	values := l // what the dictionary's entries, or the chunk's values, are counted in
	if l.dict == nil {
		c.dictionary = e.dict.build(l, sp.values, sp.valuesTo)
	} else if c.dictionary = e.dict.renumber(l, sp.values, sp.valuesTo); c.dictionary {
		values = &e.dict.values
	} else if err := l.expand(); err != nil {
		e.err = err
		return dst
	}
	if size := e.size(l, &c, sp); e.alone && size < tinyChunk && sp.to-sp.entries < tinyChunk {
		c.codec = None
	}
	e.encodings(l, &c)
	if c.dictionary {
		dst = e.dictionaryPage(dst, values, &c)
	}
	c.numbers = c.value == format.Plain && l.Kind == Int64
	c.dataAt = e.at(dst)
	for left := sp; left.rows < left.rowsTo; {
		p := l.page(left, rows, e.opt.PageRows)
		dst = e.dataPage(dst, l, values, &c, p, sp)
		left.rows, left.entries, left.values = p.rowsTo, p.to, p.valuesTo
	}
	c.pageTo = len(e.pages)
	c.packed = e.at(dst) - c.start
	e.conclude(values, s, &c)
	if s.bloom {
		dst = e.bloomFilter(dst, values, &c, sp)
	}
	e.chunks = append(e.chunks, c)
	return dst
}

// size returns the bytes of the chunk's values as they are encoded.
func (e *Encoder) size(l *Leaf, c *chunk, sp span) int {
	if c.dictionary {
		return e.dict.size + (sp.valuesTo-sp.values)*e.dict.width()/8
	}
	return l.plainSize(sp.values, sp.valuesTo)
}

// encodings settles how values and levels of the chunk are encoded.
func (e *Encoder) encodings(l *Leaf, c *chunk) {
	add := func(v format.Encoding) {
		c.encodings[c.encodingCount] = v
		c.encodingCount++
	}
	switch {
	case c.dictionary:
		c.value = format.RLEDictionary
		add(format.Plain) // the dictionary itself
	case e.opt.Delta && (l.Kind == Int32 || l.Kind == Int64):
		c.value = format.DeltaBinaryPacked
	case e.opt.Delta && l.Kind == Bytes:
		c.value = format.DeltaLengthByteArray
	default:
		c.value = format.Plain
	}
	add(c.value)
	if l.MaxDef > 0 {
		add(format.RLE)
	}
}

// dictionaryPage appends the page of the chunk's distinct values.
func (e *Encoder) dictionaryPage(dst []byte, l *Leaf, c *chunk) []byte {
	p := e.page[:0]
	for _, i := range e.dict.first {
		p = l.appendValue(p, int(i))
	}
	e.page = p
	return e.emit(dst, c, format.DictionaryPage, len(e.dict.first), format.Plain)
}

// dataPage appends one page and notes it for the page index.
func (e *Encoder) dataPage(dst []byte, l, values *Leaf, c *chunk, p, all span) []byte {
	out := e.page[:0]
	if l.MaxRep > 0 {
		out = e.levels(out, l.Rep[p.entries:p.to], l.MaxRep)
	}
	if l.MaxDef > 0 {
		if p.valuesTo-p.values == p.to-p.entries {
			out = oneLevel(out, p.to-p.entries, l.MaxDef)
		} else {
			out = e.levels(out, l.Def[p.entries:p.to], l.MaxDef)
		}
	}
	e.page = e.values(out, l, c, p, all)
	if len(e.page) > maxPage || c.entries > maxEntries {
		e.err = fault.New(fault.Exceeded, "column %s has %d bytes in one row, more than %d, or too many items", l.Path, len(e.page), maxPage)
	}
	info := pageInfo{at: e.at(dst), firstRow: int64(p.rows - all.rows), nulls: int64((p.to - p.entries) - (p.valuesTo - p.values))}
	dst = e.emit(dst, c, format.DataPage, p.to-p.entries, c.value)
	info.size = int32(e.at(dst) - info.at)
	e.bound(values, c, &info, p, all)
	e.pages = append(e.pages, info)
	return dst
}

// emit appends the page in e.page, compressed, behind its header.
func (e *Encoder) emit(dst []byte, c *chunk, typ format.PageType, n int, enc format.Encoding) []byte {
	packed := e.comp.pack(c.codec, e.page, c.numbers && typ == format.DataPage)
	w := &e.meta
	w.b, w.last, w.depth = dst, 0, 0
	w.i32(1, int32(typ))
	w.i32(2, int32(len(e.page)))
	w.i32(3, int32(len(packed)))
	w.i32(4, int32(crc32.ChecksumIEEE(packed)))
	if typ == format.DictionaryPage {
		w.structure(7)
		w.i32(1, int32(n))
		w.i32(2, int32(enc))
	} else {
		w.structure(5)
		w.i32(1, int32(n))
		w.i32(2, int32(enc))
		w.i32(3, int32(format.RLE))
		w.i32(4, int32(format.RLE))
	}
	w.end()
	header := len(w.b) + 1 - len(dst)
	c.plain += int64(header + len(e.page))
	return append(append(w.b, 0), packed...)
}

// bloomFilter appends a split-block filter of the chunk's values.
func (e *Encoder) bloomFilter(dst []byte, l *Leaf, c *chunk, sp span) []byte {
	n := sp.valuesTo - sp.values
	if c.dictionary {
		n = len(e.dict.first)
	}
	blocks := max(1, bloom.NumSplitBlocksOf(int64(n), bloomBits))
	if cap(e.bloom) < blocks {
		e.bloom = make(bloom.SplitBlockFilter, blocks)
	}
	e.bloom = e.bloom[:blocks]
	e.bloom.Reset()
	for i := range n {
		v := sp.values + i
		if c.dictionary {
			v = int(e.dict.first[i])
		}
		e.scratch = l.appendPlain(e.scratch[:0], v)
		e.bloom.Insert(xxhash.Sum64(e.scratch))
	}
	c.bloomAt = e.at(dst)
	w := &e.meta
	w.b, w.last, w.depth = dst, 0, 0
	w.i32(1, int32(len(e.bloom.Bytes())))
	for id := int16(2); id <= 4; id++ { // split block, xxhash, uncompressed: each the first of its union
		w.structure(id)
		w.structure(1)
		w.end()
		w.end()
	}
	dst = append(append(w.b, 0), e.bloom.Bytes()...)
	c.bloomSize = int32(e.at(dst) - c.bloomAt)
	return dst
}
