package enginetest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/schemas"
)

var _ query.Lake = (*Lake)(nil)

// Lake is a lake whose tables a test sets. It is safe for concurrent use.
type Lake struct {
	mu     sync.Mutex
	pinned query.Pinned
	pins   int
}

// NewLake returns a lake with the registry's tables, all empty.
func NewLake(reg *schemas.Registry) *Lake {
	l := &Lake{pinned: query.Pinned{Relations: map[string]query.Relation{}, Snapshots: map[string]int64{},
		Commits: map[string]int64{}, Through: map[string]int64{}, Daily: map[string]int64{}, Complete: map[string]time.Time{}}}
	put := func(name string, cols []schemas.Column) {
		l.pinned.Relations[name] = query.Relation{Name: name, Columns: cols}
		l.pinned.Snapshots[name] = 0
	}
	put(schemas.QuarantineTable, schemas.QuarantineColumns())
	put(schemas.LedgerTable, schemas.LedgerColumns())
	for _, d := range reg.Datasets() {
		put(d.ChangesTable(), d.ChangeColumns())
		put(d.BaseTable(), d.StateColumns())
		if kept := reg.Daily(d.Name); kept != nil {
			put(d.DailyTable(), kept.Columns(nil))
		}
	}
	return l
}

// Set makes a new snapshot of a table with the files.
func (l *Lake) Set(table string, files ...query.File) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pinned.Relations, l.pinned.Snapshots = maps.Clone(l.pinned.Relations), maps.Clone(l.pinned.Snapshots)
	rel := l.pinned.Relations[table]
	rel.Files = files
	l.pinned.Relations[table] = rel
	l.pinned.Snapshots[table]++
}

// Each calls use with every table that was set.
func (l *Lake) Each(use func(table string, r query.Relation)) {
	l.mu.Lock()
	tables := maps.Clone(l.pinned.Relations)
	l.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if len(tables[name].Files) > 0 {
			use(name, tables[name])
		}
	}
}

// Published says which snapshot of a catalog's table holds what was set.
func (l *Lake) Published(table string, snapshot int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pinned.Relations, l.pinned.Snapshots = maps.Clone(l.pinned.Relations), maps.Clone(l.pinned.Snapshots)
	rel := l.pinned.Relations[table]
	rel.Snapshot = snapshot
	l.pinned.Relations[table], l.pinned.Snapshots[table] = rel, snapshot
}

// SetBase makes a dataset's base current to a commit.
func (l *Lake) SetBase(dataset string, through int64, files ...query.File) {
	l.Set((&schemas.Dataset{Name: dataset}).BaseTable(), files...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pinned.Through = maps.Clone(l.pinned.Through)
	l.pinned.Through[dataset] = through
}

// Complete says to which instant a dataset is complete.
func (l *Lake) Complete(dataset string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pinned.Complete = maps.Clone(l.pinned.Complete)
	l.pinned.Complete[dataset] = at
}

// Pins returns how often the lake was pinned.
func (l *Lake) Pins() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pins
}

// Pin returns the tables as they were set last.
func (l *Lake) Pin(_ context.Context, relations []string) (*query.Pinned, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pins++
	for _, name := range relations {
		if _, ok := l.pinned.Relations[name]; !ok {
			return nil, fault.New(fault.NotFound, "there is no table %s", name)
		}
	}
	p := l.pinned
	return &p, nil
}
