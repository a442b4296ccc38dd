package athena

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// table is an answer as Athena gives it: everything is text.
type table struct {
	columns []columnInfo
	types   []signature
	rows    [][]*string
	scanned int64
}

type columnInfo struct {
	CatalogName, SchemaName, TableName string
	Name, Label, Type, Nullable        string
	Precision, Scale                   int
	CaseSensitive                      bool
}

// describe names the columns.
func (t *table) describe(columns []trinoColumn) {
	for _, c := range columns {
		info := columnInfo{CatalogName: "hive", Name: c.Name, Label: c.Name, Type: c.Signature.Raw, Nullable: "UNKNOWN", CaseSensitive: strings.HasPrefix(c.Signature.Raw, "varchar")}
		switch c.Signature.Raw {
		case "decimal":
			info.Precision, info.Scale = c.Signature.number(0), c.Signature.number(1)
		case "real":
			info.Type = "float"
		case "bigint":
			info.Precision = 19
		case "integer":
			info.Precision = 10
		}
		t.columns, t.types = append(t.columns, info), append(t.types, c.Signature)
	}
}

// add adds a row of Trino's.
func (t *table) add(data json.RawMessage) error {
	var values []json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		return err
	}
	if len(values) != len(t.types) {
		return fmt.Errorf("trino: a row of %d values where there are %d columns", len(values), len(t.types))
	}
	texts := make([]*string, len(values))
	for i, v := range values {
		if string(v) == "null" {
			continue
		}
		text, err := t.types[i].text(v)
		if err != nil {
			return fmt.Errorf("trino: column %s: %w", t.columns[i].Name, err)
		}
		texts[i] = &text
	}
	t.rows = append(t.rows, texts)
	return nil
}

// withNames is the rows behind a row of the columns' names.
func (t *table) withNames() [][]*string {
	names := make([]*string, len(t.columns))
	for i := range t.columns {
		names[i] = &t.columns[i].Name
	}
	return append([][]*string{names}, t.rows...)
}

// csv is the answer as it is left in the bucket: every value in quotes, null as nothing at all.
func (t *table) csv() []byte {
	var b bytes.Buffer
	for _, r := range t.withNames() {
		for i, v := range r {
			if i > 0 {
				b.WriteByte(',')
			}
			if v != nil {
				b.WriteString(`"` + strings.ReplaceAll(*v, `"`, `""`) + `"`)
			}
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}
