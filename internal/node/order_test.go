package node_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

const things = `
name: things
title: Things
stream: shop_things
table: shop_things
zone: UTC
key: {partition: id}
fields:
  - {name: id, type: string}
  - {name: n, type: int64}
region: {from: constant, value: all}
date: {from: change}
`

// plant is a lake with one dataset, and a store of which the lake may miss changes.
type plant struct {
	tb        testing.TB
	d         *schemas.Dataset
	lander    *land.Lander
	committer *commit.Committer
	compactor *compact.Compactor
	history   compact.History
	query     *query.Service
	rows      *land.Rows // the shard's
	repairs   int
	now       time.Time
	seq       int
	store     map[string]int
}

func newPlant(tb testing.TB) *plant {
	tb.Helper()
	must := func(err error) {
		if err != nil {
			tb.Helper()
			tb.Fatal(err)
		}
	}
	ctx := tb.Context()
	root := filepath.Join(tb.TempDir(), "lake")
	registry, err := schemas.Load(fstest.MapFS{"shop/things.yaml": {Data: []byte(things)}})
	must(err)
	p := &plant{tb: tb, now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), store: map[string]int{}}
	p.d, _ = registry.Dataset("things")
	files, err := dir.Open(root)
	must(err)
	catalog, err := tables.OpenFolder(ctx, root, tables.Options{})
	must(err)
	p.lander, err = land.New(files, registry, land.Options{})
	must(err)
	p.committer = commit.New(files, catalog, registry, commit.Options{})
	p.compactor = compact.New(files, compact.Options{BaseRows: 1, Now: func() time.Time { return p.now }})
	p.history = compact.History{Dataset: p.d}
	p.history.Changes, err = catalog.Table(ctx, tables.Changes(p.d))
	must(err)
	p.history.Base, err = catalog.Table(ctx, compact.BaseSpec(p.d))
	must(err)
	engine, err := duckdb.Open(duckdb.Options{Dirs: []string{root}, Connections: 1})
	must(err)
	tb.Cleanup(func() { must(engine.Close()) })
	p.query = query.New(registry, query.NewLake(catalog, registry, nil), engine, query.Options{})
	p.rows, err = p.lander.Rows(p.d, "label/shard")
	must(err)
	return p
}

func (p *plant) must(err error) {
	if err != nil {
		p.tb.Helper()
		p.tb.Fatal(err)
	}
}

// add adds the row of a record, or of one that is gone.
func (p *plant) add(rows *land.Rows, id decode.Identity, key string, n int) {
	p.tb.Helper()
	if id.Op.Gone() {
		p.must(rows.Mark(land.Mark{Identity: id, Day: id.At.Truncate(24 * time.Hour), Region: "all", Key: map[string]string{"id": key}}))
		return
	}
	p.must(rows.Row().Line(fmt.Appendf(nil, `{"id":{"S":%q},"n":{"N":"%d"}}`, key, n)))
	p.must(rows.Add(id))
}

// change changes a record of the store; the time stands still now and then. The lake gets to know of it or not.
func (p *plant) change(rng *rand.Rand, key string, told bool) func() {
	p.seq++
	if rng.IntN(3) > 0 {
		p.now = p.now.Add(time.Second)
	}
	id := decode.Identity{Op: record.Modify, Lane: "label/shard", Seq: number(p.seq), At: p.now}
	n := p.seq
	if rng.IntN(3) == 0 {
		id.Op = record.Remove
		delete(p.store, key)
	} else {
		p.store[key] = n
	}
	if told {
		p.add(p.rows, id, key, n)
		return nil
	}
	return func() { // what brings it later
		rows := p.repair()
		p.add(rows, id, key, n)
		p.land(rows)
	}
}

func number(n int) lake.Seq { return lake.Seq(fmt.Sprintf("%040d", 1_000_000+n)) }

func (p *plant) repair() *land.Rows {
	p.tb.Helper()
	p.repairs++
	rows, err := p.lander.Repair(p.d, fmt.Sprint(p.repairs))
	p.must(err)
	return rows
}

