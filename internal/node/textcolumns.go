package node

import (
	"slices"

	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

// textColumns is the columns of a table's files that texts are made of, each of them once.
type textColumns struct {
	of    []schemas.Column // all that the table has
	all   []*textColumn
	lacks bool // the table has not all that was asked for; those read null
}

func (t *textColumns) column(f schemas.Field) *textColumn {
	id := -1
	if at := slices.IndexFunc(t.of, func(c schemas.Column) bool { return c.Name == f.Name }); at >= 0 {
		id = t.of[at].ID
	} else {
		t.lacks = true
	}
	if i := slices.IndexFunc(t.all, func(c *textColumn) bool { return c.id == id }); i >= 0 {
		return t.all[i]
	}
	c := &textColumn{id: id, field: f}
	t.all = append(t.all, c)
	return c
}

func (t *textColumns) plain(name string, of schemas.Type) *textColumn {
	return t.column(schemas.Field{Name: name, Type: of})
}

// key returns the columns that the text of a key is made of.
func (t *textColumns) key(d *schemas.Dataset) (all []*textColumn) {
	for _, name := range []string{d.Key.Partition, d.Key.Sort} {
		if f, ok := d.Field(name); ok {
			all = append(all, t.column(*f))
		} else if name != "" {
			all = append(all, t.plain(name, schemas.String))
		}
	}
	return all
}

// row returns the columns that the text of a row is made of, of fields that can be compared.
func (t *textColumns) row(fields []schemas.Field) (all []*textColumn) {
	for _, f := range fields {
		if f.Name == verify.RegionField {
			f.Name = schemas.ColRegion
		}
		all = append(all, t.column(f))
	}
	return all
}
