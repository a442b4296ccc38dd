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
