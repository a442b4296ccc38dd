package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

const maxLine = 16 << 20 // bytes of one line; an item has at most 400 KB

const tooLong = "the line is longer than" // of whose bytes only the first are kept

// lines reads a text file line by line; empty lines are no rows.
type lines struct {
	io.Closer
	r    *bufio.Reader
	at   int64
	raw  []byte
	fill func(row *decode.Row, line []byte) error
	seen map[string]bool // attributes that the schema does not know
	list []string
}

func openJSON(path string, _ *decode.Row, _ *schemas.Dataset) (source, error) {
	s, err := openLines(path)
	if err == nil {
		s.fill = s.plain
	}
	return s, err
}

func openDynamo(path string, _ *decode.Row, _ *schemas.Dataset) (source, error) {
	s, err := openLines(path)
	if err == nil {
		s.fill = dynamo
	}
	return s, err
}

// errHeartbeat is the error of a row that is none.
var errHeartbeat = errors.New("the item is a heartbeat")

// dynamo sets the fields from an item, bare or as exports wrap it.
func dynamo(row *decode.Row, line []byte) error {
	if bytes.Contains(line, []byte(record.Heartbeat)) {
		var wrapped struct{ Item json.RawMessage }
		if json.Unmarshal(line, &wrapped) != nil || len(wrapped.Item) == 0 {
			wrapped.Item = line
		}
		if _, beat := record.ParseHeartbeat(wrapped.Item); beat {
			return errHeartbeat
		}
	}
	return row.Line(line)
}

func openLines(path string) (*lines, error) {
	in, closer, err := openText(path)
	if err != nil {
		return nil, err
	}
	return &lines{Closer: closer, r: bufio.NewReaderSize(in, 1<<16), seen: map[string]bool{}}, nil
}

func (s *lines) next(row *decode.Row) error {
	if err := s.read(); err != nil {
		return err
	}
	err := s.fill(row, s.raw)
	if err == nil || errors.Is(err, errHeartbeat) {
		return err
	}
	return &badRow{err}
}

func (s *lines) skip() error {
	err := s.read()
	var bad *badRow
	if errors.As(err, &bad) {
		return nil
	}
	return err
}

// read takes the next line that is not empty.
func (s *lines) read() error {
	for {
		s.at++
		s.raw = s.raw[:0]
		long := false
		for {
			part, err := s.r.ReadSlice('\n')
			if len(s.raw)+len(part) <= maxLine {
				s.raw = append(s.raw, part...)
			} else {
				long = true // only the end of the line is of interest now
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("read the file: %w", err)
			}
			if err != nil && !long && len(bytes.TrimSpace(s.raw)) == 0 {
				return io.EOF
			}
			break
		}
		if s.raw = bytes.TrimSpace(s.raw); long {
			return &badRow{fault.New(fault.Exceeded, tooLong+" %d bytes", maxLine)}
		}
		if len(s.raw) > 0 {
			return nil
		}
	}
}

func (s *lines) line() int64       { return s.at }
func (s *lines) payload() []byte   { return s.raw }
func (s *lines) named() []string   { return nil }
func (s *lines) unknown() []string { return s.list }

// plain sets the fields from a JSON object.
func (s *lines) plain(row *decode.Row, line []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(line))
	tok, err := dec.ReadToken()
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the line is not JSON")
	}
	if tok.Kind() != '{' {
		return fault.New(fault.Invalid, "the line is not a JSON object")
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "the line is not JSON")
		}
		if err := s.member(row, dec, name.String()); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return fault.Wrap(fault.Invalid, err, "the line is not JSON")
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "something follows the object")
	}
	return nil
}

func (s *lines) member(row *decode.Row, dec *jsontext.Decoder, name string) error {
	value, err := readValue(dec, 0)
	if err != nil {
		return fault.WithFields(name+": "+err.Error(), []fault.Field{{Name: name, Message: err.Error()}})
	}
	field := row.Field(name)
	switch {
	case field < 0:
		if !s.seen[name] && len(s.list) < 100 {
			s.seen[name] = true
			s.list = append(s.list, name)
		}
		return row.Extra(name, record.AppendValue(nil, value))
	case value.Kind == record.S || value.Kind == record.N:
		return row.Text(field, value.Text)
	case value.Kind == record.BOOL:
		return row.Bool(field, value.Bool)
	case value.Kind == record.NULL:
		return row.Null(field)
	default:
		return row.Value(field, record.AppendValue(nil, value))
	}
}

const maxDepth = 32 // as DynamoDB has it

func readValue(dec *jsontext.Decoder, depth int) (record.Value, error) {
	if depth > maxDepth {
		return record.Value{}, fault.New(fault.Exceeded, "nested deeper than %d", maxDepth)
	}
	tok, err := dec.ReadToken()
	if err != nil {
		return record.Value{}, fault.Wrap(fault.Invalid, err, "not JSON")
	}
	switch tok.Kind() {
	case '"':
		return record.String(tok.String()), nil
	case '0':
		return record.Number(tok.String()), nil
	case 't', 'f':
		return record.Bool(tok.Bool()), nil
	case '[':
		v := record.Value{Kind: record.L}
		for dec.PeekKind() != ']' {
			e, err := readValue(dec, depth+1)
			if err != nil {
				return v, err
			}
			v.List = append(v.List, e)
		}
		_, err := dec.ReadToken()
		return v, err
	case '{':
		v := record.Value{Kind: record.M, Map: record.Item{}}
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return v, err
			}
			key := name.String()
			if v.Map[key], err = readValue(dec, depth+1); err != nil {
				return v, err
			}
		}
		_, err := dec.ReadToken()
		return v, err
	default:
		return record.Null(), nil
	}
}
