package fast

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"

	"github.com/klauspost/compress/s2"

	"github.com/tarn-lake/tarn/internal/bench/baseline"
	"github.com/tarn-lake/tarn/internal/bench/synthetic"
)

const (
	lane        = "2026-11-01T00:00:00.000/shardId-00000000000000000001"
	batch       = 1000
	naiveNs     = 57_958 // of the naive way, where these targets were set
	naiveWithin = 0.25
	duckEvents  = 20 // in the file that DuckDB reads, so that its fixed work does not count
)

// events are what the contestants read.
type events struct {
	ordered, shuffled *synthetic.Events // of 1,000 records
	hundred, one      *synthetic.Events
	file              string // the records of the ordered ones, one a line
	received          []byte // the one that is being read
}

func (b *bench) events() (e *events, err error) {
	e = &events{}
	for _, part := range []struct {
		into     **synthetic.Events
		records  int
		events   int
		shuffled bool
	}{{&e.ordered, batch, duckEvents, false}, {&e.shuffled, batch, duckEvents, true}, {&e.hundred, 100, 100, false}, {&e.one, 1, 500, false}} {
		o := synthetic.Options{Seed: 7, Shuffled: part.shuffled}
		if *part.into, err = synthetic.NewEvents(o, 20*batch, part.events, part.records); err != nil {
			e.close()
			return nil, err
		}
	}
	e.file = filepath.Join(b.root, "events.json")
	var lines []byte
	for _, body := range e.ordered.Bodies {
		records, err := baseline.Lines(body)
		if err != nil {
			e.close()
			return nil, err
		}
		lines = append(lines, records...)
	}
	return e, os.WriteFile(e.file, lines, 0o644)
}

func (e *events) close() {
	for _, some := range []*synthetic.Events{e.ordered, e.shuffled, e.hundred, e.one} {
		if some != nil {
			some.Close()
		}
	}
}

// each returns a contestant that takes the events one after the other, one a run. Each is received first, which is not
// measured: it then lies on the heap, the only one there, and in the caches as far as they hold it.
func (e *events) each(name string, some *synthetic.Events, records int, do func(body []byte) error) contestant {
	i := 0
	receive := func() {
		i++
		e.received = append(e.received[:0], some.Bodies[i%len(some.Bodies)]...)
	}
	return contestant{name, records, receive, func() error { return do(e.received) }}
}

func (b *bench) parquet(ctx context.Context) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // one core, the collector's work included
	e, err := b.events()
	if err != nil {
		return err
	}
	defer e.close()
	ours, err := baseline.NewOurs()
	if err != nil {
		return err
	}
	regions, err := baseline.NewRegions()
	if err != nil {
		return err
	}
	naive, typed := baseline.Naive{Regions: regions}, &baseline.Typed{Regions: regions}
	decode := func(body []byte) error { _, err := ours.Decode(body, lane); return err }
	whole := func(body []byte) error { _, err := ours.Parquet(body, lane); return err }
	s, err := b.inTurns(ctx, []contestant{
		e.each("ours", e.ordered, batch, decode),
		e.each("ours, shuffled", e.shuffled, batch, decode),
		e.each("goccy, typed", e.ordered, batch, typed.Decode),
		e.each("naive", e.ordered, batch, func(body []byte) error { _, err := naive.Decode(body); return err }),
	})
	if err != nil {
		return err
	}
	b.decodeFigures(s)
	if err := b.decodeAllocations(e.each("", e.ordered, batch, decode)); err != nil {
		return err
	}
	duck, err := baseline.NewDuck(ctx, 1, "2GB", b.root)
	if err != nil {
		return err
	}
	defer duck.Close()
	var packed, copied []byte
	if s, err = b.inTurns(ctx, []contestant{
		e.each("ours", e.ordered, batch, whole),
		e.each("ours, shuffled", e.shuffled, batch, whole),
		e.each("ours, batches of 100", e.hundred, 100, whole),
		e.each("ours, batches of 1", e.one, 1, whole),
		e.each("snappy of the raw bytes", e.ordered, batch, func(body []byte) error { packed = s2.EncodeSnappy(packed[:cap(packed)], body); return nil }),
		e.each("memcpy of the raw bytes", e.ordered, batch, func(body []byte) error { copied = append(copied[:0], body...); return nil }),
		e.each("goccy, typed, parquet-go reset", e.ordered, batch, func(body []byte) error { _, err := typed.Parquet(body, lane); return err }),
		e.each("goccy, typed, parquet-go reset, batches of 1", e.one, 1, func(body []byte) error { _, err := typed.Parquet(body, lane); return err }),
		e.each("naive", e.ordered, batch, func(body []byte) error { _, err := naive.Parquet(body, lane); return err }),
		{"DuckDB SQL", duckEvents * batch, nil, func() error {
			return duck.Parquet(ctx, e.file, filepath.Join(b.root, "duck.parquet"), lane)
		}},
	}); err != nil {
		return err
	}
	b.parquetFigures(s, e)
	return nil
}

