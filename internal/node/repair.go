package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

// RepairArgs asks for datasets to be mended; none means all that have a store.
type RepairArgs struct {
	Datasets []string `json:"datasets,omitempty"`
	DryRun   bool     `json:"dryRun,omitempty"` // only say what is wrong
}

// Repaired is what was wrong with a dataset and what was done about it.
type Repaired struct {
	Dataset   string          `json:"dataset"`
	Changes   verify.Report   `json:"changes"`             // as it was found
	State     verify.Report   `json:"state"`               // as it was found once the changes were mended; in a dry run before
	Forgotten []string        `json:"forgotten,omitempty"` // files that could not be read, taken out of their tables
	Dropped   int64           `json:"dropped"`             // rows that were doubled, foreign or wrong, taken out of their files
	Landed    int64           `json:"landed"`              // changes landed again from the feed
	Snapshots int64           `json:"snapshots"`           // records landed from the store as they are
	Removed   int64           `json:"removed"`             // records marked as gone that the store does not have
	Cannot    []string        `json:"cannot,omitempty"`    // what cannot be mended from the source
	After     []verify.Report `json:"after,omitempty"`     // both comparisons once more
}

// Clean reports whether nothing is wrong any more, or nothing was.
func (r Repaired) Clean() bool {
	after := r.After
	if after == nil {
		after = []verify.Report{r.Changes, r.State}
	}
	return after[0].Clean() && after[1].Clean() && len(r.Cannot) == 0
}

// mendable bounds how many differences one call mends.
const mendable = 1_000_000

func (n *Node) repair(ctx context.Context, a RepairArgs, tell Tell) ([]Repaired, error) {
	chosen, err := n.chosen(a.Datasets)
	if err != nil {
		return nil, err
	}
	if !a.DryRun {
		ended, err := n.beginMending(ctx)
		if err != nil {
			return nil, err
		}
		defer ended()
	}
	all := []Repaired{}
	err = n.working(ctx, func(ctx context.Context) error {
		for _, d := range chosen {
			m := n.mendingOf(d, tell)
			if err := m.run(ctx, a.DryRun); err != nil {
				return fmt.Errorf("repair %s: %w", d.Name, err)
			}
			all = append(all, m.done)
		}
		return nil
	})
	return all, err
}

// mending is the repair of one dataset.
type mending struct {
	n    *Node
	d    *schemas.Dataset
	tell Tell
	id   string // of its lanes
	done Repaired

	release func(context.Context) error // of the rollup that is held; nil: none
}

func (m *mending) run(ctx context.Context, dry bool) (err error) {
	if m.done.Changes, err = m.compare(ctx, true); err != nil {
		return err
	}
	defer func() {
		if m.release != nil {
			err = errors.Join(err, m.release(ctx))
		}
	}()
	if !dry {
		if err := m.mendChanges(ctx); err != nil {
			return err
		}
	}
	if m.done.State, err = m.compare(ctx, false); err != nil || dry {
		return err
	}
	if err := m.mendState(ctx); err != nil {
		return err
	}
	if m.done.Changes.Clean() && m.done.State.Clean() {
		return nil
	}
	if _, err := again(func() (bool, error) { return m.n.compactor.MergeBase(ctx, m.n.history(m.d)) }); err != nil {
		return err
	}
	for _, changes := range []bool{true, false} {
		r, err := m.compare(ctx, changes)
		if err != nil {
			return err
		}
		m.done.After = append(m.done.After, r)
	}
	return nil
}

func (m *mending) compare(ctx context.Context, changes bool) (verify.Report, error) {
	return m.n.compareNamed(ctx, m.d, VerifyArgs{Changes: changes}, mendable, m.tell)
}

func (m *mending) cannot(format string, args ...any) {
	const told = 20
	if len(m.done.Cannot) < told {
		m.done.Cannot = append(m.done.Cannot, fmt.Sprintf(format, args...))
	}
}

// distrust takes the dataset's rollup out of use: what it has counted of rows that leave the history, or come back into it
// under a later commit, cannot be told from it.
func (m *mending) distrust(ctx context.Context) (err error) {
	if m.release == nil {
		m.release, err = m.n.holdRollup(ctx, m.d.Name)
	}
	return err
}

// mendChanges makes the history what the feed says: what is doubled, foreign or wrong leaves its file, and what is then
// missing lands again.
func (m *mending) mendChanges(ctx context.Context) error {
	if !m.done.Changes.Clean() {
		if err := m.distrust(ctx); err != nil {
			return err
		}
	}
	h := m.n.history(m.d)
	for _, t := range []*tables.Table{h.Changes, h.Base} {
		files, err := m.n.forgetLost(ctx, t)
		if err != nil {
			return err
		}
		for _, f := range files {
			m.done.Forgotten = append(m.done.Forgotten, f.Path)
		}
	}
	stay, again := map[compact.Identity]int{}, []verify.Difference{}
	for _, diff := range m.done.Changes.Differences {
		seq, err := lake.ParseSeq(diff.Seq)
		if err != nil {
			return err
		}
		id := compact.Identity{Shard: diff.Shard, Seq: string(seq)}
		switch diff.What {
		case verify.Missing:
			again = append(again, diff)
		case verify.Different:
			stay[id] = 0
			again = append(again, diff)
		case verify.Extra:
			stay[id] = 0
		case verify.Doubled:
			if _, named := stay[id]; !named {
				stay[id] = 1
			}
		}
	}
	dropped, err := m.n.compactor.Drop(ctx, h, stay)
	if err != nil {
		return err
	}
	m.done.Dropped += dropped
	return m.landAgain(ctx, again)
}

const landEvery = 2_000 // records of one landed object of a repair

