package commit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// target is a table that is committed to, with buffers that live from pass to pass.
type target struct {
	section string // which section of a landed object it takes
	table   *tables.Table
	sort    []columns.SortKey
	cols    []schemas.Column
	sources *columns.Sources   // the sections of the pass
	rows    *columns.Batch     // of their rows, what says where they go and in which order
	encs    []*columns.Encoder // each of which has a goroutine
	workers int
	shared  bool // fed by all streams, so lanes are told apart by stream
	dataset string
	schema  string          // version of its columns
	brought map[string]int  // rows that the pass brings, by lane
	leaving lake.Watermarks // lanes that the next commit may leave out of the watermarks
	telling lake.Watermarks // lanes that it tells the ledger of, so that a later one may
}

// lane returns the name that the lane's watermark has in the table.
func (t *target) lane(stream, lane string) string {
	if t.shared {
		return stream + "/" + lane
	}
	return lane
}

// laneOf is the inverse of lane; in a shared table most names are other streams'.
func (t *target) laneOf(stream, name string) (string, bool) {
	if t.shared {
		return strings.CutPrefix(name, stream+"/")
	}
	return name, true
}

// open returns the tables that the stream feeds, the quarantine first: a bad record is parked before what stood beside it
// is committed. Heartbeats come last: where their table is with a lane, every other one has all that it will get up to
// there, so it tells how far they are complete when nothing else moves their watermarks. A folder of the landing that is no stream's is a dataset's own, as loaded facts are.
func (c *Committer) open(ctx context.Context, stream string) ([]*target, error) {
	datasets := c.registry.Landing(stream)
	if len(datasets) == 0 {
		return nil, fault.New(fault.Invalid, "the landing holds batches of %q, which no schema names as a stream or dataset; restore the schema or remove them", stream)
	}
	quarantine, err := c.target(ctx, schemas.QuarantineTable, tables.Quarantine())
	if err != nil {
		return nil, err
	}
	quarantine.shared = true
	all := []*target{quarantine}
	for _, d := range datasets {
		t, err := c.target(ctx, d.Name, tables.Changes(d))
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	beats, err := c.target(ctx, schemas.HeartbeatTable, tables.Heartbeats())
	if err != nil {
		return nil, err
	}
	beats.shared = true
	return append(all, beats), nil
}

func (c *Committer) target(ctx context.Context, section string, spec tables.Spec) (*target, error) {
	if t := c.targets[spec.Name]; t != nil {
		return t, nil
	}
	table, err := c.tables.Table(ctx, spec)
	if err != nil {
		return nil, err
	}
	t := &target{section: section, table: table, dataset: section, schema: version(spec.Columns), cols: spec.Columns, workers: c.opts.Workers}
	t.buffers()
	for _, column := range spec.Sort {
		if l := t.rows.Leaf(column); l != nil && l.MaxRep == 0 {
			t.sort = append(t.sort, columns.SortKey{Path: column})
		}
	}
	c.targets[spec.Name] = t
	return t, nil
}

// version is the same for the same columns.
func version(cols []schemas.Column) string {
	sum := sha256.New()
	_ = json.NewEncoder(sum).Encode(cols) // columns have a JSON form, and a hash takes it
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

// buffers gives the target empty ones.
func (t *target) buffers() {
	t.sources, t.rows = columns.NewSources(t.cols), columns.New(t.cols)
	t.sources.Fill(schemas.ColCommit) // landed rows do not know theirs yet
	t.encs = make([]*columns.Encoder, t.workers)
	for i := range t.encs {
		t.encs[i] = columns.NewEncoder(t.cols, columns.EncoderOptions{})
	}
}

// reset empties the buffers.
func (t *target) reset() {
	t.sources.Reset()
	t.rows.Reset()
}

// look reads of the rows what trimming, dividing and sorting them needs.
func (t *target) look() error {
	paths := []string{schemas.ColOp, schemas.ColShard, schemas.ColSeq, schemas.ColDate, schemas.ColRegion}
	for _, k := range t.sort {
		if !slices.Contains(paths, k.Path) {
			paths = append(paths, k.Path)
		}
	}
	if err := t.sources.Keys(t.rows, paths...); err != nil {
		return err
	}
	t.sources.Keep(t.rows)
	return nil
}

// check decodes all of a section: what cannot be read is the batch's fault.
func (t *target) check(body []byte) error {
	b := columns.New(t.cols)
	b.Leaf(schemas.ColCommit).Fill = true
	return columns.Read(bytes.NewReader(body), int64(len(body)), b)
}
