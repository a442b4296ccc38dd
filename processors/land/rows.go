package land

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

// Rows lands rows that do not come from a reader of the stream, such as those of a file or of a repair: batch after batch
// of one lane. It is not safe for concurrent use.
type Rows struct {
	lander  *Lander
	dataset *schemas.Dataset
	stream  string
	lane    string
	repair  bool // rows have identities of other lanes, and batches are numbered by a running number of this one
	w       *work
	row     *decode.Row
	events  *work       // where events are decoded before they join the batch
	batch   lake.Landed // of the batch that is being filled
}

// Bad is a row that cannot be what the schema says.
type Bad struct {
	Shard   string // of its identity; only in a repair
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

// Repair returns the rows of a repair: a lane of its own, repair/<id>, whose rows keep the identities that they have or
// should have had. What the lake has already is left out by the commit, so repairing again changes nothing. An id stands
// for one repair; one that goes on says where with After.
func (l *Lander) Repair(d *schemas.Dataset, id string) (*Rows, error) {
	lane, err := lake.RepairName(id)
	if err != nil {
		return nil, err
	}
	r, err := l.Rows(d, lane)
	if err != nil {
		return nil, err
	}
	r.repair = true
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
// In a repair the identity's lane is that of the change; otherwise it is this lane.
func (r *Rows) Add(id decode.Identity) error {
	if !r.repair {
		id.Lane = r.lane
	} else if id.Lane == "" {
		return fault.New(fault.Invalid, "a row of repair %s does not say which shard it is of", r.lane)
	}
	if err := r.row.Add(id, r.w.out); err != nil {
		return err
	}
	r.note(id.Seq, id.At)
	return nil
}

// Event adds the records of a stream event, as the shard's own reader would have: bad ones go to the quarantine. It is for
// repairs. After an error the batch is as it was.
func (r *Rows) Event(body []byte, shard string) (decode.Info, error) {
	if !r.repair || shard == "" {
		return decode.Info{}, fault.New(fault.Invalid, "%s takes no events: only a repair does, which says of which shard they are", r.lane)
	}
	if r.events == nil {
		r.events = r.lander.streams[r.stream].work()
	}
	r.events.out.Reset()
	info, err := r.events.decoder.Event(body, shard, r.events.out)
	if err != nil {
		return info, fmt.Errorf("decode an event of %s %s: %w", r.stream, shard, err)
	}
	for i, from := range r.events.out.Rows() {
		if err := r.w.out.Rows()[i].Batch.AppendFrom(from.Batch); err != nil {
			return info, err
		}
	}
	for range info.Records {
		r.note("", info.Through)
	}
	r.batch.Bad += info.Bad
	r.batch.Expired += info.Expired
	return info, nil
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
	set(schemas.ColShard, cmp.Or(b.Shard, r.lane))
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
	if r.repair {
		seq = max(r.batch.Last, r.batch.After).Next()
	}
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