func (b *bench) decodeFigures(s map[string]series) {
	const section, unit = "decode", "ns/record"
	ours := s["ours"]
	b.figure(section, "ours", unit, ours, nil)
	for _, name := range []string{"ours, shuffled", "goccy, typed", "naive"} {
		b.figure(section, name, unit, s[name], ours)
	}
	b.atLeast("decode alone, scalar, against naive decode", s["naive"].over(ours), 48, 60)
	b.atMost("decode of attributes in random order, against ordered", s["ours, shuffled"].over(ours), 2.5, 2)
}

func (b *bench) decodeAllocations(c contestant) error {
	run := func() error {
		c.before()
		return c.run()
	}
	for range 3 * duckEvents { // every event, until all memory that is used again is there
		if err := run(); err != nil {
			return err
		}
	}
	n, err := allocations(run, 20)
	if err != nil {
		return err
	}
	b.target(Target{What: "decode alone: allocations a record", Floor: "0", Measured: fmt.Sprintf("%.4f (%.1f a batch of %d)", n/batch, n, batch), FloorHolds: n/batch < 0.01})
	return nil
}

func (b *bench) parquetFigures(s map[string]series, e *events) {
	const section, unit = "event → Parquet", "ns/record"
	ours := s["ours"]
	b.figure(section, "ours", unit, ours, nil)
	for _, name := range []string{
		"ours, shuffled", "ours, batches of 100", "ours, batches of 1", "memcpy of the raw bytes", "snappy of the raw bytes", "goccy, typed, parquet-go reset",
		"goccy, typed, parquet-go reset, batches of 1", "DuckDB SQL", "naive",
	} {
		b.figure(section, name, unit, s[name], ours)
	}
	b.atLeast("event bytes → Parquet bytes, 1,000, snappy, against naive", s["naive"].over(ours), 31, 40)
	b.atMost("the same against snappy of the raw bytes", ours.over(s["snappy of the raw bytes"]), 1.9, 1.5)
	b.atMost("batches of 100 against batches of 1,000", s["ours, batches of 100"].over(ours), 1.25, 1.25)
	b.atMost("attributes in random order, against ordered", s["ours, shuffled"].over(ours), 2.5, 2)
	fixed := (s["ours, batches of 1"].median() - ours.median()) / 1000
	b.target(Target{What: "one-record batches: fixed work a file", Floor: "≤ 20 µs", Goal: "≤ 10 µs", Measured: fmt.Sprintf("%.1f µs", fixed), Value: fixed, FloorHolds: fixed <= 20, GoalHolds: fixed <= 10})
	bytes := 0
	for _, body := range e.ordered.Bodies {
		bytes += len(body)
	}
	naive := s["naive"].median()
	note := fmt.Sprintf("The naive way takes %.0f ns a record of %d bytes, 36 leaf columns; where the targets were set it took %d ns (31 leaf columns): %+.0f %%.",
		naive, bytes/len(e.ordered.Bodies)/batch, naiveNs, 100*(naive/naiveNs-1))
	if math.Abs(naive/naiveNs-1) > naiveWithin {
		note += " That is more than 25 % off: absolute times follow the machine's clock, caches and neighbours, and both sides of a ratio follow them alike; the rows here have five more columns."
	}
	b.report.Notes = append(b.report.Notes, note)
}