// landAgain lands changes from the feed, under their own identities.
func (m *mending) landAgain(ctx context.Context, all []verify.Difference) error {
	if len(all) == 0 {
		return nil
	}
	shards, err := m.n.feed.Shards(ctx, m.d.Stream)
	if err != nil {
		return err
	}
	byLane := map[string]feed.Shard{}
	for _, s := range shards {
		byLane[s.Lane()] = s
	}
	rows, err := m.n.lander.Repair(m.d, m.id)
	if err != nil {
		return err
	}
	for i, diff := range all {
		seq, err := lake.ParseSeq(diff.Seq)
		if err != nil {
			return err
		}
		page, err := m.n.feed.Read(ctx, m.d.Stream, byLane[diff.Shard], seq.Before(), 1)
		if fault.Is(err, fault.NotFound) || err == nil && page.First != seq {
			m.cannot("the feed has no longer the change %s:%s", diff.Shard, diff.Seq)
			continue
		}
		if err != nil {
			return err
		}
		if _, err := rows.Event(page.Body, diff.Shard); err != nil {
			return err
		}
		m.done.Landed++
		m.tell(Step{What: "changes landed again", Done: int64(i + 1), Total: int64(len(all))})
		if rows.Records() >= landEvery {
			if _, err := rows.Land(ctx, false); err != nil {
				return err
			}
		}
	}
	if _, err := rows.Land(ctx, true); err != nil {
		return err
	}
	return m.n.commit(ctx)
}

// mendState makes current state what the store has, by rows like those of a backfill.
func (m *mending) mendState(ctx context.Context) error {
	stay := map[compact.Identity]int{}
	var wrong []verify.Difference
	for _, diff := range m.done.State.Differences {
		switch {
		case diff.Seq != "": // doubled in the history, where the feed no longer reaches
			seq, err := lake.ParseSeq(diff.Seq)
			if err != nil {
				return err
			}
			stay[compact.Identity{Shard: diff.Shard, Seq: string(seq)}] = 1
		case diff.Held != "":
			m.cannot("%q: its newest change %s is held back, and the lake does not show the record before it: replay the quarantine, then repair", diff.Key, diff.Held)
		case diff.What == verify.Doubled:
			m.cannot("current state holds %q twice: remove the folder of the base table, and it is built anew from the history", diff.Key)
		default:
			wrong = append(wrong, diff)
		}
	}
	if len(stay) > 0 {
		if err := m.distrust(ctx); err != nil {
			return err
		}
	}
	dropped, err := m.n.compactor.Drop(ctx, m.n.history(m.d), stay)
	if err != nil {
		return err
	}
	m.done.Dropped += dropped
	return m.landState(ctx, wrong)
}

func (m *mending) landState(ctx context.Context, wrong []verify.Difference) error {
	if len(wrong) == 0 {
		return nil
	}
	rows, err := m.n.lander.Repair(m.d, m.id+"-state")
	if err != nil {
		return err
	}
	places, err := m.places(ctx, wrong)
	if err != nil {
		return err
	}
	for i, diff := range wrong {
		at := time.Now().UTC().Truncate(time.Millisecond)
		id := decode.Identity{Op: record.Snapshot, Lane: lake.BackfillLane + m.id, Seq: number(i), At: at}
		if err := m.landOne(ctx, rows, id, diff, places[diff.Key]); err != nil {
			return err
		}
		m.tell(Step{What: "records landed from the store", Done: int64(i + 1), Total: int64(len(wrong))})
		if rows.Records() < landEvery && i+1 < len(wrong) {
			continue
		}
		// A change that is committed later is then of a later instant, and wins over these rows.
		if err := m.n.await(ctx, m.d, time.Now()); err != nil {
			return err
		}
		if _, err := rows.Land(ctx, i+1 == len(wrong)); err != nil {
			return err
		}
	}
	return m.n.commit(ctx)
}

func number(i int) lake.Seq { return lake.Seq(fmt.Sprintf("%0*d", lake.SeqDigits, i)) }

// landOne adds the record as the store has it now, or marks it as gone.
func (m *mending) landOne(ctx context.Context, rows *land.Rows, id decode.Identity, diff verify.Difference, was place) error {
	mark := land.Mark{Identity: id, Day: was.day, Region: was.region, Key: map[string]string{}}
	parts := strings.SplitN(diff.Key, "\x1f", 2)
	for i, name := range []string{m.d.Key.Partition, m.d.Key.Sort} {
		if i < len(parts) {
			mark.Key[name] = parts[i]
		}
	}
	var item record.Item
	err := error(fault.New(fault.NotFound, "a key that does not lead back to the store"))
	if diff.Record.Partition.Kind != record.None {
		item, err = m.n.store.Get(ctx, m.d.Table, diff.Record)
	}
	switch {
	case fault.Is(err, fault.NotFound) && diff.What != verify.Extra && diff.Record.Partition.Kind == record.None:
		m.cannot("%q differs, and its key does not lead back to the store", diff.Key)
		return nil
	case fault.Is(err, fault.NotFound):
		mark.Op = record.Remove
		m.done.Removed++
		return rows.Mark(mark)
	case err != nil:
		return err
	}
	if err := rows.Row().Line(record.AppendItem(nil, item)); err != nil {
		m.cannot("%q is not what the schema says: %v", diff.Key, err)
		return nil
	}
	if err := rows.Add(id); err != nil {
		m.cannot("%q is not what the schema says: %v", diff.Key, err)
		return nil
	}
	m.done.Snapshots++
	if diff.Field == verify.RegionField && was.region != diff.Store {
		mark.Op = record.Leave
		return rows.Mark(mark)
	}
	return nil
}
