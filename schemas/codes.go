package schemas

import "slices"

// column returns the place of the column of that name, or -1.
func (c *Codes) column(name string) int {
	return slices.IndexFunc(c.Columns, func(col Column) bool { return col.Name == name })
}

// Map returns the column's value of every code. It builds a new map: ask once and keep it. The map is nil when there
// is no such column.
func (c *Codes) Map(column string) map[string]string {
	at := c.column(column)
	if at < 0 {
		return nil
	}
	m := make(map[string]string, len(c.Rows))
	for _, row := range c.Rows {
		m[row[0]] = row[at]
	}
	return m
}

// Has reports whether the code is in the list.
func (c *Codes) Has(code string) bool { _, ok := c.row(code); return ok }

// Value returns a column's value of the code, and whether there are both. It builds nothing, so it may be asked for
// every record.
func (c *Codes) Value(code, column string) (string, bool) {
	row, ok := c.row(code)
	at := c.column(column)
	if !ok || at < 0 {
		return "", false
	}
	return row[at], true
}

func (c *Codes) row(code string) ([]string, bool) {
	i, ok := c.rows[code]
	if c.rows == nil {
		i = slices.IndexFunc(c.Rows, func(row []string) bool { return row[0] == code })
		ok = i >= 0
	}
	if !ok {
		return nil, false
	}
	return c.Rows[i], true
}

// Codes returns every code, in file order.
func (c *Codes) Codes() []string {
	out := make([]string, len(c.Rows))
	for i, row := range c.Rows {
		out[i] = row[0]
	}
	return out
}

// Values returns the different values of a column, sorted, without the empty one.
func (c *Codes) Values(column string) []string {
	at := c.column(column)
	if at < 0 {
		return nil
	}
	var out []string
	for _, row := range c.Rows {
		if row[at] != "" {
			out = append(out, row[at])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// names returns the columns' names, in file order.
func (c *Codes) names() []string {
	out := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		out[i] = col.Name
	}
	return out
}
