package schemas

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	maxFileBytes = 256 << 10 // of one schema file; the largest by hand is a tenth of it
	maxFaults    = 200       // of one file: whoever has more has not written a schema file
)

type position struct{ line, column int }

// sheet is one file while it is read: where each path stands, and what is wrong.
type sheet struct {
	file   string
	at     map[string]position
	faults []Fault
}

func newSheet(file string) *sheet {
	return &sheet{file: file, at: map[string]position{"": {1, 1}}}
}

// fault notes a fault at the path's place, or at that of the nearest path above it that the file has.
func (s *sheet) fault(path, format string, args ...any) {
	if len(s.faults) >= maxFaults {
		return
	}
	pos, ok := s.at[path]
	for above := path; !ok; pos, ok = s.at[above] {
		above = above[:max(strings.LastIndex(above, "."), 0)]
	}
	s.faults = append(s.faults, Fault{File: s.file, Line: pos.line, Column: pos.column, Field: path,
		Message: fmt.Sprintf(format, args...)})
}

// faultAt notes a fault at a place in the text.
func (s *sheet) faultAt(pos position, path, format string, args ...any) {
	if len(s.faults) < maxFaults {
		s.faults = append(s.faults, Fault{File: s.file, Line: pos.line, Column: pos.column, Field: path,
			Message: fmt.Sprintf(format, args...)})
	}
}

// root parses the text and returns its only document as an object, or nil when there is none.
func (s *sheet) root(text []byte) (o *object) {
	if len(text) > maxFileBytes {
		s.fault("", "the file has %d bytes, more than the %d that a schema file may have", len(text), maxFileBytes)
		return nil
	}
	if why := tooDeep(string(text)); why != "" {
		s.fault("", "%s for a schema file", why)
		return nil
	}
	defer func() {
		if caught := recover(); caught != nil { // the parser's own bugs must not take the program down
			s.fault("", "cannot be read as YAML: %v", caught)
			o = nil
		}
	}()
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		s.syntax(err)
		return nil
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		s.fault("", "the file must hold one YAML document, it holds %d; remove empty or further documents", len(file.Docs))
		return nil
	}
	return s.object("", file.Docs[0].Body)
}

// syntaxError is what the parser's errors can tell.
type syntaxError interface {
	error
	GetMessage() string
	GetToken() *token.Token
}

func (s *sheet) syntax(err error) {
	var se syntaxError
	if !errors.As(err, &se) {
		s.fault("", "cannot be read as YAML: %v", err)
		return
	}
	s.faultAt(place(se.GetToken()), "", "cannot be read as YAML: %s", se.GetMessage())
}

func place(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{1, 1}
	}
	return position{t.Position.Line, t.Position.Column}
}

// start returns where a node begins. A block mapping's own token is its first colon, so its first key is asked.
func start(n ast.Node) position {
	if m, ok := n.(ast.MapNode); ok {
		if it := m.MapRange(); it.Next() {
			return place(it.Key().GetToken())
		}
	}
	return place(n.GetToken())
}
