package embedded

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
)

// catalog is what the store knows of its tables and of the shards of its streams. It is never changed: a change makes
// a new one.
type catalog struct {
	tables    map[string]*table
	byID      map[uint16]*table
	streams   map[string]*streamDef
	nextShard uint32
}

// stored is the catalog's form on disk.
type stored struct {
	Format    int
	Tables    []*table
	Streams   []*streamDef
	NextShard uint32
}

func newCatalog() *catalog {
	return &catalog{tables: map[string]*table{}, byID: map[uint16]*table{}, streams: map[string]*streamDef{}, nextShard: 1}
}

func (c *catalog) clone() *catalog {
	return &catalog{maps.Clone(c.tables), maps.Clone(c.byID), maps.Clone(c.streams), c.nextShard}
}

func (c *catalog) encode() []byte {
	s := stored{Format: formatVersion, NextShard: c.nextShard}
	for _, name := range slices.Sorted(maps.Keys(c.tables)) {
		s.Tables = append(s.Tables, c.tables[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.streams)) {
		s.Streams = append(s.Streams, c.streams[name])
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic("the catalog cannot be written: " + err.Error())
	}
	return text
}

func parseCatalog(text []byte) (*catalog, error) {
	var s stored
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, errDamaged("its catalog cannot be read: " + err.Error())
	}
	if s.Format != formatVersion {
		return nil, fault.New(fault.Invalid, "the store has format %d; this program reads %d: use a newer program", s.Format, formatVersion)
	}
	c := newCatalog()
	c.nextShard = s.NextShard
	for _, t := range s.Tables {
		c.tables[t.Def.Name], c.byID[t.ID] = t, t
	}
	for _, st := range s.Streams {
		st.route()
		c.streams[st.Name] = st
	}
	return c, nil
}

func (c *catalog) table(name string) (*table, error) {
	if t := c.tables[name]; t != nil {
		return t, nil
	}
	return nil, fault.New(fault.NotFound, "there is no table %q", name)
}

func (c *catalog) definitions() []ingest.Table {
	var defs []ingest.Table
	for _, name := range slices.Sorted(maps.Keys(c.tables)) {
		defs = append(defs, c.tables[name].Def)
	}
	return defs
}

// withTable returns the catalog with the table added or widened, and the stream it asks for with fresh shards.
func (c *catalog) withTable(def ingest.Table, shards int, now int64) (*catalog, error) {
	if err := checkTable(def); err != nil {
		return nil, err
	}
	next := c.clone()
	t := next.tables[def.Name]
	if t == nil {
		bare := def
		bare.Indexes = nil
		t = &table{ID: uint16(len(next.tables) + 1), Def: bare, NextIndex: 1}
	}
	t, err := t.merge(def)
	if err != nil {
		return nil, err
	}
	next.tables[def.Name], next.byID[t.ID] = t, t
	if def.Stream != "" && next.streams[def.Stream] == nil {
		next.streams[def.Stream] = next.newStream(def.Stream, shards, now)
	}
	return next, nil
}
