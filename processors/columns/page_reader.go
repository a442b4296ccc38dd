package columns

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"

	"github.com/tarn-lake/tarn/internal/fault"
)

// pageReader decodes column chunks into leaves and keeps its buffers.
type pageReader struct {
	zstd       *zstd.Decoder
	plain      []byte // the page at hand, uncompressed
	dictionary Leaf
	ids        []int32
	levels     []uint8
	numbers32  []int32
	numbers64  []int64
	numbers    []uint32
	trusting   bool // checksums are not compared

	coder *coder  // where set, the leaf takes numbers of it
	codes []int32 // of the dictionary's entries
	part  *Leaf   // a page of which not all is wanted
}

func damaged(l *Leaf, what string) error {
	return fault.New(fault.Invalid, "column %s of the Parquet file is damaged: %s", l.Path, what)
}

// read appends the chunk's entries to the leaf. The chunk must hold exactly that many rows.
func (d *pageReader) read(l *Leaf, c *fileChunk, data []byte, rows int64) error {
	return d.pages(l, c, data, rows, nil, func(h pageHeader, body []byte) error { return d.readData(l, c, h, body) })
}

// pages hands over the chunk's data pages one after the other, and checks what they add up to. Those whose values from..to
// are not wanted, where wanted is given, are passed over as they are.
func (d *pageReader) pages(l *Leaf, c *fileChunk, data []byte, rows int64, wanted func(from, to int64) bool, page func(h pageHeader, body []byte) error) error {
	d.dictionary = Leaf{Kind: l.Kind, Width: l.Width, Arena: d.dictionary.Arena[:0], Offsets: d.dictionary.Offsets[:0],
		Int32s: d.dictionary.Int32s[:0], Int64s: d.dictionary.Int64s[:0]}
	d.dictionary.reset()
	got, first := int64(0), len(l.Rep)
	for left := c.entries; left > 0; {
		h, n, err := readPageHeader(data)
		if err != nil || h.packed < 0 || int(h.packed) > len(data)-n || h.size < 0 || h.values < 0 {
			return damaged(l, "a page's header cannot be read")
		}
		body := data[n : n+int(h.packed)]
		data = data[n+int(h.packed):]
		unwanted := h.typ != format.DictionaryPage && wanted != nil && !wanted(got, got+int64(h.values))
		if h.hasCRC && !d.trusting && !unwanted && crc32.ChecksumIEEE(body) != uint32(h.crc) {
			return damaged(l, "a page's checksum differs")
		}
		if h.size > maxPage {
			return fault.New(fault.Exceeded, "column %s of the Parquet file has a page of %d bytes, more than %d", l.Path, h.size, maxPage)
		}
		switch h.typ {
		case format.DictionaryPage:
			err = d.readDictionary(l, c, h, body)
		case format.DataPage, format.DataPageV2:
			if int64(h.values) > left {
				return damaged(l, "it has more entries than the footer says")
			}
			left -= int64(h.values)
			got += int64(h.values)
			if !unwanted {
				err = page(h, body)
			}
		}
		if err != nil {
			return err
		}
	}
	if l.MaxRep > 0 {
		got = 0
		for _, r := range l.Rep[first:] {
			if r == 0 {
				got++
			}
		}
		if len(l.Rep) > first && l.Rep[first] != 0 {
			return damaged(l, "it begins inside a row")
		}
	}
	if got != rows {
		return damaged(l, "it has another number of rows than its row group")
	}
	return nil
}

// unpack returns the body uncompressed, valid until the next call.
func (d *pageReader) unpack(l *Leaf, codec format.CompressionCodec, body []byte, size int) ([]byte, error) {
	switch codec {
	case format.Uncompressed:
		if len(body) != size {
			return nil, damaged(l, "a page has another size than its header says")
		}
		return body, nil
	case format.Snappy:
		n, err := snappy.DecodedLen(body)
		if err != nil || n != size {
			return nil, damaged(l, "a page has another size than its header says")
		}
		if cap(d.plain) < n {
			d.plain = make([]byte, n)
		}
		if d.plain, err = snappy.Decode(d.plain[:n], body); err != nil {
			return nil, damaged(l, err.Error())
		}
	case format.Zstd:
		if d.zstd == nil {
			dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPage), zstd.WithDecoderLowmem(true))
			if err != nil {
				return nil, err
			}
			d.zstd = dec
		}
		var err error
		if d.plain, err = d.zstd.DecodeAll(body, d.plain[:0]); err != nil {
			return nil, damaged(l, err.Error())
		}
	default:
		return nil, fault.New(fault.Invalid, "column %s of the Parquet file is compressed with %s, which the lake does not use", l.Path, codec)
	}
	if len(d.plain) != size {
		return nil, damaged(l, "a page has another size than its header says")
	}
	return d.plain, nil
}

func (d *pageReader) readDictionary(l *Leaf, c *fileChunk, h pageHeader, body []byte) error {
	if h.encoding != format.Plain && h.encoding != oldDictionary || l.Kind == Bool {
		return damaged(l, "its dictionary is not plain")
	}
	plain, err := d.unpack(l, c.codec, body, int(h.size))
	if err != nil {
		return err
	}
	d.dictionary.reset()
	d.dictionary.Path = l.Path
	if err := d.dictionary.readPlain(plain, int(h.values)); err != nil || d.coder == nil {
		return err
	}
	d.codes = d.codes[:0]
	for i := range d.dictionary.Len() {
		d.codes = append(d.codes, d.coder.code(&d.dictionary, i))
	}
	return nil
}

// readData appends the entries of a data page.
func (d *pageReader) readData(l *Leaf, c *fileChunk, h pageHeader, body []byte) error {
	var levels [2][]byte // repetition, definition
	var plain []byte
	var err error
	if h.v2 {
		def, rep := int(h.levels[0]), int(h.levels[1])
		if def < 0 || rep < 0 || def > len(body) || rep > len(body)-def || int(h.size) < def+rep {
			return damaged(l, "a page's levels are longer than the page")
		}
		levels[0], levels[1] = body[:rep], body[rep:rep+def]
		codec := c.codec
		if h.uncompressed2 {
			codec = format.Uncompressed
		}
		plain, err = d.unpack(l, codec, body[rep+def:], int(h.size)-rep-def)
	} else {
		if plain, err = d.unpack(l, c.codec, body, int(h.size)); err != nil {
			return err
		}
		levels, plain, err = splitLevels(l, h, plain)
	}
	if err != nil {
		return err
	}
	n, err := d.readLevels(l, levels, int(h.values))
	if err != nil {
		return err
	}
	return d.readValues(l, h.encoding, plain, n)
}

// splitLevels takes the length-prefixed levels from the front of a v1 page.
func splitLevels(l *Leaf, h pageHeader, page []byte) (levels [2][]byte, rest []byte, err error) {
	for i, most := range [2]uint8{l.MaxRep, l.MaxDef} {
		if most == 0 {
			continue
		}
		if h.levels[1-i] != int32(format.RLE) {
			return levels, nil, damaged(l, "its levels are in an encoding that the lake does not use")
		}
		if len(page) < 4 || uint64(binary.LittleEndian.Uint32(page)) > uint64(len(page)-4) {
			return levels, nil, damaged(l, "a page's levels are longer than the page")
		}
		n := 4 + int(binary.LittleEndian.Uint32(page))
		levels[i], page = page[4:n], page[n:]
	}
	return levels, page, nil
}
