package ingest

import (
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarn-lake/tarn/internal/fault"
)

func (r *reader) notObject(k jsontext.Kind) error {
	if k == 0 {
		if _, err := r.dec.ReadToken(); err != nil && !errors.Is(err, io.EOF) {
			return r.broken(err)
		}
		return malformed("", "is empty; send one JSON object")
	}
	return malformed("", "must be one JSON object, not %s", called(k))
}

// broken says where the JSON is malformed and why.
func (r *reader) broken(err error) error {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return malformed("", "breaks off at byte %d", r.dec.InputOffset())
	}
	path := dotted(syntax.JSONPointer)
	if path == "" {
		path = r.last
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return malformed(path, "is named twice in one object")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return malformed(path, "breaks off at byte %d", syntax.ByteOffset)
	case syntax.Err != nil && strings.Contains(syntax.Err.Error(), "UTF-8"):
		return malformed(path, "is not valid UTF-8 at byte %d", syntax.ByteOffset)
	default:
		return malformed(path, "is not JSON at byte %d", syntax.ByteOffset)
	}
}

// malformed is the error of a body that is not JSON, at the field where that shows.
func malformed(path, format string, args ...any) error {
	e := fault.New(fault.Invalid, format, args...)
	if path == "" {
		path = "body"
	}
	e.Fields = []fault.Field{{Name: path, Message: e.Message}}
	e.Message = "the body cannot be read: " + path + " " + e.Message
	return e
}

func dotted(p jsontext.Pointer) string {
	var parts []string
	for t := range p.Tokens() {
		parts = append(parts, clip(t))
		if len(parts) == 8 { // deep nonsense is named by where it begins
			break
		}
	}
	return strings.Join(parts, ".")
}

// clip keeps a stranger's name from filling an answer.
func clip(s string) string {
	const longest = 64
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}

func called(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	case '"':
		return "text"
	case '0':
		return "a number"
	case '{':
		return "an object"
	default:
		return "an array"
	}
}
