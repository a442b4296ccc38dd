package node

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// nest is a column of values in values, put together from the columns of its leaves: a level of definition says how deep
// a value is there, a level of repetition at which depth it goes on.
type nest struct {
	field   *schemas.Field
	def     int // from which level on it is no null
	inner   int // lists and maps: from which level on there is an element
	rep     int // and the level at which another one follows
	members []*nest
	leaves  []*leafReader // all below it; none: the file does not have it, which reads null
	texts   []string
}

// newNest returns the column of a row group; of one that the file does not have, nulls.
func newNest(column *parquet.Column, f *schemas.Field, def, rep int, chunks []parquet.ColumnChunk) *nest {
	n := &nest{field: f}
	if column == nil {
		return n
	}
	if column.Optional() {
		def++
	}
	n.def, n.rep, n.inner = def, rep+1, def+1
	add := func(column *parquet.Column, f *schemas.Field, def, rep int) {
		m := newNest(column, f, def, rep, chunks)
		n.members, n.leaves = append(n.members, m), append(n.leaves, m.leaves...)
	}
	switch f.Type {
	case schemas.List, schemas.Set:
		add(column.Columns()[0].Columns()[0], f.Elem, n.inner, n.rep)
	case schemas.Map:
		entry := column.Columns()[0].Columns()
		add(entry[0], &schemas.Field{Name: "key", Type: schemas.String}, n.inner, n.rep)
		add(entry[1], f.Elem, n.inner, n.rep)
	case schemas.Object:
		for i := range f.Fields {
			add(column.Column(f.Fields[i].Name), &f.Fields[i], def, rep)
		}
	default:
		n.leaves = []*leafReader{{pages: chunks[column.Index()].Pages()}}
	}
	return n
}

func (n *nest) close() (err error) {
	for _, l := range n.leaves {
		err = errors.Join(err, l.close())
	}
	return err
}

// append appends the canonical text of the next value, as valueSQL makes it; false: it is null.
func (n *nest) append(b []byte) (_ []byte, set bool, err error) {
	if len(n.leaves) == 0 {
		return b, false, nil
	}
	v, err := n.leaves[0].peek()
	if err != nil {
		return b, false, err
	}
	if v.DefinitionLevel() < n.def {
		return b, false, n.skip()
	}
	switch n.field.Type {
	case schemas.List, schemas.Set:
		b, err = n.appendList(append(b, '['), v.DefinitionLevel() >= n.inner)
	case schemas.Map:
		b, err = n.appendMap(append(b, '<'), v.DefinitionLevel() >= n.inner)
	case schemas.Object:
		b, err = n.appendObject(append(b, '{'))
	default:
		if b, err = appendText(b, n.field, *v); err == nil {
			n.leaves[0].at++
		}
	}
	return b, true, err
}

// skip passes the place that each leaf keeps of a value that is not there.
func (n *nest) skip() error {
	for _, l := range n.leaves {
		if _, err := l.peek(); err != nil {
			return err
		}
		l.at++
	}
	return nil
}

// elements calls each for every element; the one that has been read stands in the leaves.
func (n *nest) elements(some bool, each func() error) error {
	if !some {
		return n.skip()
	}
	for {
		if err := each(); err != nil {
			return err
		}
		v, err := n.leaves[0].peek()
		if errors.Is(err, io.EOF) || err == nil && v.RepetitionLevel() != n.rep {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (n *nest) appendList(b []byte, some bool) ([]byte, error) {
	n.texts = n.texts[:0]
	err := n.elements(some, func() error {
		text, set, err := n.members[0].append(nil)
		if set {
			n.texts = append(n.texts, string(text))
		}
		return err
	})
	if n.field.Type == schemas.Set {
		slices.Sort(n.texts)
	}
	return append(b, strings.Join(n.texts, "\x1d")...), err
}

func (n *nest) appendMap(b []byte, some bool) ([]byte, error) {
	n.texts = n.texts[:0]
	err := n.elements(some, func() error {
		text, _, err := n.members[0].append(nil)
		if err != nil {
			return err
		}
		text, set, err := n.members[1].append(append(text, 0x1b))
		if !set {
			text = append(text, 0x1e)
		}
		n.texts = append(n.texts, string(text))
		return err
	})
	slices.Sort(n.texts)
	return append(append(b, strings.Join(n.texts, "\x1c")...), '>'), err
}

func (n *nest) appendObject(b []byte) ([]byte, error) {
	for i, m := range n.members {
		if i > 0 {
			b = append(b, 0x1c)
		}
		var set bool
		var err error
		if b, set, err = m.append(b); err != nil {
			return b, err
		}
		if !set {
			b = append(b, 0x1e)
		}
	}
	return append(b, '}'), nil
}

// leafReader reads the values of a leaf, one ahead.
type leafReader struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	read   [256]parquet.Value
	at, n  int
}

// peek returns the next value, which stays the next one until at is moved on; io.EOF at the end.
func (l *leafReader) peek() (*parquet.Value, error) {
	for l.at == l.n {
		if l.values == nil {
			if l.page != nil {
				parquet.Release(l.page)
				l.page = nil
			}
			page, err := l.pages.ReadPage()
			if err != nil {
				return nil, err
			}
			l.page, l.values = page, page.Values()
		}
		n, err := l.values.ReadValues(l.read[:])
		l.at, l.n = 0, n
		if errors.Is(err, io.EOF) {
			l.values = nil
		} else if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "a column cannot be read")
		}
	}
	return &l.read[l.at], nil
}

func (l *leafReader) close() error {
	if l.page != nil {
		parquet.Release(l.page)
	}
	l.page, l.values = nil, nil
	return l.pages.Close()
}
