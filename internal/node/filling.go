package node

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/backfill"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

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
	hole  lake.Hole // the one that is closed; zero: none
	next  int64     // the number of the next row
	rows  *land.Rows
	pace  backfill.Pace
}

func (f *filling) run(ctx context.Context) (err error) {
	if f.a.Hole != "" {
		if f.hole, err = f.n.hole(ctx, f.a.Hole, f.d); err != nil {
			return err
		}
		if f.a.Scan {
			return f.heal(ctx)
		}
	}
	f.pace = backfill.Pace{Rate: f.a.Rate, Capacity: f.a.Capacity, Now: time.Now, Wait: sleep}
	src := f.source()
	if err := src.open(ctx); err != nil {
		return err
	}
	f.done.Lane = lake.BackfillLane + f.id
	if f.a.DryRun {
		return src.read(ctx)
	}
	// A change that is committed after these rows must be of their instant or later.
	if err := f.n.await(ctx, f.d, f.done.At); err != nil {
		return err
	}
	from, err := f.n.landedTo(ctx, f.d, f.done.Lane)
	if err != nil {
		return err
	}
	if f.rows, err = f.n.lander.Rows(f.d, f.done.Lane); err != nil {
		return err
	}
	f.rows.After(from)
	if f.next, err = following(from); err != nil {
		return err
	}
	if err := src.read(ctx); err != nil {
		return err
	}
	if err := f.land(ctx, true); err != nil {
		return err
	}
	if err := f.n.commit(ctx); err != nil {
		return err
	}
	f.tell(Step{What: "merging"})
	if err := f.n.mergeLoaded(ctx, f.d); err != nil { // what is asked next is then asked of few files and a base
		return err
	}
	f.tell(Step{What: "looking for what is gone or has moved"})
	return f.finish(ctx)
}

// following returns the number after a sequence number of ours, which counts from 1.
func following(seq lake.Seq) (int64, error) {
	text := strings.TrimLeft(string(seq), "0")
	if text == "" {
		return 1, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n + 1, err
}

// one adds the record to the batch. A heartbeat only counts: rows of exports are numbered by their place.
func (f *filling) one(r backfill.Record) {
	if _, beat := record.ParseHeartbeat(r.Item); beat {
		f.next++
		return
	}
	id := decode.Identity{Op: record.Snapshot, Seq: number(int(f.next)), At: r.At}
	f.next++
	if err := f.add(id, r); err != nil {
		f.done.Bad++
		f.rows.Park(land.Bad{Seq: id.Seq, At: r.At, Reason: err.Error(), Payload: r.Item})
	}
}

func (f *filling) land(ctx context.Context, final bool) error {
	f.tell(Step{What: "records read", Done: f.done.Read, Total: f.total})
	_, err := f.rows.Land(ctx, final)
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

// hole returns an open hole of the dataset's stream.
func (n *Node) hole(ctx context.Context, id string, d *schemas.Dataset) (lake.Hole, error) {
	open, err := n.openHoles(ctx)
	if err != nil {
		return lake.Hole{}, err
	}
	for _, h := range open {
		switch {
		case h.ID != id:
		case h.Stream != d.Stream:
			return h, fault.New(fault.Invalid, "hole %s is in the stream %s, not in that of %s", id, h.Stream, d.Name)
		default:
			return h, nil
		}
	}
	return lake.Hole{}, fault.New(fault.NotFound, "no hole %s is open; `tarn holes` lists those that are", id)
}

// heal fills the hole with what the store has and the lake has not, and nothing else.
func (f *filling) heal(ctx context.Context) error {
	f.done.At = time.Now().UTC()
	var told []string
	for _, d := range f.n.registry.ByStream(f.d.Stream) {
		m := f.n.mendingOf(d, f.tell)
		if err := m.run(ctx, f.a.DryRun); err != nil {
			return err
		}
		f.done.Read += m.done.State.Store
		f.done.Landed += m.done.Landed + m.done.Snapshots
		f.done.Absent += m.done.Removed
		if f.a.DryRun {
			continue
		}
		if !m.done.Clean() {
			return fault.New(fault.Transient, "the store could not fill the hole %s: look at `tarn repair --dataset %s`", f.hole.ID, d.Name)
		}
		f.done.Lane = "repair/" + m.id
		told = append(told, m.receipt())
	}
	if f.a.DryRun {
		return nil
	}
	f.done.Receipt = strings.Join(told, "; ")
	return f.close(ctx)
}

func (f *filling) close(ctx context.Context) error {
	h, err := f.n.CloseHole(ctx, f.hole.ID, f.done.Receipt)
	f.done.Closed = h.ID
	return err
}
