package tables

import (
	"context"

	"github.com/apache/iceberg-go"
)

// FieldIDs returns the field id of every column of a table that exists, by dotted path, as the schema's lock file has
// them. NotFound: there is no such table.
func (c *Catalog) FieldIDs(ctx context.Context, name string) (map[string]int, error) {
	have, err := c.home.newest(ctx, name)
	if err != nil {
		return nil, kind(err, "open table "+name)
	}
	ids := map[string]int{}
	collect(ids, "", have.meta.CurrentSchema().Fields())
	return ids, nil
}

func collect(ids map[string]int, path string, fields []iceberg.NestedField) {
	for _, f := range fields {
		ids[path+f.Name] = f.ID
		if nested, ok := f.Type.(iceberg.NestedType); ok {
			collect(ids, path+f.Name+".", nested.Fields())
		}
	}
}
