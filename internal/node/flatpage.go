package node

import (
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// flatPage is a page of a column of plain values that are taken from it as they lie there, without a parquet.Value for each: texts, whole
// numbers, and entries of a dictionary, whose texts are made once for all rows.
type flatPage struct {
	rows   int
	at     int    // the next row
	levels []byte // of the rows; a zero is a null; nil: there are none
	value  int    // the next value

	entries []int32 // of the dictionary
	small   []int32
	large   []int64
	bytes   []byte
	offsets []uint32
}

// words is the texts of a dictionary.
type words struct {
	of   parquet.Dictionary
	text []byte
	ends []int
}

// flat returns a page that can be taken as it lies there; false: its values have to be read one by one.
func (c *textColumn) flat(page parquet.Page) (p flatPage, ok bool, err error) {
	if len(page.RepetitionLevels()) > 0 {
		return p, false, nil
	}
	p.rows, p.levels = int(page.NumRows()), page.DefinitionLevels()
	if len(p.levels) == 0 {
		p.levels = nil
	} else if len(p.levels) != p.rows {
		return p, false, nil
	}
	data, values := page.Data(), p.rows-nulls(p.levels)
	if dictionary := page.Dictionary(); dictionary != nil {
		if data.Kind() != encoding.Int32 {
			return p, false, nil
		}
		if p.entries = data.Int32(); len(p.entries) < values {
			return p, false, nil
		}
		if err := c.words.learn(dictionary, &c.field); err != nil {
			return p, false, err
		}
		if !c.words.have(p.entries) {
			return p, false, fault.New(fault.Invalid, "a page names entries that its dictionary has not: the file is damaged")
		}
		return p, true, nil
	}
	whole := c.field.Type == schemas.Int32 || c.field.Type == schemas.Int64 || c.field.Type == schemas.Timestamp
	switch data.Kind() {
	case encoding.Int32:
		p.small = data.Int32()
		ok = whole && len(p.small) >= values
	case encoding.Int64:
		p.large = data.Int64()
		ok = whole && len(p.large) >= values
	case encoding.ByteArray:
		p.bytes, p.offsets = data.ByteArray()
		ok = (c.field.Type == schemas.String || c.field.Type == schemas.Enum) && len(p.offsets) > values
	}
	return p, ok, nil
}

// nulls counts the levels that say so.
func nulls(levels []byte) (n int) {
	for _, l := range levels {
		if l == 0 {
			n++
		}
	}
	return n
}

// learn makes the texts of a dictionary, if it is another one than before.
func (w *words) learn(of parquet.Dictionary, f *schemas.Field) (err error) {
	if w.of == of {
		return nil
	}
	w.of, w.text, w.ends = nil, w.text[:0], w.ends[:0]
	for i := range of.Len() {
		if w.text, err = appendText(w.text, f, of.Index(int32(i))); err != nil {
			return err
		}
		w.ends = append(w.ends, len(w.text))
	}
	w.of = of
	return nil
}

// have reports whether the dictionary has all these entries, which those of a damaged file need not be.
func (w *words) have(entries []int32) bool {
	for _, e := range entries {
		if uint(e) >= uint(len(w.ends)) {
			return false
		}
	}
	return true
}

func (w *words) at(entry int32) []byte {
	from := 0
	if entry > 0 {
		from = w.ends[entry-1]
	}
	return w.text[from:w.ends[entry]]
}

// take fills rows of a column from a page, and returns the next row.
func (p *flatPage) take(c *textColumn, row, n int) int {
	for ; row < n && p.at < p.rows; row++ {
		null := p.levels != nil && p.levels[p.at] == 0
		if p.at++; !null {
			c.text = p.append(c.text, &c.words)
			p.value++
		}
		c.null[row], c.ends[row] = null, len(c.text)
	}
	return row
}

// append appends the text of the next value.
func (p *flatPage) append(b []byte, w *words) []byte {
	switch at := p.value; {
	case p.entries != nil:
		return append(b, w.at(p.entries[at])...)
	case p.offsets != nil:
		return append(b, p.bytes[p.offsets[at]:p.offsets[at+1]]...)
	case p.large != nil:
		return strconv.AppendInt(b, p.large[at], 10)
	default:
		return strconv.AppendInt(b, int64(p.small[at]), 10)
	}
}
