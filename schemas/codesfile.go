package schemas

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

const maxCodesBytes = 16 << 20 // a code list is held in memory by every process

var (
	plainName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,62}$`)
	wholeNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,18})$`)
)

// codes reads a code list: CSV with a header, the code in the first column. The code is an int32 or int64 where every
// one is a whole number as a program would write it, else text; all other columns are text.
func (s *sheet) codes(name string, text []byte) *Codes {
	if len(text) > maxCodesBytes {
		s.fault("", "the code list has %d bytes, more than the %d that fit", len(text), maxCodesBytes)
		return nil
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	header, err := r.Read()
	if err != nil {
		s.fault("", "the code list needs a header line and the code in its first column: %v", err)
		return nil
	}
	c := &Codes{Name: name}
	for i, h := range header {
		if !plainName.MatchString(h) || c.column(h) >= 0 {
			s.faultAt(position{1, i + 1}, h, "is not a column's name, or there twice; use letters, digits and underscores")
		}
		c.Columns = append(c.Columns, Column{Name: h, Type: String})
	}
	s.rows(r, c)
	c.Columns[0].Type = c.codeType()
	return c
}

func (s *sheet) rows(r *csv.Reader, c *Codes) {
	c.rows = map[string]int{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		line, column := 0, 1
		if pe := (*csv.ParseError)(nil); errors.As(err, &pe) {
			s.faultAt(position{pe.Line, max(pe.Column, 1)}, "", "%v; every line needs the %d columns of the header", pe.Err, len(c.Columns))
			if len(row) != len(c.Columns) {
				continue
			}
		} else {
			line, column = r.FieldPos(0)
		}
		_, seen := c.rows[row[0]]
		switch {
		case strings.TrimSpace(row[0]) == "":
			s.faultAt(position{line, column}, c.Columns[0].Name, "the code is empty")
		case seen:
			s.faultAt(position{line, column}, c.Columns[0].Name, "the code %q is there twice; keep one", row[0])
		default:
			c.rows[row[0]] = len(c.Rows)
			c.Rows = append(c.Rows, row)
		}
	}
}

func (c *Codes) codeType() Type {
	t := Int32
	for _, row := range c.Rows {
		v, err := strconv.ParseInt(row[0], 10, 64)
		if err != nil || !wholeNumber.MatchString(row[0]) {
			return String
		}
		if v < math.MinInt32 || v > math.MaxInt32 {
			t = Int64
		}
	}
	if len(c.Rows) == 0 {
		return String
	}
	return t
}
