package commit_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/tarn-lake/tarn/internal/lake"
)

// shard is a lane of the model: its records in order, and how far its reader has got.
type shard struct {
	name    string
	records [][]rec // one record's rows; its leave row too
	seqs    []int
	landed  int // records that are acknowledged
}

// TestModel lands random batches, cut anywhere, again, enlarged and overlapping, kills the committer at random steps, and
// holds the lake to a model: every record once, none that did not land, watermarks never back.
func TestModel(t *testing.T) {
	t.Parallel()
	parent := scratch(t)
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(parent, "model")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(root)
		m := &model{world: newWorld(rt, root), marks: map[string]lake.Watermarks{}}
		m.opts.MaxBytes = rapid.Int64Range(1, 60_000).Draw(rt, "bytes in a pass")
		for i := range rapid.IntRange(1, 3).Draw(rt, "shards") {
			m.shards = append(m.shards, emit(rt, fmt.Sprintf("s/%d", i)))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"land":   m.landNext,
			"reland": m.landAgain,
			"repair": m.repair,
			"commit": func(rt *rapid.T) { m.commit(rt); m.check(rt, true) },
			"die":    m.die,
		})
		m.commit(rt)
		m.check(rt, true)
	})
}

type model struct {
	*world
	shards []*shard
	marks  map[string]lake.Watermarks // as last seen, by table

	repairs  []int // batches of each repair
	repaired []rec
}

// emit makes a shard's records: numbers with gaps, every kind of row.
func emit(rt *rapid.T, name string) *shard {
	s := &shard{name: name}
	n := 0
	for range rapid.IntRange(1, 40).Draw(rt, "records") {
		n += rapid.IntRange(1, 9).Draw(rt, "gap")
		var rows []rec
		switch rapid.IntRange(0, 5).Draw(rt, "kind") {
		case 0:
			rows = []rec{applicant(name, n)}
		case 1:
			rows = []rec{bad(name, n)}
		case 2: // moved to another region: two rows of one identity
			rows = []rec{pass(name, n), {"passes", name, n, "leave", "2026-11-19", "sylhet", fmt.Sprintf("p%d", n)}}
		default:
			rows = []rec{pass(name, n)}
		}
		s.records, s.seqs = append(s.records, rows), append(s.seqs, n)
	}
	return s
}

// landNext lands a shard's next batch.
func (m *model) landNext(rt *rapid.T) {
	s := rapid.SampledFrom(m.shards).Draw(rt, "shard")
	if s.landed == len(s.records) {
		rt.Skip("all of it has landed")
	}
	to := rapid.IntRange(s.landed+1, len(s.records)).Draw(rt, "to")
	m.landRange(rt, s, s.landed, to)
	s.landed = to
}

// landAgain lands records that have landed before, perhaps with some that have not.
func (m *model) landAgain(rt *rapid.T) {
	s := rapid.SampledFrom(m.shards).Draw(rt, "shard")
	if s.landed == 0 {
		rt.Skip("nothing has landed")
	}
	from := rapid.IntRange(0, s.landed-1).Draw(rt, "from")
	to := rapid.IntRange(from+1, len(s.records)).Draw(rt, "to")
	m.landRange(rt, s, from, to)
	s.landed = max(s.landed, to)
}

// repair lands any records of a shard, whether they have landed or not, in a repair's lane.
func (m *model) repair(rt *rapid.T) {
	s := rapid.SampledFrom(m.shards).Draw(rt, "shard")
	id := rapid.IntRange(0, len(m.repairs)).Draw(rt, "repair")
	if id == len(m.repairs) {
		m.repairs = append(m.repairs, 0)
	}
	var rows []rec
	for range rapid.IntRange(1, 5).Draw(rt, "records") {
		rows = append(rows, rapid.SampledFrom(s.records).Draw(rt, "record")...)
	}
	first := m.repairs[id]
	m.repairs[id] += len(rows)
	m.repaired = append(m.repaired, rows...)
	m.land(rt, fmt.Sprintf("repair/%d", id), note{first: first, last: m.repairs[id] - 1, after: first - 1, begin: first == 0}, rows...)
}

func (m *model) landRange(rt *rapid.T, s *shard, from, to int) {
	n := note{first: s.seqs[from], last: s.seqs[to-1], begin: from == 0, final: to == len(s.records)}
	if from > 0 {
		n.after = s.seqs[from-1]
	}
	m.land(rt, s.name, n, slices.Concat(s.records[from:to]...)...)
}

// die commits until a random step, from which on nothing works any more, or where one answer is lost; then starts again.
func (m *model) die(rt *rapid.T) {
	at, goesOn := rapid.IntRange(1, 120).Draw(rt, "step"), rapid.Bool().Draw(rt, "goes on")
	var mu sync.Mutex
	steps := 0
	m.hook(func(string, string) error {
		mu.Lock()
		defer mu.Unlock()
		if steps++; steps == at || steps > at && !goesOn {
			return errDown
		}
		return nil
	})
	_, _ = m.committer.Commit(context.Background())
	m.start(rt)
	m.check(rt, false)
}

// check compares the lake with the model. While a commit was cut short, records may be missing, but none is there twice
// and no watermark has gone back.
func (m *model) check(rt *rapid.T, whole bool) {
	want := map[string]bool{}
	for _, s := range m.shards {
		for _, rows := range s.records[:s.landed] {
			for _, r := range rows {
				want[r.String()] = true
			}
		}
	}
	for _, r := range m.repaired {
		want[r.String()] = true
	}
	got := m.rows(rt)
	for i, row := range got {
		if !want[row] {
			rt.Fatalf("%s never landed", row)
		}
		if i > 0 && got[i-1] == row {
			rt.Fatalf("%s is there twice", row)
		}
	}
	if whole && len(got) != len(want) {
		rt.Fatalf("%d rows, want %d", len(got), len(want))
	}
	names, err := m.cat.Names(context.Background())
	if err != nil {
		rt.Fatal(err)
	}
	for _, name := range names {
		now := m.snapshot(rt, name).Watermarks
		if _, err := m.marks[name].Forward(now); err != nil {
			rt.Fatal(err)
		}
		m.marks[name] = now
	}
}
