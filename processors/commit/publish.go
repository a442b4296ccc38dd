package commit

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

const attempts = 20 // against a compaction or another committer before the caller is told to come again

// commit commits the pass's rows to one table. A pass without rows for it makes no commit, and then its watermarks stay.
func (p *pass) commit(ctx context.Context, t *target) error {
	if len(p.ranges[t]) == 0 {
		return nil
	}
	var err error
	for range attempts {
		var base *tables.Snapshot
		if base, err = t.table.Snapshot(ctx); err != nil {
			return err
		}
		rows, err := p.trim(ctx, t, base)
		if err != nil || rows.Rows() == 0 {
			return err
		}
		started := p.opts.Now()
		files, err := p.write(ctx, t, rows, base.Commit+1)
		if err != nil {
			return err
		}
		holes := p.passed(t, base)
		update, err := p.update(t, base, holes, rows.Rows())
		if err != nil {
			return err
		}
		done, err := p.append(ctx, t, base, files, update)
		if fault.Is(err, fault.Conflict) { // somebody else's commit: begin again from the trim
			p.discard(ctx, files)
			continue
		}
		if err != nil {
			return err
		}
		p.tell(holes)
		p.finish(ctx, t, done, Committed{Table: t.table.Name(), Commit: done.Commit, Rows: int64(rows.Rows()), Files: len(files), Elapsed: p.opts.Now().Sub(started)})
		return nil
	}
	return fault.Wrap(fault.Transient, err, "table %s is committed to by others all the time; try again", t.table.Name())
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
		if now.Commit != base.Commit || p.sought[t] != nil { // what was sought was sought in base
			return nil, err
		}
		base = now
	}
	return nil, fault.New(fault.Transient, "table %s is rewritten all the time; try again", t.table.Name())
}

// update returns what the commit says besides files: the lanes of all batches of the pass, those without rows for this
// table too, are known up to their last batch.
func (p *pass) update(t *target, base *tables.Snapshot, holes []Hole, rows int) (tables.Update, error) {
	marks := lake.Watermarks{}
	for shard, m := range p.settled {
		if name := t.lane(p.stream, shard); m.Seq > base.Watermarks[name].Seq {
			marks[name] = base.Watermarks[name].To(m)
		}
	}
	sum := totals{rows: rows}
	for _, b := range p.batches {
		name := t.lane(b.Stream, b.Lane)
		before, moved := marks[name]
		if !moved {
			before = base.Watermarks[name]
		}
		if b.Last <= before.Seq {
			continue
		}
		next := before.To(lake.Watermark{Seq: b.Last, At: before.At})
		if b.landed != nil {
			sum.add(b.landed)
			next.Done = b.landed.Final
			if b.landed.Through.After(next.At) {
				next.At = b.landed.Through
			}
		}
		marks[name] = next
	}
	p.advance(t, base, marks)
	said := sum.summary()
	if len(holes) > 0 {
		text, err := json.Marshal(holes)
		if err != nil {
			return tables.Update{}, err
		}
		said["holes"] = string(text)
	}
	late := slices.ContainsFunc(p.batches, func(b *batch) bool { return !lake.IsShard(b.Lane) })
	return tables.Update{Marker: p.opts.NewID(), Commit: base.Commit + 1, Watermarks: marks, Late: late, Summary: said}, nil
}

// passed returns the holes that a commit on base passes.
func (p *pass) passed(t *target, base *tables.Snapshot) []Hole {
	return slices.DeleteFunc(slices.Clone(p.holes), func(h Hole) bool {
		return h.Last <= base.Watermarks[t.lane(h.Stream, h.Lane)].Seq
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

// totals is what a commit's summary counts, over the batches it passes.
type totals struct {
	records, rows, bad, expired int
	through                     time.Time
}

func (s *totals) add(l *lake.Landed) {
	s.records, s.bad, s.expired = s.records+l.Records, s.bad+l.Bad, s.expired+l.Expired
	if l.Through.After(s.through) {
		s.through = l.Through
	}
}

func (s *totals) summary() map[string]string {
	return map[string]string{
		"records": strconv.Itoa(s.records), "rows": strconv.Itoa(s.rows), "quarantined": strconv.Itoa(s.bad),
		"expired": strconv.Itoa(s.expired), "through": s.through.UTC().Format("2006-01-02T15:04:05.000Z"),
	}
}

// finish reports the commit and forgets old snapshots now and then. That failing is nobody's loss: the next one tries.
func (p *pass) finish(ctx context.Context, t *target, now *tables.Snapshot, e Committed) {
	to, _ := now.Watermarks.CompleteTo()
	p.report.done(Done{Table: e.Table, Commit: e.Commit, Commits: 1, Rows: e.Rows, Files: e.Files, CompleteTo: to})
	if t.shared {
		p.report.Quarantined += int(e.Rows)
	}
	p.opts.Observe(e)
	const slack = 64 // expiry reads manifests, so it is done for many snapshots at once
	if now.Kept() > p.opts.Keep+slack {
		if _, err := t.table.Expire(ctx, p.opts.Keep, p.opts.KeepFor); err != nil {
			p.opts.Log.WarnContext(ctx, "snapshots not expired", telemetry.Table, e.Table, telemetry.Err, err)
		}
	}
}
