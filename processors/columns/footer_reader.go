package columns

import (
	"github.com/parquet-go/parquet-go/format"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Limits on what a file may claim, so that a damaged one cannot ask for memory it does not deserve.
const (
	maxFooter   = 64 << 20 // bytes
	maxElements = 10_000   // of a schema
	maxGroups   = 1 << 15  // Parquet's own limit
	maxRows     = 1 << 24  // of a row group
	maxEntries  = 1 << 26  // of a column chunk
	maxPage     = 64 << 20 // bytes of a page, uncompressed
)

// element is one node of a file's schema, as the footer lists them.
type element struct {
	physical, width, repetition, converted, scale, precision int32
	name                                                     string
	children, id                                             int32
	logical                                                  int16
	unit                                                     int16 // of a timestamp
	utc                                                      bool
	bits                                                     byte // of a signed integer
}

// fileGroup is a row group as the footer describes it.
type fileGroup struct {
	rows   int64
	chunks []fileChunk
}

// fileChunk is a column chunk as the footer describes it.
type fileChunk struct {
	physical               int32
	codec                  format.CompressionCodec
	entries, packed, plain int64
	dataAt, dictionaryAt   int64
	hasMeta, hasDictionary bool
}

// begin returns where the chunk's first page is.
func (c *fileChunk) begin() int64 {
	if c.hasDictionary && c.dictionaryAt > 0 && c.dictionaryAt < c.dataAt {
		return c.dictionaryAt
	}
	return c.dataAt
}

// footer is what the reader takes from a file's metadata.
type footer struct {
	rows     int64
	elements []element
	groups   []fileGroup
}

func readFooter(b []byte) (*footer, error) {
	r, f := thriftReader{b: b}, &footer{}
	r.structure(func(id int16, typ byte) bool {
		switch {
		case id == 2 && typ == thriftList:
			r.structs(maxElements, func(int) {
				f.elements = append(f.elements, element{physical: -1, converted: -1})
			}, func(id int16, typ byte) bool { return f.elements[len(f.elements)-1].read(&r, id, typ) })
		case id == 3 && typ == thriftI64:
			f.rows = r.int()
		case id == 4 && typ == thriftList:
			r.structs(maxGroups, func(int) { f.groups = append(f.groups, fileGroup{}) },
				func(id int16, typ byte) bool { return f.groups[len(f.groups)-1].read(&r, id, typ) })
		default:
			return false
		}
		return true
	})
	if r.err != nil {
		return nil, fault.Wrap(fault.Invalid, r.err, "the Parquet file's footer cannot be read")
	}
	return f, nil
}

func (e *element) read(r *thriftReader, id int16, typ byte) bool {
	numbers := [...]*int32{1: &e.physical, 2: &e.width, 3: &e.repetition, 5: &e.children, 6: &e.converted, 7: &e.scale,
		8: &e.precision, 9: &e.id}
	switch {
	case id == 4 && typ == thriftBinary:
		e.name = string(r.binary())
	case id == 10 && typ == thriftStruct:
		r.structure(func(id int16, typ byte) bool {
			if typ != thriftStruct {
				return false
			}
			e.logical = id
			r.structure(func(id int16, typ byte) bool { return e.readLogical(r, id, typ) })
			return true
		})
	case typ == thriftI32 && id > 0 && int(id) < len(numbers) && numbers[id] != nil:
		*numbers[id] = int32(r.int())
	default:
		return false
	}
	return true
}

// readLogical reads what a logical type says beyond its name: of a timestamp, unit and zone; of an integer, its width.
func (e *element) readLogical(r *thriftReader, id int16, typ byte) bool {
	if e.logical == (*format.IntType)(nil).FieldID() {
		switch {
		case id == 1 && typ == thriftByte:
			e.bits = r.byte()
			return true
		case id == 2 && typ == thriftFalse:
			e.bits = 0
		}
		return false
	}
	if e.logical != (*format.TimestampType)(nil).FieldID() {
		return false
	}
	switch {
	case id == 1 && (typ == thriftTrue || typ == thriftFalse):
		e.utc = typ == thriftTrue
		return true
	case id == 2 && typ == thriftStruct:
		r.structure(func(id int16, _ byte) bool { e.unit = id; return false })
		return true
	}
	return false
}

func (g *fileGroup) read(r *thriftReader, id int16, typ byte) bool {
	switch {
	case id == 1 && typ == thriftList:
		r.structs(maxElements, func(int) { g.chunks = append(g.chunks, fileChunk{}) }, func(id int16, typ byte) bool {
			if id != 3 || typ != thriftStruct {
				return false
			}
			c := &g.chunks[len(g.chunks)-1]
			c.hasMeta = true
			r.structure(func(id int16, typ byte) bool { return c.read(r, id, typ) })
			return true
		})
	case id == 3 && typ == thriftI64:
		g.rows = r.int()
	default:
		return false
	}
	return true
}

func (c *fileChunk) read(r *thriftReader, id int16, typ byte) bool {
	switch {
	case id == 1 && typ == thriftI32:
		c.physical = int32(r.int())
	case id == 4 && typ == thriftI32:
		c.codec = format.CompressionCodec(r.int())
	case id == 5 && typ == thriftI64:
		c.entries = r.int()
	case id == 6 && typ == thriftI64:
		c.plain = r.int()
	case id == 7 && typ == thriftI64:
		c.packed = r.int()
	case id == 9 && typ == thriftI64:
		c.dataAt = r.int()
	case id == 11 && typ == thriftI64:
		c.dictionaryAt, c.hasDictionary = r.int(), true
	default:
		return false
	}
	return true
}
