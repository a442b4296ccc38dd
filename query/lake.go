package query

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/schemas"
)

// Progress knows to which instant a dataset is complete in tables that have the watermarks; the zero Time where it does
// not know. It is safe for concurrent use.
type Progress interface {
	Complete(dataset string, watermarks lake.Watermarks) time.Time
}

// Marked is the Progress of a process that reads no streams: what the tables themselves say. A lake with it reads how far
// the heartbeats are before it pins histories, and the watermarks that it is asked about are those moved up to there.
type Marked struct{}

// Complete implements Progress.
func (Marked) Complete(_ string, watermarks lake.Watermarks) time.Time {
	at, _ := watermarks.CompleteTo()
	return at
}

// Tables is the lake of a catalog's tables. It is safe for concurrent use.
type Tables struct {
	catalog  *tables.Catalog
	registry *schemas.Registry
	progress Progress

	mu    sync.Mutex
	files map[string]planned // by table: the files of the newest snapshot that was asked for
}

type planned struct {
	snapshot int64
	files    []File
	chain    chain
}

// chain is what the kept commits of a history say of it.
type chain struct{ oldest, missing int64 }

// NewLake returns the lake of the registry's datasets in a catalog. A nil progress knows nothing.
func NewLake(catalog *tables.Catalog, registry *schemas.Registry, progress Progress) *Tables {
	return &Tables{catalog: catalog, registry: registry, progress: progress, files: map[string]planned{}}
}

// Pin pins the tables. Bases and rollups come before histories: what a base is current to, its history then has, and whatever came
// between is in the changes above it. Only retention takes changes out of a history that an older base lacks: then the
// tables are pinned again, because it waited for the base that has them. So they are where the quarantine has moved on
// meanwhile: what is held back must be held back from these histories.
func (t *Tables) Pin(ctx context.Context, relations []string) (*Pinned, error) {
	const tries = 5
	for range tries {
		p, err := t.pinOnce(ctx, relations)
		if err != nil {
			return nil, err
		}
		moved, err := t.moved(ctx, p)
		if err != nil || !moved && !p.behind() {
			return p, err
		}
	}
	return nil, fault.New(fault.Transient, "old partitions or quarantined records are being taken out; ask again")
}

// moved reports whether the quarantine is no longer what was pinned.
func (t *Tables) moved(ctx context.Context, p *Pinned) (bool, error) {
	pinned, ok := p.Snapshots[schemas.QuarantineTable]
	if !ok || len(p.Snapshots) == 1 {
		return false, nil
	}
	now, err := t.catalog.Newest(ctx, schemas.QuarantineTable)
	return now != nil && now.ID != pinned, err
}

