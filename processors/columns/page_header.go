package columns

import "github.com/parquet-go/parquet-go/format"

// pageHeader is what the reader takes from a page's header.
type pageHeader struct {
	typ               format.PageType
	size, packed      int32
	crc               int32
	hasCRC            bool
	values            int32
	encoding          format.Encoding
	levels            [2]int32 // v1: encodings of definition and repetition levels; v2: their lengths
	v2, uncompressed2 bool
}

func readPageHeader(b []byte) (pageHeader, int, error) {
	r, h := thriftReader{b: b}, pageHeader{typ: -1}
	r.structure(func(id int16, typ byte) bool {
		if typ == thriftStruct && (id == 5 || id == 7 || id == 8) {
			h.v2 = id == 8
			r.structure(func(field int16, typ byte) bool { return h.read(&r, id, field, typ) })
			return true
		}
		if typ != thriftI32 || id > 4 {
			return false
		}
		switch v := int32(r.int()); id {
		case 1:
			h.typ = format.PageType(v)
		case 2:
			h.size = v
		case 3:
			h.packed = v
		case 4:
			h.crc, h.hasCRC = v, true
		}
		return true
	})
	return h, r.i, r.err
}

// read reads a field of the header's inner struct, which is the one with that id.
func (h *pageHeader) read(r *thriftReader, inner, id int16, typ byte) bool {
	if inner == 8 && id == 7 && (typ == thriftTrue || typ == thriftFalse) {
		h.uncompressed2 = typ == thriftFalse
		return true
	}
	if typ != thriftI32 {
		return false
	}
	switch v := int32(r.int()); {
	case id == 1:
		h.values = v
	case inner != 8 && id == 2, inner == 8 && id == 4:
		h.encoding = format.Encoding(v)
	case inner == 5 && (id == 3 || id == 4):
		h.levels[id-3] = v
	case inner == 8 && (id == 5 || id == 6):
		h.levels[id-5] = v
	}
	return true
}
