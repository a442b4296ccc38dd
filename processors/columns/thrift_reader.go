package columns

import (
	"encoding/binary"
	"errors"
)

var errThrift = errors.New("damaged metadata")

const maxThriftDepth = 24 // Parquet's metadata nests eight deep

// thriftReader reads Thrift's compact protocol from bytes it does not trust. The first fault sticks and ends every loop.
// It allocates nothing: a list's length is checked against what is left to read.
type thriftReader struct {
	b     []byte
	i     int
	depth int
	err   error
}

func (r *thriftReader) fail() {
	if r.err == nil {
		r.err = errThrift
	}
	r.i = len(r.b)
}

func (r *thriftReader) byte() byte {
	if r.i >= len(r.b) {
		r.fail()
		return 0
	}
	r.i++
	return r.b[r.i-1]
}

func (r *thriftReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b[r.i:])
	if n <= 0 {
		r.fail()
		return 0
	}
	r.i += n
	return v
}

func (r *thriftReader) int() int64 {
	v, n := binary.Varint(r.b[r.i:])
	if n <= 0 {
		r.fail()
		return 0
	}
	r.i += n
	return v
}

func (r *thriftReader) binary() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)-r.i) {
		r.fail()
		return nil
	}
	v := r.b[r.i : r.i+int(n)]
	r.i += int(n)
	return v
}

// list reads a list's header; every element takes at least a byte.
func (r *thriftReader) list() (typ byte, n int) {
	h := r.byte()
	size := uint64(h >> 4)
	if size == 15 {
		size = r.uvarint()
	}
	if size > uint64(len(r.b)-r.i) {
		r.fail()
		return 0, 0
	}
	return h & 15, int(size)
}

// structs reads a list of structs, calling each before the fields of every one.
func (r *thriftReader) structs(limit int, each func(i int), field func(id int16, typ byte) bool) {
	typ, n := r.list()
	if typ != thriftStruct && n > 0 || n > limit {
		r.fail()
		return
	}
	for i := 0; i < n && r.err == nil; i++ {
		each(i)
		r.structure(field)
	}
}

// structure reads a struct: field consumes the value and returns true, or returns false to have it skipped.
func (r *thriftReader) structure(field func(id int16, typ byte) bool) {
	if r.depth++; r.depth > maxThriftDepth {
		r.fail()
	}
	id := int16(0)
	for r.err == nil {
		h := r.byte()
		if h == 0 {
			break
		}
		if delta := h >> 4; delta != 0 {
			id += int16(delta)
		} else {
			id = int16(r.int())
		}
		if r.err == nil && !field(id, h&15) {
			r.skip(h & 15)
		}
	}
	r.depth--
}

func (r *thriftReader) skip(typ byte) {
	switch typ {
	case thriftTrue, thriftFalse:
	case thriftByte:
		r.byte()
	case thriftI16, thriftI32, thriftI64:
		r.uvarint()
	case thriftDouble:
		r.advance(8)
	case thriftUUID:
		r.advance(16)
	case thriftBinary:
		r.binary()
	case thriftList, thriftSet:
		elem, n := r.list()
		for i := 0; i < n && r.err == nil; i++ {
			r.skipItem(elem)
		}
	case thriftMap:
		r.skipMap()
	case thriftStruct:
		r.structure(func(int16, byte) bool { return false })
	default:
		r.fail()
	}
}

// skipItem skips an element: in collections a bool takes a byte of its own.
func (r *thriftReader) skipItem(typ byte) {
	if typ == thriftTrue || typ == thriftFalse {
		r.byte()
		return
	}
	if r.depth++; r.depth > maxThriftDepth {
		r.fail()
	}
	r.skip(typ)
	r.depth--
}

func (r *thriftReader) skipMap() {
	n := r.uvarint()
	if n == 0 {
		return
	}
	types := r.byte()
	if n > uint64(len(r.b)-r.i) {
		r.fail()
	}
	for i := uint64(0); i < n && r.err == nil; i++ {
		r.skipItem(types >> 4)
		r.skipItem(types & 15)
	}
}

func (r *thriftReader) advance(n int) {
	if n > len(r.b)-r.i {
		r.fail()
		return
	}
	r.i += n
}
