package faults_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/faults"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/land"
)

// script is a run: the seed of its changes, what is done one after another, and what goes wrong meanwhile.
type script struct {
	seed  uint64
	doing []act
	plan  faults.Plan
}

// act is one thing that is done: its name and up to two numbers.
type act struct {
	do   string
	a, b int
}

// String returns the script as text that readScript reads.
func (s script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\n", s.seed)
	for _, a := range s.doing {
		fmt.Fprintf(&b, "do %s %d %d\n", a.do, a.a, a.b)
	}
	return b.String() + s.plan.String()
}

// readScript is the inverse of String.
func readScript(text string) (s script, err error) {
	var rest []string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 2 && words[0] == "seed":
			s.seed, err = strconv.ParseUint(words[1], 10, 64)
		case len(words) == 4 && words[0] == "do":
			a := act{do: words[1]}
			_, err = fmt.Sscan(words[2]+" "+words[3], &a.a, &a.b)
			s.doing = append(s.doing, a)
		default:
			rest = append(rest, line)
		}
		if err != nil {
			return s, err
		}
	}
	s.plan, err = faults.Parse(strings.Join(rest, "\n"))
	return s, err
}

// acts is what may be done, the more often the more often it stands here.
var acts = strings.Fields(`emit emit emit land land land land land again enlarge enlarge bisect zombie zombie split skip spoil late late late
	commit commit commit torn second race merge merge base upkeep sweep crash power`)

// steps is where it may go wrong, and how. Listings tear in the act torn: what landed in one listing is in the next, so two
// in a row that lack the same object would be no listings of a real store.
var steps = []faults.Rule{
	{Step: "file.put", What: faults.Fail}, {Step: "file.put", What: faults.Lose}, {Step: "file.put", What: faults.Kill},
	{Step: "file.put", Key: "landing", What: faults.Lose}, {Step: "file.put", Key: "tables", What: faults.Lose},
	{Step: "file.get", What: faults.Fail}, {Step: "file.get", What: faults.Kill}, {Step: "file.open", What: faults.Fail},
	{Step: "file.list", What: faults.Fail}, {Step: "file.list", What: faults.Slow, For: 1},
	{Step: "file.delete", What: faults.Fail}, {Step: "file.delete", What: faults.Lose}, {Step: "file.delete", What: faults.Kill},
	{Step: "file.move", What: faults.Lose},
	{Step: "disk.*", What: faults.Fail, Kind: fault.Full}, {Step: "disk.*", What: faults.Kill}, {Step: "disk.sync_folder", What: faults.Kill},
	{Step: "table.*", What: faults.Fail}, {Step: "table.*", What: faults.Kill}, {Step: "table.create", What: faults.Kill},
	{Step: "table.publish", What: faults.Fail}, {Step: "table.publish", What: faults.Kill}, {Step: "table.sync_folder", What: faults.Kill},
	{Step: "table.answer", What: faults.Fail}, {Step: "table.answer", What: faults.Kill}, {Step: "table.remove", What: faults.Fail},
	{Step: "file.put", What: faults.Jump, For: 3_600e9}, {Step: "file.list", What: faults.Jump, For: -7_200e9},
}

// random returns the script of a seed.
func random(seed uint64) script {
	rng := rand.New(rand.NewPCG(seed, 2))
	s := script{seed: seed}
	for range 12 + rng.IntN(30) {
		s.doing = append(s.doing, act{acts[rng.IntN(len(acts))], rng.IntN(8), 1 + rng.IntN(9)})
	}
	for range rng.IntN(6) {
		r := steps[rng.IntN(len(steps))]
		if r.What == faults.Fail && r.Kind == fault.Internal {
			r.Kind = fault.Transient
		}
		r.From = 1 + rng.IntN(40)
		if rng.IntN(4) == 0 {
			r.To = r.From + 1 + rng.IntN(3)
		}
		s.plan.Rules = append(s.plan.Rules, r)
	}
	return s
}

// run is one script at work.
type run struct {
	*world
	src    *source
	landed map[string]bool // rows whose batch was acknowledged, or may be there
	sure   map[string]bool // rows whose batch was acknowledged
	lost   int             // names that power losses took
}

// act does one thing. An error is none where the plan had a hand in it.
func (r *run) act(a act) error {
	before := r.in.Total()
	err := r.do(a)
	if r.dead.Load() {
		if restart := r.restart(a.b%2 == 0); restart != nil { // some die of a power loss
			return fmt.Errorf("start again: %w", restart)
		}
		return nil
	}
	r.power.settle()
	if err != nil && r.in.Total() > before {
		return nil
	}
	return err
}

