package node

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// SQLArgs asks one SELECT.
type SQLArgs struct {
	SQL   string `json:"sql"`
	Limit int    `json:"limit,omitempty"`
	CSV   bool   `json:"csv,omitempty"`
}

// Table is an answer as it travels: the JSON of the query API, or a CSV text.
type Table struct {
	JSON json.RawMessage `json:"json,omitempty"`
	CSV  string          `json:"csv,omitempty"`
}

func (n *Node) sql(ctx context.Context, a SQLArgs, _ Tell) (Table, error) {
	ctx = viewer.With(ctx, viewer.System())
	ask := n.query.SQL
	if a.CSV || a.Limit > 10_000 {
		ask = n.query.ExportSQL
	}
	return toTable(a.CSV)(ask(ctx, a.SQL, a.Limit))
}

// MetricArgs asks a metric.
type MetricArgs struct {
	Query plan.Query `json:"query"`
	CSV   bool       `json:"csv,omitempty"`
}

func (n *Node) metric(ctx context.Context, a MetricArgs, _ Tell) (Table, error) {
	ctx = viewer.With(ctx, viewer.System())
	ask := n.query.Metric
	if a.CSV {
		ask = n.query.ExportMetric
	}
	return toTable(a.CSV)(ask(ctx, a.Query))
}

func toTable(csv bool) func(*query.Answer, error) (Table, error) {
	return func(a *query.Answer, err error) (Table, error) {
		if err != nil {
			return Table{}, err
		}
		var b bytes.Buffer
		if csv {
			err = query.WriteCSV(&b, a)
			return Table{CSV: b.String()}, err
		}
		err = query.WriteJSON(&b, a)
		return Table{JSON: b.Bytes()}, err
	}
}

// chosen returns the named datasets, or all that are kept in the store.
func (n *Node) chosen(names []string) ([]*schemas.Dataset, error) {
	var all []*schemas.Dataset
	if len(names) == 0 {
		for _, d := range n.registry.Datasets() {
			if !d.Key.IsZero() {
				all = append(all, d)
			}
		}
		return all, nil
	}
	for _, name := range names {
		d, ok := n.registry.Dataset(name)
		if !ok {
			return nil, n.noDataset(name)
		}
		all = append(all, d)
	}
	return all, nil
}

func (n *Node) noDataset(name string) error {
	names := []string{}
	for _, d := range n.registry.Datasets() {
		names = append(names, d.Name)
	}
	return fault.New(fault.NotFound, "no dataset %q; there are %v: name one of them, or another folder with --schemas", name, names)
}

// CompactResult is how many files each table had and has.
type CompactResult struct {
	Table  string `json:"table"`
	Before int    `json:"filesBefore"`
	After  int    `json:"filesAfter"`
}

func (n *Node) compactNow(ctx context.Context, _ struct{}, tell Tell) ([]CompactResult, error) {
	if err := n.commit(ctx); err != nil {
		return nil, err
	}
	if err := n.refreshRollups(ctx); err != nil { // while the changes that they lack still lie in files of their own
		return nil, err
	}
	var results []CompactResult
	err := n.eachTable(func(t *tables.Table) error {
		before, err := fileCount(ctx, t)
		results = append(results, CompactResult{Table: t.Name(), Before: before})
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := n.compactWhole(ctx, tell); err != nil {
		return nil, err
	}
	i := 0
	err = n.eachTable(func(t *tables.Table) (err error) {
		results[i].After, err = fileCount(ctx, t)
		i++
		return err
	})
	return results, err
}

// compactWhole merges until each partition of the histories is one file of its size.
func (n *Node) compactWhole(ctx context.Context, tell Tell) error {
	whole := n.newCompactor(always)
	for _, h := range n.histories {
		if err := mergeWhole(ctx, whole, h, tell); err != nil {
			return err
		}
	}
	_, err := again(func() (bool, error) { return whole.MergeQuarantine(ctx, n.quarantine) })
	return err
}

// mergeWhole merges one history, and then its base.
func mergeWhole(ctx context.Context, whole *compact.Compactor, h compact.History, tell Tell) error {
	for more, round := true, int64(1); more; round++ {
		var err error
		if more, err = again(func() (bool, error) { return whole.Merge(ctx, h) }); err != nil {
			return err
		}
		tell(Step{What: h.Changes.Name() + " rounds of merging", Done: round})
	}
	_, err := again(func() (bool, error) { return whole.MergeBase(ctx, h) })
	return err
}

func fileCount(ctx context.Context, t *tables.Table) (int, error) {
	snap, err := t.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	files, err := snap.Files(ctx, tables.Filter{})
	return len(files), err
}

// Status is what a data folder holds.
type Status struct {
	Folder  string        `json:"folder"`
	URL     string        `json:"url,omitempty"`
	Health  health        `json:"health"`
	Tables  []TableStatus `json:"tables"`
	Archive Archive       `json:"archive"`
}

// TableStatus is one table of the lake.
type TableStatus struct {
	Name      string    `json:"name"`
	Rows      int64     `json:"rows"`
	Files     int       `json:"files"`
	Bytes     int64     `json:"bytes"`
	Commit    int64     `json:"commit"` // of a base or rollup: the one of its history that it is current to
	Snapshots int       `json:"snapshots"`
	At        time.Time `json:"at,omitzero"`
}

func (n *Node) status(ctx context.Context, _ struct{}, _ Tell) (Status, error) {
	s := Status{Folder: cmp.Or(n.opts.Shadowed, n.folder.Root()), URL: n.url, Health: n.health()}
	err := n.eachTable(func(t *tables.Table) error {
		snap, err := t.Snapshot(ctx)
		if err != nil {
			return err
		}
		files, err := snap.Files(ctx, tables.Filter{})
		if err != nil {
			return err
		}
		one := TableStatus{Name: t.Name(), Rows: snap.Rows, Files: len(files), Commit: max(snap.Commit, snap.Through), Snapshots: snap.Kept(), At: snap.At}
		for _, f := range files {
			one.Bytes += f.Size
		}
		s.Tables = append(s.Tables, one)
		return nil
	})
	if err == nil {
		s.Archive, err = n.archive(ctx)
	}
	return s, err
}
