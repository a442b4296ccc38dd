package tables

import (
	"context"
	"slices"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
)

// Keep keeps every file of every table from being removed until release is called. It waits for removals under way.
// Commits go on.
func (c *Catalog) Keep() (release func()) {
	c.removing.Lock()
	return c.removing.Unlock
}

// Pins returns every table as it was at one and the same moment, by name: what a process would find that was killed then.
// Invalid: the tables are not in a folder.
func (c *Catalog) Pins(ctx context.Context) ([]*Snapshot, error) {
	f, ok := c.home.home.(*folder)
	if !ok {
		return nil, fault.New(fault.Invalid, "only the tables of a folder have one moment in common")
	}
	names, err := c.Names(ctx)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var pins []*Snapshot
	for _, name := range names {
		v, err := f.latest(ctx, name)
		if err != nil {
			return nil, kind(err, "open table "+name)
		}
		s, err := c.table(name).pin(v.version)
		if err != nil {
			return nil, err
		}
		pins = append(pins, s)
	}
	return pins, nil
}

// Keys returns the keys of all files that the table needs to be as it is in the snapshot, with those of older snapshots
// that it can still be asked for. They are there as long as nothing is removed.
func (s *Snapshot) Keys(ctx context.Context) ([]string, error) {
	files := s.table.home.files()
	seen := map[string]bool{}
	var keys []string
	add := func(url string) {
		if seen[url] {
			return
		}
		seen[url] = true
		if key, err := keyOf(files, url); err == nil {
			keys = append(keys, key)
		}
	}
	add(s.location)
	session := s.table.begin(ctx)
	for _, snap := range s.meta.Snapshots() {
		if err := (snapshotOf{&snap}).each(ctx, session, func(manifest string) bool { return seen[manifest] }, add); err != nil {
			return nil, kind(err, "list the files of table "+s.table.name)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// Local returns the file of this machine that holds a key of the lake.
func (c *Catalog) Local(key string) (string, error) { return c.Path(lake.URL(key)) }
