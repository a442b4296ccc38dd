package commit

import (
	"context"
	"errors"
	"io"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// identity is what a row is told from all others by. The row that a move leaves in the old partition has the identity of
// the change itself.
type identity struct {
	shard, seq string
	leave      bool
}

// identities reads identities off the rows of a batch.
type identities struct{ op, shard, seq *columns.Leaf }

func identitiesOf(b *columns.Batch) identities {
	return identities{b.Leaf(schemas.ColOp), b.Leaf(schemas.ColShard), b.Leaf(schemas.ColSeq)}
}

func (o identities) at(i int) identity {
	return identity{string(o.shard.BytesAt(i)), string(o.seq.BytesAt(i)), o.leave(i)}
}

func (o identities) leave(i int) bool { return string(o.op.BytesAt(i)) == string(record.Leave) }

// sought is what a pass has sought in a table, which a next attempt adds to.
type sought struct {
	through int64 // the commit that it was sought up to
	there   map[identity]bool
	ahead   map[string]lake.Seq // by shard: the last number that repairs of this pass bring
}

// absent returns those of the suspects that are neither in the table, as base has it, nor among the rows that are kept,
// each once. The table is pinned: the commit succeeds on base or the question is asked again, for what came since.
func (p *pass) absent(ctx context.Context, t *target, base *base, kept, suspects []int32) ([]int32, error) {
	ids := identitiesOf(t.rows)
	wanted := make(map[identity]bool, len(suspects))
	for _, i := range suspects {
		wanted[ids.at(int(i))] = true
	}
	for _, i := range kept {
		delete(wanted, ids.at(int(i)))
	}
	s := p.sought[t]
	if s == nil {
		s = &sought{there: map[identity]bool{}}
		p.sought[t] = s
	}
	for id := range s.there {
		delete(wanted, id)
	}
	if err := p.seek(ctx, t, base, s, wanted); err != nil {
		return nil, err
	}
	s.through, s.ahead = base.Commit, map[string]lake.Seq{}
	var fresh []int32
	for _, i := range suspects {
		id := ids.at(int(i))
		if !wanted[id] {
			continue
		}
		delete(wanted, id) // once
		fresh = append(fresh, i)
		if lake.IsShard(id.shard) {
			s.ahead[id.shard] = max(s.ahead[id.shard], lake.Seq(id.seq))
		}
	}
	return fresh, nil
}

// seek removes from wanted what it finds in the commits after s.through, and notes it in s.
func (p *pass) seek(ctx context.Context, t *target, base *base, s *sought, wanted map[identity]bool) error {
	span := map[string][2]string{} // by shard, of what may be there
	for id := range wanted {
		if m := base.mark(t.lane(p.stream, id.shard)); m != (lake.Watermark{}) && !m.Holds(lake.Seq(id.seq)) {
			continue
		}
		w, ok := span[id.shard]
		if !ok {
			w = [2]string{id.seq, id.seq}
		}
		span[id.shard] = [2]string{min(w[0], id.seq), max(w[1], id.seq)}
	}
	if len(span) == 0 {
		return nil
	}
	files, err := base.Having(ctx, tables.Filter{CommitAbove: s.through}, func(bounds tables.Bounds) bool {
		for shard, w := range span {
			if mayHold(bounds, schemas.ColShard, shard, shard) && mayHold(bounds, schemas.ColSeq, w[0], w[1]) {
				return true
			}
		}
		return false
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		if len(wanted) == 0 {
			return nil
		}
		if err := p.seekFile(ctx, t, f, s, wanted); err != nil {
			return err
		}
	}
	return nil
}

// mayHold reports whether a file may hold a value of the column from low to high.
func mayHold(bounds tables.Bounds, column, low, high string) bool {
	least, most := bounds(column)
	return (least == nil || string(least) <= high) && (most == nil || string(most) >= low)
}

// seekFile reads the identities of one file, row group by row group.
func (p *pass) seekFile(ctx context.Context, t *target, f tables.File, s *sought, wanted map[identity]bool) (err error) {
	key, err := lake.ParseURL(f.URL)
	if err != nil {
		return err
	}
	r, size, err := p.files.Open(ctx, key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	file, err := columns.Open(io.NewSectionReader(r, 0, size), size)
	if err != nil {
		return err
	}
	var cols []schemas.Column
	for _, c := range t.rows.Columns() {
		if c.Name == schemas.ColOp || c.Name == schemas.ColShard || c.Name == schemas.ColSeq {
			cols = append(cols, c)
		}
	}
	b := columns.New(cols)
	ids := identitiesOf(b)
	for g := range file.RowGroups() {
		b.Reset()
		if err := file.ReadRowGroup(g, b); err != nil {
			return err
		}
		for i := range b.Rows() {
			id := ids.at(i)
			if wanted[id] {
				s.there[id] = true
				delete(wanted, id)
			}
		}
	}
	return nil
}

// advance notes, with the lanes whose rows repairs bring, how far those have gone above the lanes' own watermarks, so that
// the same rows are not taken again when the lane brings them itself.
func (p *pass) advance(t *target, base *base, marks lake.Watermarks) {
	s := p.sought[t]
	if s == nil {
		return
	}
	for shard, seq := range s.ahead {
		lane := t.lane(p.stream, shard)
		m, ok := marks[lane]
		if !ok {
			m = base.mark(lane)
		}
		if !m.Done && seq > m.Seq && seq > m.Ahead {
			m.Ahead = seq
			marks[lane] = m
		}
	}
}
