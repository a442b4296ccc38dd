package schemas

import "slices"

// Names of the lake tables of a dataset, and of the tables that all datasets share.
const (
	QuarantineTable = "quarantine"
	LedgerTable     = "ledger"
	HeartbeatTable  = "heartbeats"
)

// ChangesTable returns the name of the dataset's history.
func (d *Dataset) ChangesTable() string { return d.Name + "_changes" }

// BaseTable returns the name of the table that holds current state as of some commit.
func (d *Dataset) BaseTable() string { return d.Name + "_base" }

// ChangeColumns returns the columns of the dataset's history, in the order of their field ids.
func (d *Dataset) ChangeColumns() []Column {
	cols := append(system(), d.declared()...)
	for _, name := range d.Track {
		if f, ok := d.Field(name); ok && f.Privacy.Rule != "drop" {
			c := f.column()
			c.Name = OldPrefix + name
			cols = append(cols, c)
		}
	}
	changed := Column{Name: ColChanged, Type: List, Elem: &Column{Name: "element", Type: String, Required: true}}
	cols = append(cols, changed, Column{Name: ColExtra, Type: String})
	return number(cols, d.IDs[d.ChangesTable()])
}

// LandedColumns returns the columns of a landed section: those of the history but _commit, which nobody knows yet.
func (d *Dataset) LandedColumns() []Column {
	return slices.DeleteFunc(d.ChangeColumns(), func(c Column) bool { return c.Name == ColCommit })
}

// StateColumns returns the columns of the dataset's base table: those of the history, because a base row is the latest
// change of its key as it is. Removed records stay as tombstones, by _op.
func (d *Dataset) StateColumns() []Column { return d.ChangeColumns() }

// QuarantineColumns returns the columns of the quarantine table.
func QuarantineColumns() []Column {
	cols := append(system(),
		Column{Name: "stream", Type: String, Required: true},
		Column{Name: "dataset", Type: String}, // null where it could not be told
		Column{Name: "reason", Type: String, Required: true},
		Column{Name: "field", Type: String}, // null where the record as a whole is bad
		Column{Name: "line", Type: Int64},   // of a loaded file
		Column{Name: "payload", Type: Binary, Required: true})
	return number(cols, nil)
}

// HeartbeatColumns returns the columns of the heartbeats that came through, one row each.
func HeartbeatColumns() []Column {
	return number(append(system(),
		Column{Name: "stream", Type: String, Required: true},
		Column{Name: "sent", Type: Timestamp}), nil) // by the clock of who wrote it; null where it does not say
}

// LedgerColumns returns the columns of the ledger: a row for each lane that a commit moved, for each hole that was found
// or closed, and for each commit of another program.
func LedgerColumns() []Column {
	return number([]Column{
		{Name: ColCommit, Type: Int64, Required: true}, // of the ledger itself
		{Name: ColAt, Type: Timestamp, Required: true},
		{Name: ColDate, Type: Day, Required: true},
		{Name: ColRegion, Type: String, Required: true},
		{Name: "kind", Type: String, Required: true}, // commit, foreign, hole, closed
		{Name: "dataset", Type: String},
		{Name: "table", Type: String},
		{Name: "commit", Type: Int64},
		{Name: "snapshot", Type: Int64},
		{Name: ColLane, Type: String},
		{Name: "first", Type: String},
		{Name: "last", Type: String},
		{Name: "ahead", Type: String}, // what repairs have brought above last
		{Name: "lane_to", Type: Timestamp},
		{Name: "done", Type: Boolean},
		{Name: "records", Type: Int64},
		{Name: "rows", Type: Int64},
		{Name: "quarantined", Type: Int64},
		{Name: "expired", Type: Int64},
		{Name: "retries", Type: Int64},
		{Name: "complete_to", Type: Timestamp},
		{Name: "code", Type: String},
		{Name: "schema", Type: String},
		{Name: "hole", Type: String},
		{Name: "detail", Type: String}, // of a hole or a commit of another program, as JSON
	}, nil)
}

// Field returns the declared field of that name and whether there is one.
func (d *Dataset) Field(name string) (*Field, bool) {
	i := slices.IndexFunc(d.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return nil, false
	}
	return &d.Fields[i], true
}

func system() []Column {
	return []Column{
		{Name: ColOp, Type: String, Required: true},
		{Name: ColShard, Type: String, Required: true},
		{Name: ColSeq, Type: String, Required: true},
		{Name: ColCommit, Type: Int64, Required: true},
		{Name: ColAt, Type: Timestamp, Required: true},
		{Name: ColDate, Type: Day, Required: true},
		{Name: ColRegion, Type: String, Required: true},
	}
}

func (d *Dataset) declared() []Column {
	var cols []Column
	for i := range d.Fields {
		if d.Fields[i].Privacy.Rule != "drop" {
			cols = append(cols, d.Fields[i].column())
		}
	}
	return cols
}

// column returns the lake's column of the field. Every declared column is optional: a removal has no image.
func (f *Field) column() Column {
	c := Column{Name: f.Name, Type: f.Type, Precision: f.Precision, Scale: f.Scale}
	switch f.Type {
	case Enum:
		c.Type = String
	case List, Set:
		elem := f.Elem.column()
		elem.Name, elem.Required = "element", true
		c.Type, c.Elem = List, &elem
	case Map:
		value := f.Elem.column()
		value.Name = "value"
		c.Key, c.Elem = &Column{Name: "key", Type: String, Required: true}, &value
	case Object:
		for i := range f.Fields {
			c.Fields = append(c.Fields, f.Fields[i].column())
		}
	}
	if f.Privacy.Rule == "mask" || f.Privacy.Rule == "band" {
		c = Column{Name: f.Name, Type: String}
	}
	return c
}

// number gives each column the id of the lock, and those without one the next free ids in the order in which Iceberg
// assigns them: a level's fields first, then what each of them holds. It returns the columns sorted by id.
func number(cols []Column, lock map[string]int) []Column {
	next := 1
	for _, id := range lock {
		next = max(next, id+1)
	}
	assign(cols, "", lock, &next)
	slices.SortStableFunc(cols, func(a, b Column) int { return a.ID - b.ID })
	return cols
}

func assign(cols []Column, path string, lock map[string]int, next *int) {
	take := func(c *Column) {
		id, ok := lock[path+c.Name]
		if !ok {
			id, *next = *next, *next+1
		}
		c.ID = id
	}
	for i := range cols {
		take(&cols[i])
	}
	for i := range cols {
		c, below := &cols[i], path+cols[i].Name+"."
		switch {
		case c.Fields != nil:
			assign(c.Fields, below, lock, next)
		case c.Key != nil:
			pair := []Column{*c.Key, *c.Elem}
			assign(pair, below, lock, next)
			c.Key, c.Elem = &pair[0], &pair[1]
		case c.Elem != nil:
			one := []Column{*c.Elem}
			assign(one, below, lock, next)
			c.Elem = &one[0]
		}
	}
}