func (p *plant) land(rows *land.Rows) {
	p.tb.Helper()
	_, err := rows.Land(p.tb.Context(), false)
	p.must(err)
}

func (p *plant) commit() {
	p.tb.Helper()
	p.land(p.rows)
	_, err := p.committer.Commit(p.tb.Context())
	p.must(err)
}

// backfill reads the whole store at one instant, while changes go on, and lands it once the lake is complete to there.
func (p *plant) backfill(rng *rand.Rand, meanwhile func()) {
	p.tb.Helper()
	p.now = p.now.Add(time.Second)
	at, full := p.now, maps.Clone(p.store)
	p.now = p.now.Add(time.Duration(rng.IntN(2)) * time.Second) // what follows may have the same time
	meanwhile()
	p.commit()
	rows := p.repair()
	lane := fmt.Sprintf("%s%d", lake.BackfillLane, p.repairs)
	seq := 0
	for _, key := range keys {
		id := decode.Identity{Op: record.Snapshot, Lane: lane, Seq: number(seq), At: at}
		n, ok := full[key]
		if !ok {
			id.Op = record.Remove
		}
		seq++
		p.add(rows, id, key, n)
	}
	p.land(rows)
}

var keys = []string{"a", "b", "c", "d"}

// current is the view of current state.
func (p *plant) current(from string) map[string]int {
	p.tb.Helper()
	r, err := p.query.Whole(p.tb.Context(), "SELECT id, n FROM "+from+" WHERE _op NOT IN ('remove', 'expire')", "things", "things_changes")
	p.must(err)
	got := map[string]int{}
	for row := range r.Rows {
		id := r.Columns[0].Texts[row]
		if _, twice := got[id]; twice {
			p.tb.Errorf("%s is in current state twice", id)
		}
		got[id] = int(r.Columns[1].Ints[row])
	}
	return got
}

// TestOrderOfABackfill plays random histories: changes of which the lake misses some, whole backfills with changes at
// every moment of them, missed changes that arrive late, commits and merges of the base anywhere. Once a backfill has
// followed the last change that was missed, current state is the store's: by the view, by the merged base and by the
// history alone.
func TestOrderOfABackfill(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 23))
			p := newPlant(t)
			key := func() string { return keys[rng.IntN(len(keys))] }
			var late []func()
			work := func(told bool) {
				for range rng.IntN(5) {
					if l := p.change(rng, key(), told || rng.IntN(3) > 0); l != nil {
						late = append(late, l)
					}
					if rng.IntN(3) == 0 {
						p.commit()
					}
				}
			}
			merge := func() {
				if rng.IntN(2) == 0 {
					_, err := p.compactor.MergeBase(context.Background(), p.history)
					p.must(err)
				}
			}
			for range 3 {
				work(false)
				merge()
				p.now = p.now.Add(time.Second) // nothing is missed from the instant of the backfill on
				p.backfill(rng, func() { work(true) })
				work(true)
				merge()
				rng.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
				n := rng.IntN(len(late) + 1)
				for _, bring := range late[:n] {
					bring()
					if rng.IntN(2) == 0 {
						p.commit()
					}
				}
				late = slices.Delete(late, 0, n)
				p.commit()
				p.check("after a round")
			}
			_, err := p.compactor.MergeBase(context.Background(), p.history)
			p.must(err)
			p.check("after the last merge")
		})
	}
}

func (p *plant) check(when string) {
	p.tb.Helper()
	for name, from := range map[string]string{"the view": "things", "the history": plan.Latest(p.d, "things_changes")} {
		if diff := cmp.Diff(p.store, p.current(from)); diff != "" {
			rows, err := p.query.Whole(p.tb.Context(), "SELECT id, n, _op, _shard, _seq, _at, _commit FROM things_changes ORDER BY id, _seq", "things_changes")
			p.must(err)
			text, _ := json.Marshal(rows)
			p.tb.Fatalf("%s: %s differs: %s\n%s", when, name, diff, text)
		}
	}
}
