package compact

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// Typed turns values of one field, as DynamoDB JSON, into rows of a batch of the dataset's columns.
type Typed interface {
	// Add appends a row that has the value, as a change of an instant in microseconds brought it by the lane, and may lack
	// all other fields. A value that the field does not take is an error, and then no row was added.
	Add(lane string, value []byte, at int64) error
	// Named reports whether a member of _extra, in a row that came by the lane, is the field under another name.
	Named(lane, member string) bool
	// Rows returns the rows that were added since the last Reset.
	Rows() *columns.Batch
	Reset()
}

// Adopted is what became of the history of a field that the schema did not know.
type Adopted struct {
	Files int   `json:"files"` // rewritten
	Rows  int64 `json:"rows"`  // that have the value in its own column now
	Unfit int64 `json:"unfit"` // whose value is of another type, and stays in _extra
}

// adoptFiles is how many files one commit rewrites, which bounds what a lost race costs.
const adoptFiles = 32

// Adopt moves a field's values out of _extra, where they were kept while the schema did not know the field, into the
// field's own column, in every file of the table that holds one. Rows keep their identity, order and commit, so that
// neither figures of other fields nor watermarks change; adopting again finds nothing. Commits may go on meanwhile: the
// rows that they bring are the next call's.
func (c *Compactor) Adopt(ctx context.Context, h History, t *tables.Table, field string, typed Typed) (Adopted, error) {
	defer c.works.begin()()
	var done Adopted
	a := &adoption{Compactor: c, history: h, table: t, field: field, typed: typed, cols: h.Dataset.ChangeColumns()}
	base, err := t.Snapshot(ctx)
	if err != nil {
		return done, err
	}
	files, err := base.Files(ctx, tables.Filter{})
	if err != nil {
		return done, err
	}
	for part := range slices.Chunk(files, adoptFiles) {
		a.old, a.files = nil, nil
		for _, f := range part {
			if err := a.file(ctx, f, &done); err != nil {
				return done, c.discardOn(ctx, err, a.files)
			}
		}
		if len(a.old) == 0 {
			continue
		}
		if err := c.replace(ctx, t, base, a.old, a.files, tables.Update{Marker: c.opts.NewID()}); err != nil {
			return done, err
		}
		if base, err = t.Snapshot(ctx); err != nil {
			return done, err
		}
	}
	return done, nil
}

// adoption is one call of Adopt.
type adoption struct {
	*Compactor
	history History
	table   *tables.Table
	field   string
	typed   Typed
	cols    []schemas.Column
	old     []tables.File
	files   []tables.NewFile
}

// file rewrites one file, if a row of it has the field in _extra.
func (a *adoption) file(ctx context.Context, f tables.File, done *Adopted) error {
	some := columns.New(a.cols)
	if err := a.read(ctx, f, some, schemas.ColShard, schemas.ColExtra, schemas.ColAt); err != nil {
		return err
	}
	moved, err := a.move(some)
	if err != nil {
		return fmt.Errorf("file %s: %w", f.URL, err)
	}
	done.Unfit += moved.unfit
	if moved.rows == 0 {
		return nil
	}
	all := columns.New(a.cols)
	if err := a.read(ctx, f, all); err != nil {
		return err
	}
	if err := moved.into(all, a.field); err != nil {
		return fmt.Errorf("file %s: %w", f.URL, err)
	}
	enc := columns.NewEncoder(a.cols, columns.EncoderOptions{Codec: columns.Zstd, Bloom: bloom(a.history.Dataset)})
	part := ""
	switch {
	case f.Dt != "":
		part = lake.DayPartition(f.Dt, f.Region)
	case f.Bucket >= 0:
		part = fmt.Sprintf("bucket=%d", f.Bucket)
	}
	made, err := a.write(ctx, enc, all, lake.DataKey(a.table.Name(), part, "a-"+a.opts.NewID()))
	if err != nil {
		return err
	}
	made.Dt, made.Region, made.Bucket = f.Dt, f.Region, f.Bucket
	a.old, a.files = append(a.old, f), append(a.files, made)
	done.Files++
	done.Rows += moved.rows
	return nil
}

// moved is what becomes of the _extra of a file's rows.
type moved struct {
	extra       [][]byte // by row; nil: null
	value       []int32  // by row: which of the values is its own; 0: none
	values      *columns.Batch
	rows, unfit int64
}

// move takes the field out of every _extra that has it.
func (a *adoption) move(some *columns.Batch) (*moved, error) {
	shard, extra, at, rows := some.Leaf(schemas.ColShard), some.Leaf(schemas.ColExtra), some.Leaf(schemas.ColAt), some.Rows()
	a.typed.Reset()
	m := &moved{extra: make([][]byte, rows), value: make([]int32, rows), values: a.typed.Rows()}
	for row := range rows {
		if extra.IsNull(row) {
			continue
		}
		text := extra.BytesAt(row)
		m.extra[row] = text
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			return nil, fmt.Errorf("row %d: _extra is no JSON object: %w", row, err)
		}
		lane := string(shard.BytesAt(row))
		name, ok := a.member(lane, members)
		if !ok {
			continue
		}
		if a.typed.Add(lane, members[name], at.Int64At(row)) != nil {
			m.unfit++
			continue
		}
		m.rows++
		m.value[row] = int32(m.rows)
		delete(members, name)
		m.extra[row] = nil
		if len(members) > 0 {
			rest, err := json.Marshal(members) // names are sorted, as the decoder sorts them
			if err != nil {
				return nil, err
			}
			m.extra[row] = rest
		}
	}
	return m, nil
}

// member returns the name that the field has in a row's _extra.
func (a *adoption) member(lane string, members map[string]json.RawMessage) (name string, ok bool) {
	if _, ok := members[a.field]; ok {
		return a.field, true
	}
	for member := range members {
		if a.typed.Named(lane, member) && (!ok || member < name) {
			name, ok = member, true
		}
	}
	return name, ok
}

// into puts the values and what is left of _extra into the rows of the file.
func (m *moved) into(all *columns.Batch, field string) error {
	node := all.Node(field)
	from := columns.New([]schemas.Column{node.Column})
	from.EndRow() // row 0 has no value
	if err := from.AppendFrom(m.values); err != nil {
		return err
	}
	own := columns.New([]schemas.Column{node.Column})
	if err := own.Gather(from, m.value); err != nil {
		return err
	}
	extra := columns.New([]schemas.Column{all.Node(schemas.ColExtra).Column})
	for _, text := range m.extra {
		if text != nil {
			extra.Leaf(schemas.ColExtra).AppendBytes(text)
		}
		extra.EndRow()
	}
	if err := all.Swap(own); err != nil {
		return err
	}
	return all.Swap(extra)
}
