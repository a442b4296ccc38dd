package node

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/backfill"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// BackfillArgs asks for snapshot rows of one source.
type BackfillArgs struct {
	Dataset string `json:"dataset"`
	Export  string `json:"export,omitempty"` // the folder of an export of this machine
	Scan    bool   `json:"scan,omitempty"`   // the store itself
	Rate    int    `json:"rate,omitempty"`   // records of a scan a second; 0: as fast as it goes
	Hole    string `json:"hole,omitempty"`   // the hole that it fills
	DryRun  bool   `json:"dryRun,omitempty"`
}

// Backfilled is what a backfill did.
type Backfilled struct {
	Dataset string    `json:"dataset"`
	Lane    string    `json:"lane"`
	At      time.Time `json:"at"`     // its instant
	Read    int64     `json:"read"`   // records of the source
	Before  int64     `json:"before"` // of them landed by an earlier run
	Landed  int64     `json:"landed"` // of them landed now
	Gone    int64     `json:"gone"`   // of them that are gone
	Bad     int64     `json:"bad"`    // of them in quarantine
	Absent  int64     `json:"absent"` // records of the lake that a full source did not have, marked as gone
	Moved   int64     `json:"moved"`  // marks left where records were before
	Closed  string    `json:"closed,omitempty"`
	Why     string    `json:"why,omitempty"` // why absent records were left as they are
}

// backfill lands what a record was at an instant, for every record of the source, and commits it.
func (n *Node) backfill(ctx context.Context, a BackfillArgs, tell Tell) (done Backfilled, err error) {
	d, ok := n.registry.Dataset(a.Dataset)
	if !ok {
		return done, n.noDataset(a.Dataset)
	}
	if d.Key.IsZero() || a.Scan == (a.Export != "") {
		return done, fault.New(fault.Invalid, "a backfill wants a dataset with a key and one source: --scan or --export DIR")
	}
	f := &filling{n: n, d: d, a: a, tell: tell}
	err = n.working(ctx, f.run)
	return f.done, err
}

// filling is one backfill.
type filling struct {
	n     *Node
	d     *schemas.Dataset
	a     BackfillArgs
	tell  Tell
	done  Backfilled
	id    string
	full  bool
	total int64
	from  lake.Seq // landed before
	rows  *land.Rows
	began time.Time
}

func (f *filling) run(ctx context.Context) error {
	source, err := f.source()
	if err != nil {
		return err
	}
	f.done.Dataset, f.done.Lane, f.began = f.d.Name, lake.BackfillLane+f.id, time.Now()
	if f.a.DryRun {
		return source(ctx, func(backfill.Record) error { f.done.Read++; return nil })
	}
	// A change that is committed after these rows must be of their instant or later.
	if err := f.n.await(ctx, f.d, f.done.At); err != nil {
		return err
	}
	if f.from, err = f.n.landedTo(ctx, f.d, f.done.Lane); err != nil {
		return err
	}
	if f.rows, err = f.n.lander.Rows(f.d, f.done.Lane); err != nil {
		return err
	}
	f.rows.After(f.from)
	if err := source(ctx, func(r backfill.Record) error { return f.one(ctx, r) }); err != nil {
		return err
	}
	if _, err := f.rows.Land(ctx, true); err != nil {
		return err
	}
	if err := f.n.commit(ctx); err != nil {
		return err
	}
	return f.finish(ctx)
}

// source opens the source and fixes the instant.
func (f *filling) source() (func(context.Context, func(backfill.Record) error) error, error) {
	if f.a.Export != "" {
		e, err := backfill.OpenExport(f.a.Export)
		if err != nil {
			return nil, err
		}
		f.id, f.full, f.total, f.done.At = e.ID, e.Full, e.Items, e.At
		return e.Each, nil
	}
	at := time.Now().UTC().Truncate(time.Millisecond)
	f.id, f.full, f.done.At = "scan-"+at.Format("20060102T150405.000"), true, at
	src, ok := f.n.store.(verify.Images)
	if !ok {
		return nil, fault.New(fault.Invalid, "this store is not scanned here: export it and give the export's folder")
	}
	return func(ctx context.Context, each func(backfill.Record) error) error {
		return src.Images(ctx, f.d.Table, func(image []byte) error { return each(backfill.Record{Item: image, At: at}) })
	}, nil
}

