package columns

import (
	"encoding/binary"

	"github.com/tarn-lake/tarn/schemas"
)

// Leaf is one primitive column in Parquet's own shape: the values that are there, densely, and beside them the levels
// that say where they are missing. The slices are exported so that a decoder can append straight to them; whoever does
// appends to each of them what the Append methods would.
type Leaf struct {
	Kind   Kind
	Width  int // Fixed: bytes a value
	Path   string
	Column schemas.Column
	MaxDef uint8 // definition level of a value that is there; 0: required at the top, Def stays empty
	MaxRep uint8 // 0: not in a list or map, Rep stays empty
	Fill   bool  // a source without this required column gives zero values instead of an error

	Bools   []bool
	Int32s  []int32
	Int64s  []int64
	Arena   []byte   // Bytes, Fixed: the values, one after the other
	Offsets []uint32 // Bytes: value i is Arena[Offsets[i]:Offsets[i+1]]; the leading 0 is always there
	Def     []uint8  // one per entry
	Rep     []uint8  // one per entry; 0 begins a row

	ids  []int32 // of each value, where dict is set and the slices above hold none
	dict *Leaf   // the distinct values; nil: the values are stored as they are

	node   *Node
	isTop  bool // optional and not in an object
	at     int  // position in the layout
	mark   int  // entries at the last EndRow, for leaves in lists
	index  index
	picked []int32 // values being gathered
}

// Len returns how many values there are, nulls not counted.
func (l *Leaf) Len() int {
	if l.dict != nil {
		return len(l.ids)
	}
	switch l.Kind {
	case Bool:
		return len(l.Bools)
	case Int32:
		return len(l.Int32s)
	case Int64:
		return len(l.Int64s)
	case Bytes:
		return len(l.Offsets) - 1
	default:
		return len(l.Arena) / l.Width
	}
}

// Value returns the i-th value of a Bytes or Fixed leaf, nulls not counted. It points into the arena.
func (l *Leaf) Value(i int) []byte {
	if l.Kind == Fixed {
		return l.Arena[i*l.Width : (i+1)*l.Width : (i+1)*l.Width]
	}
	to := l.Offsets[i+1]
	return l.Arena[l.Offsets[i]:to:to]
}

// AppendNull adds a row that is null at the top level. It panics on a required top-level leaf.
func (l *Leaf) AppendNull() { l.AppendNullAt(0, 0) }

// AppendNullAt adds an entry without a value: an ancestor is null or an empty list, as the definition level says.
func (l *Leaf) AppendNullAt(rep, def uint8) {
	if def >= l.MaxDef {
		panic("columns: null in " + l.Path + " where it is required")
	}
	l.Def = append(l.Def, def)
	if l.MaxRep > 0 {
		l.Rep = append(l.Rep, rep)
	}
}

// Present adds the levels of a value that is there and begins a row; decoders that append to the value slices
// themselves call it after each value.
func (l *Leaf) Present() {
	if l.MaxDef > 0 {
		l.Def = append(l.Def, l.MaxDef)
		if l.MaxRep > 0 {
			l.Rep = append(l.Rep, 0)
		}
	}
}

// Repeat makes the entry appended last the next item of the innermost list or map instead of the first of a new row.
func (l *Leaf) Repeat() { l.Rep[len(l.Rep)-1] = l.MaxRep }

// RepeatAt is Repeat at another level: for lists in lists.
func (l *Leaf) RepeatAt(rep uint8) { l.Rep[len(l.Rep)-1] = rep }

// AppendBool adds a value to a Bool leaf.
func (l *Leaf) AppendBool(v bool) {
	l.Bools = append(l.Bools, v)
	l.Present()
}

// AppendInt32 adds a value to an Int32 leaf: an integer, a date as days since 1970, an unscaled decimal.
func (l *Leaf) AppendInt32(v int32) {
	l.Int32s = append(l.Int32s, v)
	l.Present()
}

