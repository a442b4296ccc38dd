package node

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

// archiveView is the archive, and the lake beside it, as verify compares them.
type archiveView struct{ n *Node }

var (
	_ verify.Archive = archiveView{}
	_ verify.Lake    = archiveView{}
)

// Await returns at once: what is archived was committed before.
func (v archiveView) Await(context.Context, *schemas.Dataset, time.Time) error { return nil }

// Hold returns the dataset as it is now.
func (v archiveView) Hold(ctx context.Context, d *schemas.Dataset) (verify.Held, error) {
	return lakeView(v).hold(ctx, d)
}

// Skipped returns the fields that are not compared.
func (v archiveView) Skipped(d *schemas.Dataset) []string { return verify.Skipped(d) }

// Batches reads the archive, object by object.
func (v archiveView) Batches(ctx context.Context, d *schemas.Dataset, each func(verify.Batch) error) error {
	stream := d.Stream
	if stream == "" {
		stream = d.Name
	}
	found, err := v.n.files.List(ctx, lake.ArchiveDir+"/"+stream+"/")
	if err != nil {
		return err
	}
	s := newSection(d)
	for _, f := range found {
		body, err := v.n.files.Get(ctx, f.Name())
		if fault.Is(err, fault.NotFound) { // its days are over
			continue
		}
		if err != nil {
			return err
		}
		landed, err := v.n.parseArchived(f.Name(), body)
		if err != nil {
			return err
		}
		b := verify.Batch{Lane: landed.Lane, After: landed.After, First: landed.First, Last: landed.Last}
		if b.Changes, err = s.changes(ctx, landed); err != nil {
			return fault.Wrap(fault.Invalid, err, "%s", f.Name())
		}
		if err := each(b); err != nil {
			return err
		}
	}
	return nil
}

// section reads the rows of one dataset in landed objects.
type section struct {
	*changeColumns
	d *schemas.Dataset
}

func newSection(d *schemas.Dataset) *section {
	return &section{newChangeColumns(d, d.LandedColumns()), d}
}

func (s *section) changes(ctx context.Context, l *lake.Landed) (all []verify.Archived, err error) {
	for _, part := range l.Sections {
		if part.Dataset != s.d.Name {
			continue
		}
		err := textsIn(ctx, bytes.NewReader(part.Body), int64(len(part.Body)), s.all, nil, func(i int) error {
			c, err := s.change(i)
			if err == nil && c.Seq != "" {
				all = append(all, c)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// change returns a row; without a number where it is a mark that a record has left a partition.
func (s *section) change(i int) (c verify.Archived, err error) {
	of := func(t *textColumn) string { text, _ := t.at(i); return string(text) }
	op := record.Op(of(s.op))
	if op == record.Leave {
		return c, nil
	}
	micros, err := strconv.ParseInt(of(s.at), 10, 64)
	if err != nil {
		return c, err
	}
	text, key := s.texts(i)
	c.Gone = op.Gone()
	c.Change = verify.Change{Seq: lake.Seq(of(s.seq)), Hash: verify.Hash(text), Key: string(key), Day: of(s.day)}
	c.Shard, c.At, c.Region = of(s.shard), time.UnixMicro(micros), of(s.region)
	return c, nil
}
