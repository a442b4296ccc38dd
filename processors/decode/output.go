package decode

import (
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// Output holds the rows that were decoded: a batch for each dataset, in the layout of its landed columns, one of the
// records that were set aside, and one of heartbeats. It is reused from batch to batch.
type Output struct {
	stream string
	sets   []*target // as the plan's
	bad    *target
	beats  *target
	rows   []Rows // all of them, by dataset
}

// Rows is the rows of one dataset, or of schemas.QuarantineTable.
type Rows struct {
	Dataset string
	Batch   *columns.Batch
}

// target is one batch with its columns by what they hold.
type target struct {
	batch                                *columns.Batch
	op, shard, seq, at, day, region      *columns.Leaf
	fields, old                          []sink
	steps                                []step // by field: where a value goes as soon as it is read
	late                                 []sink // the fields whose values go later
	changed, extra                       *columns.Leaf
	stream, dataset, reason, field, line *columns.Leaf // of the quarantine
	payload                              *columns.Leaf
	sent                                 *columns.Leaf // of heartbeats
}

// sink is the column of one field.
type sink struct {
	field   int
	of      *field
	key     bool
	private bool
	leaf    *columns.Leaf // nil: node
	node    *columns.Node
}

// NewOutput returns an empty output for the decoders of the plan.
func (p *Plan) NewOutput() *Output {
	o := &Output{stream: p.stream, bad: newTarget(landed(schemas.QuarantineColumns())), beats: newTarget(landed(schemas.HeartbeatColumns()))}
	for _, s := range p.sets {
		t := newTarget(s.columns)
		for i := range s.fields.all {
			f := &s.fields.all[i]
			if f.Privacy.Rule != "drop" {
				t.fields = append(t.fields, t.sink(f, i, f.Name, slices.Contains(s.keys, i)))
			}
			t.steps = append(t.steps, s.steps[i])
			if t.steps[i].leaf = t.straight(i); f.ofTexts() && !slices.Contains(s.tracked, i) && f.Privacy.Rule == "" {
				t.steps[i].node = t.batch.Node(f.Name)
			}
		}
		for _, f := range t.fields {
			if t.steps[f.field].leaf == nil {
				t.late = append(t.late, f)
			}
		}
		for _, i := range s.tracked {
			if f := &s.fields.all[i]; f.Privacy.Rule != "drop" {
				t.old = append(t.old, t.sink(f, i, schemas.OldPrefix+f.Name, false))
			}
		}
		o.sets = append(o.sets, t)
		o.rows = append(o.rows, Rows{s.Name, t.batch})
	}
	o.rows = append(o.rows, Rows{schemas.QuarantineTable, o.bad.batch}, Rows{schemas.HeartbeatTable, o.beats.batch})
	slices.SortFunc(o.rows, func(a, b Rows) int { return strings.Compare(a.Dataset, b.Dataset) })
	return o
}

// landed leaves out the column that nobody knows before the commit.
func landed(cols []schemas.Column) []schemas.Column {
	return slices.DeleteFunc(cols, func(c schemas.Column) bool { return c.Name == schemas.ColCommit })
}

func newTarget(cols []schemas.Column) *target {
	b := columns.New(cols)
	return &target{
		batch: b,
		op:    b.Leaf(schemas.ColOp), shard: b.Leaf(schemas.ColShard), seq: b.Leaf(schemas.ColSeq), at: b.Leaf(schemas.ColAt),
		day: b.Leaf(schemas.ColDate), region: b.Leaf(schemas.ColRegion),
		changed: b.Leaf(schemas.ColChanged + ".element"), extra: b.Leaf(schemas.ColExtra),
		stream: b.Leaf("stream"), dataset: b.Leaf("dataset"), reason: b.Leaf("reason"), field: b.Leaf("field"), line: b.Leaf("line"),
		payload: b.Leaf("payload"), sent: b.Leaf("sent"),
	}
}

func (t *target) sink(f *field, at int, path string, key bool) sink {
	return sink{field: at, of: f, key: key, private: f.Privacy.Rule == "mask" || f.Privacy.Rule == "band", leaf: t.batch.Leaf(path), node: t.batch.Node(path)}
}

// straight returns the column of field at, if the last sink is that field's and takes values as they are.
func (t *target) straight(at int) *columns.Leaf {
	if n := len(t.fields); n > 0 && t.fields[n-1].field == at && !t.fields[n-1].private {
		return t.fields[n-1].leaf
	}
	return nil
}

// Reset drops all rows and keeps the memory.
func (o *Output) Reset() {
	for _, r := range o.rows {
		r.Batch.Reset()
	}
}

// Rows returns the batches, sorted by dataset, empty ones included; schemas.QuarantineTable is that of bad records,
// schemas.HeartbeatTable that of heartbeats. They stay the output's.
func (o *Output) Rows() []Rows { return o.rows }

// Batch returns the rows of a dataset or of schemas.QuarantineTable, nil where the plan has no such dataset.
func (o *Output) Batch(dataset string) *columns.Batch {
	for _, r := range o.rows {
		if r.Dataset == dataset {
			return r.Batch
		}
	}
	return nil
}

// Size returns the bytes that the rows take in memory.
func (o *Output) Size() int {
	n := 0
	for _, r := range o.rows {
		n += r.Batch.Size()
	}
	return n
}
