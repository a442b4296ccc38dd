package athena

import (
	"bytes"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// reader reads the CSV that Athena writes. The standard library's reader cannot tell an empty text, which stands in
// quotes, from null, which does not.
type reader struct {
	text []byte
	line int // records read
}

func (r *reader) more() bool { return len(r.text) > 0 }

// record reads the next record into values and returns how many there are in the text, which may be more.
func (r *reader) record(values []*string) (n int, err error) {
	r.line++
	for {
		value, err := r.value()
		if err != nil {
			return n, err
		}
		if n < len(values) {
			values[n] = value
		}
		n++
		switch {
		case len(r.text) == 0:
			return n, nil
		case r.text[0] == ',':
			r.text = r.text[1:]
		case r.text[0] == '\n':
			r.text = r.text[1:]
			return n, nil
		case bytes.HasPrefix(r.text, []byte("\r\n")):
			r.text = r.text[2:]
			return n, nil
		default:
			return n, fault.New(fault.Internal, "athena: line %d of an answer goes on behind a quote", r.line)
		}
	}
}

// value reads one value; nil is null.
func (r *reader) value() (*string, error) {
	if len(r.text) == 0 || r.text[0] != '"' {
		end := bytes.IndexAny(r.text, ",\r\n")
		if end < 0 {
			end = len(r.text)
		}
		if end == 0 {
			return nil, nil
		}
		text := string(r.text[:end])
		r.text = r.text[end:]
		return &text, nil
	}
	for at := 1; ; at++ {
		quote := bytes.IndexByte(r.text[at:], '"')
		if quote < 0 {
			return nil, fault.New(fault.Internal, "athena: line %d of an answer ends within quotes", r.line)
		}
		at += quote
		if at+1 < len(r.text) && r.text[at+1] == '"' {
			at++
			continue
		}
		text := strings.ReplaceAll(string(r.text[1:at]), `""`, `"`)
		r.text = r.text[at+1:]
		return &text, nil
	}
}
