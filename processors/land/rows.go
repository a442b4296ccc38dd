package land

import (
	"context"
	"fmt"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

// Rows lands rows that do not come as events, such as those of a file: batch after batch of one lane. It is not safe for
// concurrent use.
type Rows struct {
	lander  *Lander
	dataset *schemas.Dataset
	stream  string
	lane    string
	w       *work
	row     *decode.Row
	batch   lake.Landed // of the batch that is being filled
}

// Bad is a row that cannot be what the schema says.
type Bad struct {
	Seq     lake.Seq
	At      time.Time
	Line    int64 // of the file; 0: it has none
	Field   string
	Reason  string
	Payload []byte
}

// Rows returns the rows of a lane. They land with the dataset's stream, or under its own name where it has none.
func (l *Lander) Rows(d *schemas.Dataset, lane string) (*Rows, error) {
	r := &Rows{lander: l, dataset: d, stream: Folder(d), lane: lane}
	s, ok := l.streams[r.stream]
	if !ok {
		return nil, fmt.Errorf("nothing lands under %s", r.stream)
	}
	var err error
	if r.row, err = s.plan.NewRow(d.Name); err != nil {
		return nil, err
	}
	r.w = s.work()
	r.begin("")
	return r, nil
}

// Folder returns the landing folder of a dataset: its stream, or its own name where it has none.
func Folder(d *schemas.Dataset) string {
	if d.Stream != "" {
		return d.Stream
	}
	return d.Name
}

// Row returns the row to set fields of; Add adds it.
func (r *Rows) Row() *decode.Row { return r.row }

// Add adds the row to the batch. A row that is refused has not been added: Park it.
func (r *Rows) Add(id decode.Identity) error {
	id.Lane = r.lane
	if err := r.row.Add(id, r.w.out); err != nil {
		return err
	}
	r.note(id.Seq, id.At)
	return nil
}

// Park adds a bad row to the batch, with its whole payload.
func (r *Rows) Park(b Bad) {
	q := r.w.out.Batch(schemas.QuarantineTable)
	set := func(column, text string) {
		if text != "" {
			q.Leaf(column).AppendString(text)
		}
	}
	set(schemas.ColOp, "unknown")
	set(schemas.ColShard, r.lane)
	set(schemas.ColSeq, string(b.Seq))
	q.Leaf(schemas.ColAt).AppendInt64(b.At.UnixMicro())
	q.Leaf(schemas.ColDate).AppendInt32(int32(b.At.Unix() / 86_400))
	set(schemas.ColRegion, "unknown")
	set("stream", r.stream)
	set("dataset", r.dataset.Name)
	set("reason", b.Reason)
	set("field", b.Field)
	if b.Line > 0 {
		q.Leaf("line").AppendInt64(b.Line)
	}
	q.Leaf("payload").AppendBytes(b.Payload)
	q.EndRow()
	r.batch.Bad++
	r.note(b.Seq, b.At)
}

func (r *Rows) note(seq lake.Seq, at time.Time) {
	if r.batch.First == "" {
		r.batch.First = seq
	}
	r.batch.Last = seq
	r.batch.Records++
	if at.After(r.batch.Through) {
		r.batch.Through = at
	}
}

// Size returns about how many bytes the batch holds.
func (r *Rows) Size() int { return r.w.out.Size() }

// Records returns how many rows the batch holds, bad ones included.
func (r *Rows) Records() int { return r.batch.Records }

// After says what the lane has landed before the first batch; empty: nothing.
func (r *Rows) After(seq lake.Seq) { r.begin(seq) }

// Land makes the batch durable and begins the next one. The last batch of a lane is final. An empty batch leaves nothing.
func (r *Rows) Land(ctx context.Context, final bool) (lake.Landed, error) {
	landed := r.batch
	if landed.Records == 0 {
		return landed, nil
	}
	landed.Final = final
	if err := r.lander.put(ctx, r.w, &landed); err != nil {
		return lake.Landed{}, err
	}
	r.begin(landed.Last)
	return landed, nil
}

func (r *Rows) begin(after lake.Seq) {
	r.w.out.Reset()
	r.batch = lake.Landed{
		LandedName: lake.LandedName{Stream: r.stream, Lane: r.lane, Version: lake.LandedVersion}, After: after, Begin: after == "",
	}
}
