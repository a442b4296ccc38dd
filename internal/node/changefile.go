package node

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/schemas"
)

// changeColumns is the columns of files of changes that their texts are made of.
type changeColumns struct {
	op, shard, seq, at, day, region *textColumn
	keys, row, all                  []*textColumn
	text, key                       []byte
}

func newChangeColumns(d *schemas.Dataset, of []schemas.Column) *changeColumns {
	t := textColumns{of: of}
	c := &changeColumns{
		op: t.plain(schemas.ColOp, schemas.String), shard: t.plain(schemas.ColShard, schemas.String), seq: t.plain(schemas.ColSeq, schemas.String),
		at: t.plain(schemas.ColAt, schemas.Timestamp), day: t.plain(schemas.ColDate, schemas.Day), region: t.plain(schemas.ColRegion, schemas.String),
		keys: t.key(d), row: t.row(verify.ComparableChanges(d)),
	}
	c.all = t.all
	return c
}

// texts returns the texts of a row and of its key, as changeSQL and keySQL make them. The next call overwrites them.
func (c *changeColumns) texts(i int) (text, key []byte) {
	op, _ := c.op.at(i)
	at, _ := c.at.at(i)
	c.key = appendTexts(c.key[:0], c.keys, i, "")
	c.text = append(append(c.text[:0], op...), 0x1f)
	c.text = append(append(c.text, at...), 0x1f)
	c.text = append(append(c.text, c.key...), 0x1f)
	if !record.Op(op).Gone() {
		c.text = appendTexts(c.text, c.row, i, "\x1e")
	}
	return c.text, c.key
}

// Every reads the changes of some spans from the history's files, each of which is read once.
func (h *held) Every(ctx context.Context, all []verify.Span, each func(shard, seq, text, key []byte) error) error {
	if len(all) == 0 {
		return nil
	}
	rel := h.asked.Pinned().Relations[h.d.ChangesTable()]
	s := newSpans(all)
	c := newChangeColumns(h.d, rel.Columns)
	take := func(i int) error {
		shard, _ := c.shard.at(i)
		seq, _ := c.seq.at(i)
		op, _ := c.op.at(i)
		at, _ := c.at.at(i)
		region, _ := c.region.at(i)
		if in, err := s.have(shard, seq, record.Op(op), at, region); !in || err != nil {
			return err
		}
		text, key := c.texts(i)
		return each(shard, seq, text, key)
	}
	may := func(bounds func(column int) (low, high []byte)) bool {
		low, high := bounds(c.seq.id)
		return low == nil || high == nil || s.touch(low, high)
	}
	for _, f := range rel.Files {
		if !h.mayHold(f, all[0]) {
			continue
		}
		if err := h.readFile(ctx, f, c.all, may, take); err != nil {
			return err
		}
	}
	return nil
}

// mayHold reports whether a file may hold changes of a region and a time.
func (h *held) mayHold(f query.File, s verify.Span) bool {
	if s.Region != "" && f.Region != "" && f.Region != s.Region {
		return false
	}
	return s.From.IsZero() || f.Date.IsZero() || h.d.Date.From == "field" || !f.Date.AddDate(0, 1, 0).Before(s.From) // a partition is of a month at most
}

// spans is spans by shard.
type spans struct {
	by        map[string][]verify.Span
	low, high lake.Seq
	from, to  int64 // of them all, in microseconds
	region    string
}

func newSpans(all []verify.Span) *spans {
	s := &spans{by: map[string][]verify.Span{}, low: all[0].First, high: all[0].Last, to: all[0].To.UnixMicro(), region: all[0].Region}
	if s.from = -1 << 63; !all[0].From.IsZero() {
		s.from = all[0].From.UnixMicro()
	}
	for _, span := range all {
		s.by[span.Shard] = append(s.by[span.Shard], span)
		s.low, s.high = min(s.low, span.First), max(s.high, span.Last)
	}
	return s
}

// touch reports whether there may be numbers of a span between two, of which the higher may be cut off and counted up.
func (s *spans) touch(low, high []byte) bool {
	return bytes.Compare(low, []byte(s.high)) <= 0 && bytes.Compare(high, []byte(s.low)) >= 0
}

// have reports whether a row is among the spans' changes.
func (s *spans) have(shard, seq []byte, op record.Op, at, region []byte) (bool, error) {
	if op == record.Leave || s.region != "" && (op.Gone() || string(region) != s.region) {
		return false, nil
	}
	in := false
	for _, span := range s.by[string(shard)] {
		in = in || string(seq) >= string(span.First) && string(seq) <= string(span.Last)
	}
	if !in {
		return false, nil
	}
	micros, err := strconv.ParseInt(string(at), 10, 64)
	if err != nil {
		return false, fmt.Errorf("the change %s:%s has no time: %w", shard, seq, err)
	}
	return micros >= s.from && micros < s.to, nil
}
