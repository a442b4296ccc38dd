package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const lockFormat = 1

// lock is the lock file's form. A retired column stays in it under <path>~<id>, so that neither its name nor its
// id is ever given to other data.
type lock struct {
	Format int                       `json:"format"`
	Tables map[string]map[string]int `json:"tables"`
}

// Lock returns the dataset's lock file: the field id of every column of its lake tables. Ids that the loaded lock gave
// are kept; a column that is gone is retired. The same dataset gives the same bytes.
func Lock(d *Dataset) []byte {
	l := lock{Format: lockFormat, Tables: map[string]map[string]int{d.ChangesTable(): ids(d.ChangeColumns())}}
	if !d.Key.IsZero() {
		l.Tables[d.BaseTable()] = ids(d.StateColumns())
	}
	for table, old := range d.IDs {
		now := l.Tables[table]
		if now == nil {
			now = map[string]int{}
			l.Tables[table] = now
		}
		for path, id := range old {
			if now[path] != id {
				now[retired(path, id)] = id
			}
		}
	}
	out, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		panic("a lock of names and numbers cannot be written: " + err.Error())
	}
	return append(out, '\n')
}

func retired(path string, id int) string {
	if strings.Contains(path, "~") {
		return path
	}
	return fmt.Sprintf("%s~%d", path, id)
}

func ids(cols []Column) map[string]int {
	m := map[string]int{}
	collect(cols, "", m)
	return m
}

func collect(cols []Column, path string, m map[string]int) {
	for _, c := range cols {
		m[path+c.Name] = c.ID
		collect(c.Fields, path+c.Name+".", m)
		for _, inner := range []*Column{c.Key, c.Elem} {
			if inner != nil {
				collect([]Column{*inner}, path+c.Name+".", m)
			}
		}
	}
}

// readLock reads a lock file and reports ids that are given twice or are no ids.
func (s *sheet) readLock(text []byte) map[string]map[string]int {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var l lock
	if err := dec.Decode(&l); err != nil {
		s.fault("", "is not a lock file: %v; restore it from version control, it must not be edited", err)
		return nil
	}
	if l.Format != lockFormat {
		s.fault("format", "is %d, this program reads %d; use a newer program", l.Format, lockFormat)
		return nil
	}
	for table, paths := range l.Tables {
		var all []int
		for _, id := range paths {
			all = append(all, id)
		}
		slices.Sort(all)
		if len(all) > 0 && (all[0] < 1 || len(slices.Compact(slices.Clone(all))) != len(all)) {
			s.fault("tables."+table, "has an id below 1 or the same id twice; restore the file from version control")
		}
	}
	return l.Tables
}