func (r *run) do(a act) error {
	switch a.do {
	case "emit":
		r.src.emit(a.b)
	case "split":
		r.src.split(a.a)
	case "land":
		return r.next(a.a, a.b)
	case "again", "enlarge", "bisect", "zombie":
		return r.stale(a)
	case "skip":
		r.src.shards[a.a%len(r.src.shards)].skip(a.b)
	case "spoil":
		return r.spoil(a.a, a.b)
	case "late":
		return r.late(a)
	case "commit":
		return r.commit(0)
	case "torn":
		return r.torn(a)
	case "second":
		return r.commit(1)
	case "race":
		var all sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			all.Go(func() { errs[i] = r.commit(i) })
		}
		all.Wait()
		if errs[0] != nil {
			return errs[0]
		}
		return errs[1]
	case "crash":
		return r.restart(false)
	case "power":
		return r.restart(true)
	default:
		return r.upkeep(a.do)
	}
	return nil
}

// restart lets the process die and start again; a fault of the start is met once more.
func (r *run) restart(power bool) error {
	if power {
		r.lost += r.power.lose()
	}
	for {
		before := r.in.Total()
		err := r.start()
		if err == nil || r.in.Total() == before && !r.dead.Load() {
			return err
		}
	}
}

func (r *run) commit(i int) error {
	_, err := r.committers[i].Commit(context.Background())
	return err
}

// torn commits while two batches of one lane land in one of its listings, which shows the second and not the first.
func (r *run) torn(a act) (err error) {
	listing, landing := 0, error(nil)
	r.meanwhile = func() bool {
		if listing++; listing != 1+a.b%2 {
			return false
		}
		landing = errors.Join(r.next(a.a, 2), r.next(a.a, 2))
		return true
	}
	err = r.commit(0)
	r.meanwhile = nil
	return errors.Join(landing, err)
}

// next lands a shard's next batch, and acknowledges it once it is durable.
func (r *run) next(n, size int) error {
	s := r.src.shards[n%len(r.src.shards)]
	if s.taken == len(s.records) || !s.ready() {
		return nil
	}
	to := min(s.taken+size, len(s.records))
	if err := r.land(s, s.taken, to); err != nil {
		return err
	}
	s.before = append(s.before, s.taken)
	s.taken = to
	return nil
}

// late lands what a reader has skipped, or the first half of it, into the hole that it left, wherever the shard is by now.
func (r *run) late(a act) error {
	s := r.src.shards[a.a%len(r.src.shards)]
	if len(s.skipped) == 0 {
		return nil
	}
	n := a.b % len(s.skipped)
	gap := s.skipped[n]
	if a.b%3 == 0 {
		gap[1] = (gap[0] + gap[1] + 1) / 2
	}
	if err := r.land(s, gap[0], gap[1]); err != nil {
		return err
	}
	if s.skipped[n][0] = gap[1]; s.skipped[n][0] == s.skipped[n][1] {
		s.skipped = slices.Delete(s.skipped, n, n+1)
	}
	return nil
}

// land lands records of a shard. Whatever the answer, they may be there.
func (r *run) land(s *shard, from, to int) error {
	if from == to {
		return nil
	}
	r.note(r.landed, s, from, to)
	_, err := r.lander.Land(context.Background(), land.Batch{Stream: "items", Lane: s.lane(), After: s.after(from), Begin: from == 0, Body: s.body(from, to)})
	if err == nil {
		r.note(r.sure, s, from, to)
	}
	return err
}

func (r *run) note(rows map[string]bool, s *shard, from, to int) {
	for _, c := range s.records[from:to] {
		for _, row := range c.rows {
			rows[row] = true
		}
	}
}

// stale lands what was landed before: the same batch, one that goes further, its halves, or one of a reader that stands
// at an older place and does not know that it was replaced.
func (r *run) stale(a act) error {
	s := r.src.shards[a.a%len(r.src.shards)]
	if len(s.before) == 0 {
		return nil
	}
	from, to := s.before[len(s.before)-1], s.taken
	switch a.do {
	case "enlarge":
		to = min(to+a.b, len(s.records))
	case "bisect":
		middle := (from + to + 1) / 2
		if err := r.land(s, from, middle); err != nil || middle == to {
			return err
		}
		from = middle
	case "zombie":
		from = s.before[a.b%len(s.before)]
		to = min(from+a.b, len(s.records))
	}
	if err := r.land(s, from, to); err != nil || to <= s.taken || a.do == "zombie" {
		return err
	}
	s.before, s.taken = append(s.before, s.taken), to
	return nil
}

// upkeep runs one turn of the compactor over the tables that there are.
func (r *run) upkeep(what string) error {
	ctx := context.Background()
	d, _ := r.registry.Dataset("items")
	h := compact.History{Dataset: d}
	var err error
	if h.Changes, err = r.catalogs[0].Table(ctx, tables.Changes(d)); err != nil {
		return err
	}
	if h.Base, err = r.catalogs[0].Table(ctx, compact.BaseSpec(d)); err != nil {
		return err
	}
	switch what {
	case "merge":
		_, err = r.compactor.Merge(ctx, h)
	case "base":
		_, err = r.compactor.MergeBase(ctx, h)
	case "upkeep":
		err = r.compactor.Upkeep(ctx, h.Changes)
	case "sweep":
		err = r.compactor.Sweep(ctx, h.Changes)
	}
	return err
}

var _ commit.Files = (*faults.Files)(nil)
