package columns

import "encoding/binary"

// Types of Thrift's compact protocol, as far as Parquet's metadata uses them.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13
)

// thriftWriter writes Thrift's compact protocol. It is here because a reflecting writer costs more than all the rest of a
// small file.
type thriftWriter struct {
	b     []byte
	last  int16
	outer [8]int16 // last field ids of the structs around this one
	depth int
}

func (w *thriftWriter) begin() {
	w.outer[w.depth] = w.last
	w.depth++
	w.last = 0
}

func (w *thriftWriter) end() {
	w.b = append(w.b, 0)
	w.depth--
	w.last = w.outer[w.depth]
}

func (w *thriftWriter) field(id int16, typ byte) {
	if delta := id - w.last; delta > 0 && delta < 16 {
		w.b = append(w.b, byte(delta)<<4|typ)
	} else {
		w.b = binary.AppendVarint(append(w.b, typ), int64(id))
	}
	w.last = id
}

func (w *thriftWriter) i32(id int16, v int32) {
	w.field(id, thriftI32)
	w.b = binary.AppendVarint(w.b, int64(v))
}

func (w *thriftWriter) i64(id int16, v int64) {
	w.field(id, thriftI64)
	w.b = binary.AppendVarint(w.b, v)
}

func (w *thriftWriter) boolean(id int16, v bool) {
	if v {
		w.field(id, thriftTrue)
	} else {
		w.field(id, thriftFalse)
	}
}

func (w *thriftWriter) binary(id int16, v []byte) {
	w.field(id, thriftBinary)
	w.item(v)
}

func (w *thriftWriter) text(id int16, v string) {
	w.field(id, thriftBinary)
	w.b = append(binary.AppendUvarint(w.b, uint64(len(v))), v...)
}

// item writes a binary that is an element of a list.
func (w *thriftWriter) item(v []byte) {
	w.b = append(binary.AppendUvarint(w.b, uint64(len(v))), v...)
}

func (w *thriftWriter) list(id int16, typ byte, n int) {
	w.field(id, thriftList)
	if n < 15 {
		w.b = append(w.b, byte(n)<<4|typ)
	} else {
		w.b = binary.AppendUvarint(append(w.b, 0xf0|typ), uint64(n))
	}
}

// structure opens a struct that is a field; end closes it.
func (w *thriftWriter) structure(id int16) {
	w.field(id, thriftStruct)
	w.begin()
}
