package load

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

// csvSource reads CSV whose first line names the columns. An empty cell is null.
type csvSource struct {
	io.Closer
	csvCells
	tape    *tape
	r       *csv.Reader
	strange []string
	at      int64
	raw     []byte
	begin   int64
}

// csvCells is what the cells of a row are.
type csvCells struct {
	names  []string
	fields []int // by column: the field, -1 unknown
}

// mark is the byte order mark that some programs begin a UTF-8 file with.
const mark = "\ufeff"

// openText opens a text file, gzipped or not, past its byte order mark.
func openText(path string) (io.Reader, io.Closer, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fault.Wrap(fault.NotFound, err, "the file %s cannot be read", path)
	}
	var in io.Reader = file
	if strings.HasSuffix(strings.ToLower(path), ".gz") {
		if in, err = gzip.NewReader(file); err != nil {
			file.Close()
			return nil, nil, fault.Wrap(fault.Invalid, err, "%s is not a gzip file", path)
		}
	}
	text := bufio.NewReaderSize(in, 1<<16)
	if head, err := text.Peek(len(mark)); err == nil && string(head) == mark {
		_, _ = text.Discard(len(mark)) // they have been peeked at
	}
	return text, file, nil
}

func openCSV(path string, row *decode.Row, d *schemas.Dataset) (source, error) {
	in, closer, err := openText(path)
	if err != nil {
		return nil, err
	}
	s := &csvSource{Closer: closer, tape: &tape{r: in}}
	if err = s.head(path); err == nil {
		s.fields, s.strange, err = match(path, s.names, row, d)
	}
	if err != nil {
		closer.Close()
		return nil, err
	}
	return s, nil
}

// head reads the names of the columns.
func (s *csvSource) head(path string) error {
	s.r = csv.NewReader(s.tape)
	s.r.ReuseRecord = true
	head, err := s.r.Read()
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "%s has no first line with the names of its columns", path)
	}
	s.names = append(s.names, head...)
	s.begin = s.r.InputOffset()
	return nil
}

// match finds the field of each column: the one of its name, or else of the name that a draft gives it. A file without any is not the dataset's, and one that names a column twice does
// not say which it means.
func match(path string, names []string, row *decode.Row, d *schemas.Dataset) (fields []int, strange []string, err error) {
	known, drafted := 0, schemas.FieldNames(names)
	for i, name := range names {
		if !utf8.ValidString(name) {
			return nil, nil, fault.New(fault.Invalid, "the name %q of a column of %s is not valid UTF-8: save the file as UTF-8", name, path)
		}
		if slices.Contains(names[:i], name) {
			return nil, nil, fault.New(fault.Invalid, "%s has two columns named %q: rename one", path, name)
		}
		f := row.Field(name)
		if f < 0 && !slices.Contains(names, drafted[i]) {
			f = row.Field(drafted[i])
		}
		if f < 0 {
			strange = append(strange, name)
		} else {
			known++
		}
		fields = append(fields, f)
	}
	if known == 0 {
		return nil, nil, fault.New(fault.Invalid, "no column of %s is a field of %s: the file has %s", path, d.Name, strings.Join(names, ", "))
	}
	return fields, strange, nil
}

func (s *csvSource) next(row *decode.Row) error {
	cells, err := s.read()
	if err != nil {
		return err
	}
	if err := s.fill(row, cells); err != nil {
		return &badRow{err}
	}
	return nil
}

// fill sets the fields of a row from its cells. An empty one is null.
func (c *csvCells) fill(row *decode.Row, cells []string) (err error) {
	for i, cell := range cells {
		switch {
		case cell == "":
		case c.fields[i] >= 0:
			err = row.Text(c.fields[i], cell)
		case !utf8.ValidString(cell):
			const why = "the text is not valid UTF-8"
			err = fault.WithFields(c.names[i]+": "+why, []fault.Field{{Name: c.names[i], Message: why}})
		default:
			err = row.Extra(c.names[i], record.AppendValue(nil, record.String(cell)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *csvSource) read() ([]string, error) {
	cells, err := s.r.Read()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	end := s.r.InputOffset()
	s.raw = bytes.TrimRight(s.tape.cut(s.begin, end), "\r\n")
	s.begin = end
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		s.at = int64(bad.StartLine)
		return nil, &badRow{fault.Wrap(fault.Invalid, bad.Err, "the row is not CSV of %d columns", len(s.names))}
	}
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	line, _ := s.r.FieldPos(0)
	s.at = int64(line)
	return cells, nil
}

func (s *csvSource) skip() error {
	_, err := s.read()
	var bad *badRow
	if errors.As(err, &bad) {
		return nil
	}
	return err
}

func (s *csvSource) line() int64       { return s.at }
func (s *csvSource) payload() []byte   { return s.raw }
func (s *csvSource) named() []string   { return s.names }
func (s *csvSource) unknown() []string { return s.strange }

// tape remembers what passed through it until it is cut.
type tape struct {
	r    io.Reader
	kept []byte
	base int64 // offset of kept[0]
}

// Read reads on and remembers.
func (t *tape) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.kept = append(t.kept, p[:n]...)
	return n, err
}

// cut returns the bytes from..to and forgets everything before to. They are valid until the next Read.
func (t *tape) cut(from, to int64) []byte {
	part := t.kept[from-t.base : to-t.base]
	rest := t.kept[to-t.base:]
	if len(rest) < cap(t.kept)/2 || to-t.base > 1<<20 {
		part = append([]byte(nil), part...)
		t.kept = append(t.kept[:0], rest...)
		t.base = to
	}
	return part
}
