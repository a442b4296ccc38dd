package commit

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/schemas"
)

const attempts = 20 // against a compaction or another committer before the caller is told to come again

// commit commits the pass's rows to one table. A pass without rows for it makes no commit, and then its watermarks stay.
func (p *pass) commit(ctx context.Context, t *target) error {
	if len(p.ranges[t]) == 0 {
		return nil
	}
	var err error
	for retries := range attempts {
		var base *base
		if base, err = p.base(ctx, t); err != nil {
			return err
		}
		if err := p.lookAgain(ctx, t, base); err != nil {
			return err
		}
		rows, err := p.trim(ctx, t, base)
		if err != nil || len(rows) == 0 {
			return err
		}
		started := p.opts.Now()
		files, err := p.write(ctx, t, rows, base.Commit+1)
		if err != nil {
			return err
		}
		done, holes, err := p.publish(ctx, t, base, files, retries)
		if fault.Is(err, fault.Conflict) { // somebody else's commit: begin again from the trim
			p.discard(ctx, files)
			continue
		}
		if err != nil {
			return err
		}
		p.tell(holes)
		p.finish(ctx, t, done, Committed{Table: t.table.Name(), Commit: done.Commit, Rows: int64(len(rows)), Files: len(files), Elapsed: p.opts.Now().Sub(started)})
		return nil
	}
	return fault.Wrap(fault.Transient, err, "table %s is committed to by others all the time; try again", t.table.Name())
}

// publish commits files of what was trimmed on base. An entry without room in the summary is durable before.
func (p *pass) publish(ctx context.Context, t *target, base *base, files []tables.NewFile, retries int) (*tables.Snapshot, []Hole, error) {
	holes := p.passed(t, base)
	u, entry := p.update(t, base, holes)
	entry.Retries = retries
	key := lake.EntryKey(t.table.Name(), u.Marker)
	text, object, err := entry.Summary(key)
	if err != nil {
		return nil, nil, err
	}
	u.Entry = text
	if object != nil {
		if err := p.files.Put(ctx, key, object); err != nil {
			return nil, nil, err
		}
	}
	done, err := p.append(ctx, t, base.Snapshot, files, u)
	if fault.Is(err, fault.Conflict) && object != nil {
		err = errors.Join(err, p.files.Delete(ctx, key))
	}
	return done, holes, err
}

// append commits the files. While only the counter's commit stands still, a compaction has won, and the same files are
// committed again; the error is a Conflict once it has moved.
func (p *pass) append(ctx context.Context, t *target, base *tables.Snapshot, files []tables.NewFile, u tables.Update) (*tables.Snapshot, error) {
	for range attempts {
		done, err := t.table.Append(ctx, base, files, u)
		if err == nil || !fault.Is(err, fault.Conflict) {
			return done, err
		}
		now, reload := t.table.Snapshot(ctx)
		if reload != nil {
			return nil, reload
		}
		if now.Has(u.Marker) { // a lost answer, and somebody has committed since
			return now, nil
		}
		if s := p.sought[t]; s != nil { // what was sought was sought in base
			if now.Commit == base.Commit {
				s.through = 0 // another program's rows carry any number
			}
			return nil, err
		}
		if now.Commit != base.Commit {
			return nil, err
		}
		base = now
	}
	return nil, fault.New(fault.Transient, "table %s is rewritten all the time; try again", t.table.Name())
}

// update returns what the commit says besides files, and its entry in the ledger: the lanes of all batches of the pass,
// those without rows for this table too, are known up to their last batch.
func (p *pass) update(t *target, base *base, holes []Hole) (tables.Update, lake.Entry) {
	m := &moves{pass: p, target: t, base: base, marks: lake.Watermarks{}, lanes: map[string]*lake.LaneEntry{}}
	for shard, mark := range p.settled {
		if name := t.lane(p.stream, shard); mark.Seq > base.mark(name).Seq {
			m.marks[name] = base.mark(name).To(mark)
		}
	}
	for _, b := range p.batches {
		m.batch(b)
	}
	p.advance(t, base, m.marks)
	p.close(t, base, m.marks)
	u := tables.Update{Marker: p.opts.NewID(), Commit: base.Commit + 1, Watermarks: m.marks, Summary: m.sum.summary()}
	if len(holes) > 0 { // for those who read summaries only: the entry may be an object of its own
		u.Summary["holes"] = strconv.Itoa(len(holes))
	}
	for name, was := range t.telling {
		if _, moves := m.marks[name]; !moves && base.Watermarks[name] == was {
			m.marks[name] = was
		}
	}
	for name, was := range t.leaving {
		if _, moves := m.marks[name]; !moves && base.Watermarks[name] == was {
			u.Closed = append(u.Closed, name)
		}
	}
	u.Late = slices.ContainsFunc(p.batches, func(b *batch) bool { return !lake.IsShard(b.Lane) || p.late(b) })
	return u, m.entry(holes)
}

// passed returns the holes that a commit on base passes.
func (p *pass) passed(t *target, base *base) []Hole {
	return slices.DeleteFunc(slices.Clone(p.holes), func(h Hole) bool {
		return h.Last <= base.mark(t.lane(h.Stream, h.Lane)).Seq
	})
}

// tell reports holes, each once, however many tables pass it.
func (p *pass) tell(holes []Hole) {
	for _, h := range holes {
		if id := h.Lane + "/" + string(h.Last); !p.told[id] {
			p.told[id] = true
			p.report.Holes = append(p.report.Holes, h)
			p.opts.Observe(h)
		}
	}
}

// finish reports the commit and tends the table now and then. That failing is nobody's loss: the next one tries.
func (p *pass) finish(ctx context.Context, t *target, now *tables.Snapshot, e Committed) {
	to, _ := now.Watermarks.CompleteTo()
	p.report.done(Done{Table: e.Table, Commit: e.Commit, Commits: 1, Rows: e.Rows, Files: e.Files, CompleteTo: to})
	if t.section == schemas.QuarantineTable {
		p.report.Quarantined += int(e.Rows)
	}
	p.opts.Observe(e)
	t.leaving, t.telling = nil, nil
	const slack = 64 // expiry reads manifests, so it is done for many snapshots at once
	if now.Spare(p.opts.Keep, p.opts.KeepFor) > slack || len(p.idle(now)) > manyIdle {
		if err := p.tend(ctx, t); err != nil {
			p.opts.Log.WarnContext(ctx, "snapshots not expired", telemetry.Table, e.Table, telemetry.Err, err)
		}
	}
}

// manyIdle is how many watermarks of no more use are worth a look into the ledger.
const manyIdle = 32

// tend copies the table's story into the ledger, forgets snapshots that are told, and chooses the lanes that may leave the
// watermarks.
func (p *pass) tend(ctx context.Context, t *target) error {
	if err := p.book.Copy(ctx, t.table); err != nil {
		return err
	}
	if _, err := t.table.Expire(ctx, p.opts.Keep, p.opts.KeepFor); err != nil {
		return err
	}
	now, err := t.table.Snapshot(ctx)
	if err != nil {
		return err
	}
	return p.choose(ctx, t, now)
}