func (t *Tables) pinOnce(ctx context.Context, relations []string) (*Pinned, error) {
	p := &Pinned{Relations: map[string]Relation{}, Snapshots: map[string]int64{}, Commits: map[string]int64{},
		Through: map[string]int64{}, Late: map[string]int64{}, Daily: map[string]int64{}, Missing: map[string]int64{}, Oldest: map[string]int64{},
		Worth: map[string]lake.Rollup{}, Complete: map[string]time.Time{}, Horizons: map[string]string{}, dropped: map[string]int64{}}
	beats, err := t.beats(ctx)
	if err != nil {
		return nil, err
	}
	names := slices.Clone(relations)
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	for _, name := range names {
		if err := t.pin(ctx, p, name, beats); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func rank(table string) int {
	switch {
	case table == schemas.QuarantineTable:
		return -1
	case strings.HasSuffix(table, "_base") || strings.HasSuffix(table, "_daily"):
		return 0
	}
	return 1
}

// beats returns how far the heartbeats are, where nothing else tells how far quiet shards are. It is asked before any
// history is pinned: then the history has all that came before these heartbeats.
func (t *Tables) beats(ctx context.Context) (lake.Watermarks, error) {
	if _, marked := t.progress.(Marked); !marked {
		return nil, nil
	}
	now, err := t.catalog.Newest(ctx, schemas.HeartbeatTable)
	if now == nil || err != nil {
		return nil, err
	}
	return now.Watermarks, nil
}

func (t *Tables) pin(ctx context.Context, p *Pinned, name string, beats lake.Watermarks) error {
	columns, d := t.columns(name)
	if columns == nil {
		return fault.New(fault.NotFound, "there is no table %s", name)
	}
	rel := Relation{Name: name, Columns: columns}
	p.Relations[name], p.Snapshots[name] = rel, 0
	table, err := t.catalog.Existing(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	s, err := table.Snapshot(ctx)
	if err != nil {
		return err
	}
	if d != nil && name == d.DailyTable() {
		kept := t.registry.Daily(d.Name)
		rel.Columns = kept.Columns(s.IDs())
		if worth := lake.ParseRollup(s.Properties[lake.PropRollup]); worth.Hash == kept.Hash && s.ID != 0 {
			p.Daily[d.Name], p.Worth[d.Name] = s.Through, worth
		}
	}
	kept, err := t.plan(ctx, s)
	if err != nil {
		return err
	}
	rel.Files, rel.Snapshot, rel.Known = kept.files, s.ID, s.Known()
	p.Relations[name], p.Snapshots[name] = rel, s.ID
	switch {
	case name == schemas.QuarantineTable:
		p.Discarded = lake.ParseDiscarded(s.Properties[lake.PropDiscarded])
	case d == nil:
	case name == d.BaseTable():
		if s.ID != 0 {
			p.Through[d.Name] = s.Through
		}
	case name == d.DailyTable():
	default:
		p.Oldest[d.Name] = kept.chain.oldest
		if kept.chain.missing > 0 {
			p.Missing[d.Name] = kept.chain.missing
		}
		p.Commits[name], p.Horizons[d.Name], p.dropped[d.Name] = s.Commit, s.Horizon, s.Dropped
		p.Late[d.Name] = s.Late
		if t.progress != nil {
			p.Complete[d.Name] = t.progress.Complete(d.Name, s.Watermarks.Beyond(beats, d.Stream))
		}
	}
	return nil
}

// columns returns a table's columns and the dataset that it belongs to, nil for one that all share.
func (t *Tables) columns(table string) ([]schemas.Column, *schemas.Dataset) {
	switch table {
	case schemas.QuarantineTable:
		return schemas.QuarantineColumns(), nil
	case schemas.LedgerTable:
		return schemas.LedgerColumns(), nil
	}
	for _, suffix := range []string{"_changes", "_base", "_daily"} {
		name, ok := strings.CutSuffix(table, suffix)
		if !ok {
			continue
		}
		d, ok := t.registry.Dataset(name)
		switch {
		case !ok:
		case table == d.BaseTable():
			return d.StateColumns(), d
		case table == d.ChangesTable():
			return d.ChangeColumns(), d
		case table == d.DailyTable() && t.registry.Daily(name) != nil:
			return t.registry.Daily(name).Columns(nil), d
		}
	}
	return nil, nil
}

// plan returns the snapshot's files, remembered while it is the newest.
func (t *Tables) plan(ctx context.Context, s *tables.Snapshot) (planned, error) {
	t.mu.Lock()
	known, ok := t.files[s.Table()]
	t.mu.Unlock()
	if ok && known.snapshot == s.ID {
		return known, nil
	}
	listed, err := s.Files(ctx, tables.Filter{})
	if err != nil {
		return planned{}, err
	}
	files := make([]File, len(listed))
	for i, f := range listed {
		files[i] = File{Path: f.Path, Region: f.Region, Upper: f.UpperCommit, Rows: f.Rows, Bytes: f.Size}
		if f.Dt == "" {
			continue
		}
		if files[i].Date, err = time.Parse(time.DateOnly, f.Dt); err != nil {
			return planned{}, fault.Wrap(fault.Internal, err, "a file of table %s lies under no day", s.Table())
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.files[s.Table()] = planned{s.ID, files, chainOf(s)}
	return t.files[s.Table()], nil
}

// chainOf reads the summaries of the kept commits, the newest first.
func chainOf(s *tables.Snapshot) chain {
	var c chain
	for _, said := range s.Lately(s.Kept()) {
		n, err := strconv.ParseInt(said[lake.PropCommit], 10, 64)
		if err != nil {
			continue // a compaction
		}
		c.oldest = n
		if said["tarn.holes"] != "" {
			c.missing = max(c.missing, n)
		}
	}
	return c
}
