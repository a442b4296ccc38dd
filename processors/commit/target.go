package commit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	rows    *columns.Batch // what the pass has decoded for it
	kept    *columns.Batch // the rows above the watermarks, where some are not
	part    *columns.Batch // one file's rows
	enc     *columns.Encoder
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
// is committed. A folder of the landing that is no stream's is a dataset's own, as loaded facts are.
func (c *Committer) open(ctx context.Context, stream string) ([]*target, error) {
	datasets := c.registry.ByStream(stream)
	if d, ok := c.registry.Dataset(stream); ok && len(datasets) == 0 {
		datasets = append(datasets, d)
	}
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
	return all, nil
}

func (c *Committer) target(ctx context.Context, section string, spec tables.Spec) (*target, error) {
	if t := c.targets[spec.Name]; t != nil {
		return t, nil
	}
	table, err := c.tables.Table(ctx, spec)
	if err != nil {
		return nil, err
	}
	t := &target{section: section, table: table, dataset: section, schema: version(spec.Columns), enc: columns.NewEncoder(spec.Columns, columns.EncoderOptions{})}
	t.buffers(spec.Columns)
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

// buffers gives the target empty batches.
func (t *target) buffers(cols []schemas.Column) {
	for _, b := range []**columns.Batch{&t.rows, &t.kept, &t.part} {
		*b = columns.New(cols)
		(*b).Leaf(schemas.ColCommit).Fill = true // landed rows do not know theirs yet
	}
}

// release gives the memory of the batches back.
func (t *target) release() {
	cols := t.rows.Columns()
	t.buffers(cols)
	t.enc = columns.NewEncoder(cols, columns.EncoderOptions{})
}
