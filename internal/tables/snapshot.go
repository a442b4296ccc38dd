package tables

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
)

// Snapshot is a table at one moment. It never changes; its files stay readable until it expires.
type Snapshot struct {
	ID         int64             // 0: nothing was ever committed
	Commit     int64             // number of the last commit that brought rows
	Watermarks lake.Watermarks   // how far every lane is in it; not to be changed
	Late       int64             // number of the last commit that was Late
	Through    int64             // base and rollups: the commit of the history that it is current to
	Horizon    string            // history: the day that it begins with, all before was dropped by retention; empty: nothing was
	Dropped    int64             // history: the highest commit of which rows were dropped; who goes on from an earlier one would miss them
	Closed     int64             // how many lanes have left the watermarks for the ledger
	At         time.Time         // when it was committed; the zero time for ID 0
	Rows       int64             // in all its files
	Properties map[string]string // the table's; not to be changed
	Summary    map[string]string // what the commit said of itself; not to be changed

	version
	table *Table
}

func (t *Table) pin(v version) (*Snapshot, error) {
	props := v.meta.Properties()
	s := &Snapshot{table: t, version: v, Properties: maps.Clone(props), Watermarks: lake.Watermarks{}}
	if text, ok := props[lake.PropWatermarks]; ok {
		if err := json.Unmarshal([]byte(text), &s.Watermarks); err != nil {
			return nil, fmt.Errorf("read the watermarks of table %s: %w", t.name, err)
		}
	}
	for name, to := range map[string]*int64{lake.PropCommit: &s.Commit, lake.PropLate: &s.Late, lake.PropThrough: &s.Through, lake.PropClosed: &s.Closed, lake.PropDropped: &s.Dropped} {
		if err := whole(props[name], to); err != nil {
			return nil, fmt.Errorf("read %s of table %s: %w", name, t.name, err)
		}
	}
	s.Horizon = props[lake.PropHorizon]
	now := v.meta.CurrentSnapshot()
	if now == nil {
		return s, nil
	}
	s.ID, s.At = now.SnapshotID, time.UnixMilli(now.TimestampMs).UTC()
	if now.Summary != nil {
		s.Summary = maps.Clone(now.Summary.Properties)
		if err := whole(s.Summary["total-records"], &s.Rows); err != nil {
			return nil, fmt.Errorf("read the summary of table %s: %w", t.name, err)
		}
	}
	return s, nil
}

func whole(text string, to *int64) (err error) {
	if text != "" {
		*to, err = strconv.ParseInt(text, 10, 64)
	}
	return err
}

// Table returns the name of the table.
func (s *Snapshot) Table() string { return s.table.name }

// IDs returns the field id of every column, by name.
func (s *Snapshot) IDs() map[string]int {
	ids := map[string]int{}
	for _, f := range s.meta.CurrentSchema().Fields() {
		ids[f.Name] = f.ID
	}
	return ids
}

// Known returns the name of every column as the snapshot's own schema has it, by field id: what a reader of this version
// of the table finds there.
func (s *Snapshot) Known() map[int]string {
	schema := s.meta.CurrentSchema()
	if now := s.meta.CurrentSnapshot(); now != nil && now.SchemaID != nil {
		for _, old := range s.meta.Schemas() {
			if old.ID == *now.SchemaID {
				schema = old
			}
		}
	}
	names := map[int]string{}
	for _, f := range schema.Fields() {
		names[f.ID] = f.Name
	}
	return names
}

// Kept returns how many snapshots the table holds.
func (s *Snapshot) Kept() int { return len(s.meta.Snapshots()) }

// Lately returns what the last n commits up to this snapshot said of themselves, newest first.
func (s *Snapshot) Lately(n int) []map[string]string {
	var said []map[string]string
	for at := s.meta.CurrentSnapshot(); at != nil && len(said) < n; {
		if at.Summary != nil {
			said = append(said, maps.Clone(at.Summary.Properties))
		}
		if at.ParentSnapshotID == nil {
			break
		}
		at = s.meta.SnapshotByID(*at.ParentSnapshotID)
	}
	return said
}
