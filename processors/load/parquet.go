package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

const parquetRows = 4096 // read at once

// parquetSource reads a Parquet file of flat columns.
type parquetSource struct {
	file    *os.File
	groups  []parquet.RowGroup
	rows    parquet.Rows // of the current group; nil: take the next
	buf     []parquet.Row
	have    int // rows in buf
	next_   int
	names   []string
	fields  []int
	texts   []func(parquet.Value) string
	strange []string
}

func openParquet(path string, row *decode.Row, d *schemas.Dataset) (source, error) {
	s, err := openColumns(path)
	if err != nil {
		return nil, err
	}
	if s.fields, s.strange, err = match(path, s.names, row, d); err != nil {
		s.file.Close()
		return nil, err
	}
	for i, name := range s.names {
		if f, ok := d.Field(name); ok && f.Type == schemas.Binary {
			s.texts[i] = base64Text
		}
	}
	return s, nil
}

// openColumns opens the file and reads what columns it has.
func openColumns(path string) (*parquetSource, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "the file %s cannot be read", path)
	}
	s := &parquetSource{file: file, buf: make([]parquet.Row, parquetRows)}
	if err := s.columns(path); err != nil {
		file.Close()
		return nil, err
	}
	return s, nil
}

func (s *parquetSource) columns(path string) error {
	info, err := s.file.Stat()
	if err != nil {
		return fmt.Errorf("look at %s: %w", path, err)
	}
	f, err := parquet.OpenFile(s.file, info.Size())
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "%s is not a Parquet file", path)
	}
	for _, c := range f.Schema().Fields() {
		if !c.Leaf() || c.Repeated() {
			return fault.New(fault.Invalid, "column %s of %s is nested: a file of flat columns can be loaded", c.Name(), path)
		}
		s.names = append(s.names, c.Name())
		s.texts = append(s.texts, texter(c.Type()))
	}
	s.groups = f.RowGroups()
	return nil
}

func (s *parquetSource) next(row *decode.Row) error {
	values, err := s.read()
	if err != nil {
		return err
	}
	for i, v := range values {
		if v.IsNull() {
			continue
		}
		text := s.texts[i](v)
		if s.fields[i] < 0 {
			err = row.Extra(s.names[i], record.AppendValue(nil, extra(v, text)))
		} else {
			err = row.Text(s.fields[i], text)
		}
		if err != nil {
			return &badRow{err}
		}
	}
	return nil
}

func (s *parquetSource) skip() error {
	_, err := s.read()
	return err
}

func (s *parquetSource) read() (parquet.Row, error) {
	for s.next_ >= s.have {
		if err := s.refill(); err != nil {
			return nil, err
		}
	}
	s.next_++
	return s.buf[s.next_-1], nil
}

func (s *parquetSource) refill() error {
	if s.rows == nil {
		if len(s.groups) == 0 {
			return io.EOF
		}
		s.rows, s.groups = s.groups[0].Rows(), s.groups[1:]
	}
	n, err := s.rows.ReadRows(s.buf)
	s.have, s.next_ = n, 0
	if err != nil && !errors.Is(err, io.EOF) {
		return fault.Wrap(fault.Invalid, err, "the Parquet file is damaged")
	}
	if n == 0 || err != nil {
		err = s.rows.Close()
		s.rows = nil
	}
	return err
}

func (s *parquetSource) line() int64       { return 0 }
func (s *parquetSource) named() []string   { return s.names }
func (s *parquetSource) unknown() []string { return s.strange }

// payload returns the row as a JSON object of texts.
func (s *parquetSource) payload() []byte {
	if s.next_ == 0 {
		return nil
	}
	texts := map[string]string{}
	for i, v := range s.buf[s.next_-1] {
		if !v.IsNull() {
			if texts[s.names[i]] = s.texts[i](v); !utf8.ValidString(texts[s.names[i]]) {
				texts[s.names[i]] = base64Text(v)
			}
		}
	}
	body, err := json.Marshal(texts)
	if err != nil {
		return []byte(err.Error())
	}
	return body
}

// Close closes the file.
func (s *parquetSource) Close() error { return s.file.Close() }