// AppendInt64 adds a value to an Int64 leaf: an integer, a timestamp as UTC microseconds, an unscaled decimal.
func (l *Leaf) AppendInt64(v int64) {
	l.Int64s = append(l.Int64s, v)
	l.Present()
}

// AppendBytes adds a copy of v to a Bytes leaf, or to a Fixed leaf, where it must have exactly Width bytes.
func (l *Leaf) AppendBytes(v []byte) {
	l.Arena = append(l.Arena, v...)
	l.close(len(v))
}

// AppendFrom is AppendBytes of src[from:to]. Where src goes on behind it, a short value costs no more than four words.
func (l *Leaf) AppendFrom(src []byte, from, to int) {
	const short = 32
	n, at := to-from, len(l.Arena)
	if uint(n) > short || len(src)-from < short || cap(l.Arena)-at < short {
		l.AppendBytes(src[from:to])
		return
	}
	in, out := src[from:from+short], l.Arena[at:at+short]
	a, b := binary.LittleEndian.Uint64(in), binary.LittleEndian.Uint64(in[8:])
	c, d := binary.LittleEndian.Uint64(in[16:]), binary.LittleEndian.Uint64(in[24:])
	binary.LittleEndian.PutUint64(out, a)
	binary.LittleEndian.PutUint64(out[8:], b)
	binary.LittleEndian.PutUint64(out[16:], c)
	binary.LittleEndian.PutUint64(out[24:], d)
	l.Arena = l.Arena[:at+n]
	l.close(n)
}

// TakeBack drops what was appended since the last EndRow to a leaf in a list or map.
func (l *Leaf) TakeBack() { l.truncate(0) }

// AppendString is AppendBytes of a string.
func (l *Leaf) AppendString(v string) {
	l.Arena = append(l.Arena, v...)
	l.close(len(v))
}

func (l *Leaf) close(n int) {
	if l.Kind == Bytes {
		if uint64(len(l.Arena)) > maxArena {
			panic("columns: " + l.Path + " holds more than 4 GiB: flush the batch earlier")
		}
		l.Offsets = append(l.Offsets, uint32(len(l.Arena)))
	} else if n != l.Width {
		panic("columns: " + l.Path + " takes values of a fixed length")
	}
	l.Present()
}

// AppendDecimal adds an unscaled decimal, given as a 128-bit two's complement number, in the form its precision asks for.
// That it fits the precision is the caller's business.
func (l *Leaf) AppendDecimal(hi int64, lo uint64) {
	l.appendUnscaled(hi, lo)
	l.Present()
}

func (l *Leaf) appendUnscaled(hi int64, lo uint64) {
	switch l.Kind {
	case Int32:
		l.Int32s = append(l.Int32s, int32(lo))
	case Int64:
		l.Int64s = append(l.Int64s, int64(lo))
	default:
		var full [16]byte
		binary.BigEndian.PutUint64(full[:8], uint64(hi))
		binary.BigEndian.PutUint64(full[8:], lo)
		l.Arena = append(l.Arena, full[16-l.Width:]...)
	}
}

const maxArena = 1<<32 - 1 // offsets are 32 bits wide

func (l *Leaf) reset() {
	l.Bools, l.Int32s, l.Int64s, l.Arena = l.Bools[:0], l.Int32s[:0], l.Int64s[:0], l.Arena[:0]
	l.Def, l.Rep, l.Offsets, l.mark = l.Def[:0], l.Rep[:0], l.Offsets[:0], 0
	l.ids, l.dict = l.ids[:0], nil
	if l.Kind == Bytes {
		l.Offsets = append(l.Offsets, 0)
	}
	l.index.valid = false
}

func (l *Leaf) size() int {
	return len(l.Bools) + 4*len(l.Int32s) + 8*len(l.Int64s) + len(l.Arena) + 4*len(l.Offsets) + len(l.Def) + len(l.Rep) + 4*len(l.ids)
}

// entries returns how many entries there are, nulls and empty lists included.
func (l *Leaf) entries() int {
	if l.MaxDef == 0 {
		return l.Len()
	}
	return len(l.Def)
}
