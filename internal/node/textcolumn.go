package node

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/schemas"
)

// textColumn turns a column of a Parquet file into canonical texts, as valueSQL does in the engine.
type textColumn struct {
	id    int // of the field in the file
	field schemas.Field

	nest   *nest               // of values in values
	pages  parquet.Pages       // nil: the file has no such column, which reads null
	values parquet.ValueReader // nil: of the page plain
	page   parquet.Page
	plain  flatPage // of which the values are taken where values is nil
	words  words
	read   [rowsAtOnce]parquet.Value
	text   []byte // of the rows that were filled, one behind the other
	ends   [rowsAtOnce]int
	null   [rowsAtOnce]bool
}

func (c *textColumn) close() (err error) {
	if c.page != nil {
		c.release()
	}
	if c.pages != nil {
		err = c.pages.Close()
	}
	if c.nest != nil {
		err = errors.Join(err, c.nest.close())
	}
	c.pages, c.nest, c.words.of = nil, nil, nil
	return err
}

// fill reads the next n values.
func (c *textColumn) fill(n int) error {
	c.text = c.text[:0]
	if c.nest != nil {
		return c.fillNested(n)
	}
	for row := 0; row < n; {
		if c.pages == nil {
			c.null[row], c.ends[row] = true, 0
			row++
			continue
		}
		if c.page == nil {
			if err := c.turn(); err != nil {
				return err
			}
		}
		var err error
		if row, err = c.fromPage(row, n); err != nil {
			return err
		}
	}
	return nil
}

func (c *textColumn) fillNested(n int) error {
	for row := range n {
		text, set, err := c.nest.append(c.text)
		if err != nil {
			return err
		}
		c.text, c.null[row], c.ends[row] = text, !set, len(text)
	}
	return nil
}

// turn reads the next page. That there is none is an error too: the row group says how many rows there are.
func (c *textColumn) turn() (err error) {
	if c.page, err = c.pages.ReadPage(); err != nil {
		c.page = nil
		return err
	}
	var flat bool
	if c.plain, flat, err = c.flat(c.page); err == nil && !flat {
		c.values = c.page.Values()
	}
	return err
}

// fromPage reads rows from the page, as many as it has, and returns the next row.
func (c *textColumn) fromPage(row, n int) (int, error) {
	if c.values == nil {
		row = c.plain.take(c, row, n)
		if c.plain.at == c.plain.rows {
			c.release()
		}
		return row, nil
	}
	got, err := c.values.ReadValues(c.read[:n-row])
	for i := range got {
		if err := c.add(row, c.read[i]); err != nil {
			return row, err
		}
		row++
	}
	if errors.Is(err, io.EOF) {
		c.release()
		err = nil
	}
	return row, err
}

func (c *textColumn) release() {
	parquet.Release(c.page)
	c.page, c.values, c.plain = nil, nil, flatPage{}
}

func (c *textColumn) add(row int, v parquet.Value) (err error) {
	if c.null[row] = v.IsNull(); !c.null[row] {
		c.text, err = appendText(c.text, &c.field, v)
	}
	c.ends[row] = len(c.text)
	return err
}

// at returns the text of a row and whether it is no null.
func (c *textColumn) at(row int) ([]byte, bool) {
	from := 0
	if row > 0 {
		from = c.ends[row-1]
	}
	return c.text[from:c.ends[row]], !c.null[row]
}
