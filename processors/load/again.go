package load

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

// Form is what a row that was set aside is read again by: the format of its file and the names of its columns.
type Form struct {
	Format  string   `json:"format"`
	Columns []string `json:"columns,omitempty"` // of CSV, which names them once
}

// String returns the form as JSON, which ParseForm reads.
func (f Form) String() string {
	text, err := json.Marshal(f)
	if err != nil {
		panic("a word and a list of names cannot be written: " + err.Error())
	}
	return string(text)
}

// ParseForm is the inverse of String.
func ParseForm(text []byte) (f Form, err error) {
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fault.Wrap(fault.Invalid, err, "this is not how the rows of a file are read")
	}
	return f, nil
}

// Again returns what sets the fields of a row from the bytes that its file had for it, by the schema as it is now. The
// reason is why the row was set aside: of one that was too long only a part was kept. A format whose payloads are not the
// file's own bytes is Invalid.
func (f Form) Again(row *decode.Row, d *schemas.Dataset) (func(payload []byte, reason string) error, error) {
	var read func(row *decode.Row, payload []byte) error
	switch f.Format {
	case "csv":
		fields, _, err := match("the file", f.Columns, row, d)
		if err != nil {
			return nil, err
		}
		read = (&csvCells{names: f.Columns, fields: fields}).again
	case "jsonl":
		read = (&lines{seen: map[string]bool{}}).plain
	case "dynamodb":
		read = dynamo
	default:
		return nil, fault.New(fault.Invalid, "rows of a %s file cannot be read again: of a bad one only the texts are kept; correct the file and load it", f.Format)
	}
	return func(payload []byte, reason string) error {
		if strings.HasPrefix(reason, tooLong) {
			return fault.New(fault.Invalid, "only the beginning of the line was kept: split it in the file and load that")
		}
		row.Clear()
		return read(row, payload)
	}, nil
}

// again sets the fields of a row from the line, or lines, that it had in its file.
func (c *csvCells) again(row *decode.Row, payload []byte) error {
	r := csv.NewReader(bytes.NewReader(payload))
	r.FieldsPerRecord = len(c.names)
	cells, err := r.Read()
	if err == nil {
		_, err = r.Read()
		if err == nil {
			return fault.New(fault.Invalid, "something follows the row")
		}
		if errors.Is(err, io.EOF) {
			return c.fill(row, cells)
		}
	}
	return fault.Wrap(fault.Invalid, reasonOf(err), "the row is not CSV of %d columns", len(c.names))
}

// reasonOf returns what a parser says without the place in what it was given.
func reasonOf(err error) error {
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		return bad.Err
	}
	return err
}