func (f *filling) one(ctx context.Context, r backfill.Record) error {
	f.done.Read++ // heartbeats count here only: rows are numbered by their place in the source
	if _, beat := record.ParseHeartbeat(r.Item); beat {
		return nil
	}
	id := decode.Identity{Op: record.Snapshot, Seq: number(int(f.done.Read)), At: r.At}
	if id.Seq <= f.from {
		f.done.Before++
		return nil
	}
	if err := f.add(id, r); err != nil {
		f.done.Bad++
		f.rows.Park(land.Bad{Seq: id.Seq, At: r.At, Reason: err.Error(), Payload: r.Item})
	}
	if f.a.Rate > 0 {
		ahead := time.Duration(f.done.Read)*time.Second/time.Duration(f.a.Rate) - time.Since(f.began)
		if err := sleep(ctx, ahead); err != nil {
			return err
		}
	}
	if f.rows.Records() < landEvery {
		return nil
	}
	f.tell(Step{What: "records read", Done: f.done.Read, Total: f.total})
	_, err := f.rows.Land(ctx, false)
	f.n.wake()
	return err
}

func (f *filling) add(id decode.Identity, r backfill.Record) error {
	if r.Gone {
		key, err := verify.LakeKey(f.d, f.n.newMask(), r.Item)
		if err != nil {
			return err
		}
		id.Op = record.Remove
		f.done.Gone++
		return f.rows.Mark(land.Mark{Identity: id, Day: r.At, Region: f.d.Region.Unknown, Key: f.keyOf(key)})
	}
	if err := f.rows.Row().Line(r.Item); err != nil {
		return err
	}
	if err := f.rows.Add(id); err != nil {
		return err
	}
	f.done.Landed++
	return nil
}

// keyOf returns the key's parts by attribute.
func (f *filling) keyOf(text string) map[string]string {
	parts := map[string]string{}
	for i, part := range strings.SplitN(text, "\x1f", 2) {
		parts[[]string{f.d.Key.Partition, f.d.Key.Sort}[i]] = part
	}
	return parts
}

// finish marks as gone what a full source did not have, and the partitions that records are no longer in.
func (f *filling) finish(ctx context.Context) error {
	rows, err := f.n.lander.Repair(f.d, f.id+"-marks")
	if err != nil {
		return err
	}
	held, err := (lakeView{f.n}).hold(ctx, f.d)
	if err != nil {
		return err
	}
	lane, micros := quote(f.done.Lane), f.done.At.UnixMicro()
	place := fmt.Sprintf("%s, epoch(%s)::BIGINT, %s", keySQL(f.d), schemas.ColDate, schemas.ColRegion)
	switch {
	case f.full && f.done.Bad > 0:
		f.done.Why = "some records of the source are in quarantine, so what the lake has beyond the others may be they"
	case f.full:
		absent := fmt.Sprintf("SELECT %s FROM %s WHERE _shard <> %s AND epoch_us(_at) < %d", place, held.state, lane, micros)
		if f.done.Absent, err = f.mark(ctx, held, rows, record.Remove, absent); err != nil {
			return err
		}
	}
	history := plan.Ident(f.d.ChangesTable())
	moved := fmt.Sprintf("SELECT DISTINCT _key, _dt, _was FROM (SELECT %s AS _key, epoch(%s)::BIGINT AS _dt, %s AS _was FROM %s WHERE epoch_us(_at) < %d AND _shard <> %s) "+
		"JOIN (SELECT %[1]s AS _now, %[3]s AS _is FROM %[4]s WHERE _shard = %[6]s AND _op = 'snapshot') ON _key = _now AND _was <> _is",
		keySQL(f.d), schemas.ColDate, schemas.ColRegion, history, micros, lane)
	if f.done.Moved, err = f.mark(ctx, held, rows, record.Leave, moved); err != nil {
		return err
	}
	if _, err := rows.Land(ctx, true); err != nil {
		return err
	}
	if err := f.n.commit(ctx); err != nil {
		return err
	}
	if f.a.Hole == "" {
		return nil
	}
	closed, err := f.n.book.Close(ctx, f.a.Hole, f.done.Lane, f.n.told()...)
	f.done.Closed = closed.ID
	return err
}

// marks begin their numbers far above a backfill's rows.
const firstMark = 1_000_000_000_000

func (f *filling) mark(ctx context.Context, held *held, rows *land.Rows, op record.Op, text string) (int64, error) {
	r, err := held.asked.Whole(ctx, text)
	if err != nil {
		return 0, err
	}
	first := firstMark
	if op == record.Leave {
		first *= 2
	}
	for i := range r.Rows {
		id := decode.Identity{Op: op, Lane: f.done.Lane, Seq: number(first + i), At: f.done.At}
		m := land.Mark{Identity: id, Day: time.Unix(r.Columns[1].Ints[i], 0).UTC(), Region: r.Columns[2].Texts[i], Key: f.keyOf(r.Columns[0].Texts[i])}
		if err := rows.Mark(m); err != nil {
			return 0, err
		}
		if rows.Records() >= landEvery {
			if _, err := rows.Land(ctx, false); err != nil {
				return 0, err
			}
		}
	}
	return int64(r.Rows), nil
}
