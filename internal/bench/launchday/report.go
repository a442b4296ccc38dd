package launchday

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/tarn-lake/tarn/internal/tables"
)

// Launch is what the original service took on its launch day, and what the way is to take it in.
const (
	Launch     = 160_000_000
	LaunchTime = 10 * time.Minute
)

// Floors and goals of the way.
const (
	FloorRate     = 180_000 // changes a second
	GoalRate      = 267_000
	FloorResident = 2 << 30 // bytes
	cores         = 2.0
)

// Report is what a run found.
type Report struct {
	Changes    int64              `json:"changes"`
	Rows       int64              `json:"rows"` // of the history: a change that moves a record to another region gives two
	Seconds    float64            `json:"seconds"`
	Rate       float64            `json:"changesPerSecond"` // until everything was compacted
	Processor  float64            `json:"processorSeconds"` // of the whole process, the engine and the patching among it
	Committed  float64            `json:"committedAfterSeconds"`
	Peak       int64              `json:"peakResidentBytes"`
	Ring       RingReport         `json:"ring"`
	Stages     map[string]float64 `json:"stageSeconds"` // on the clock, of all workers; they overlap
	Commits    int64              `json:"commits"`
	Merges     int64              `json:"merges"`
	Landed     int64              `json:"landedBytes"`
	Written    int64              `json:"writtenBytes"` // of data files, compaction's among them
	Lake       int64              `json:"lakeBytes"`
	Base       int64              `json:"baseBytes"` // of these
	Files      int                `json:"files"`
	Checks     []Check            `json:"checks,omitempty"`
	LaunchTime float64            `json:"launchDaySeconds"`
}

// RingReport is what the events came from.
type RingReport struct {
	Bytes   int     `json:"bytes"`
	Records int     `json:"records"`
	Seconds float64 `json:"seconds"`      // that it took to make
	PatchNs float64 `json:"patchNanosec"` // that patching takes for a record
}

func (w *way) tell(r *Report) {
	r.Changes, r.Rows, r.Seconds, r.Committed = w.sent.Load(), w.committed.Load(), w.elapsed.Seconds(), w.filled.Seconds()
	r.Rate = float64(r.Changes) / r.Seconds
	r.Processor = w.processor.Seconds()
	r.Peak, r.Commits, r.Merges = w.peak.Load(), w.rounds.Load(), w.merges.Load()
	r.Ring.PatchNs = float64(w.patching.Load()) / float64(r.Changes)
	r.Stages = map[string]float64{}
	for i := range w.spent {
		r.Stages[stageNames[i]] = time.Duration(w.spent[i].Load()).Seconds()
	}
	r.Landed, r.Written = w.files.landed, w.files.written
	r.LaunchTime = Launch / r.Rate
}

// Holds reports whether every check held.
func (r Report) Holds() bool {
	for _, c := range r.Checks {
		if !c.Holds() {
			return false
		}
	}
	return true
}

// Print writes the report for people.
func (r Report) Print(w io.Writer) {
	mb := func(n int64) float64 { return float64(n) / 1e6 }
	fmt.Fprintf(w, "ring          %d records, %.0f MB, made in %.1f s; patching a record takes %.0f ns\n", r.Ring.Records, mb(int64(r.Ring.Bytes)), r.Ring.Seconds, r.Ring.PatchNs)
	fmt.Fprintf(w, "changes       %d in %.1f s: %.0f a second; committed after %.1f s\n", r.Changes, r.Seconds, r.Rate, r.Committed)
	busy := r.Processor / r.Seconds
	fmt.Fprintf(w, "processor     %.1f s, %.1f µs a change; it had %.2f cores on average\n", r.Processor, 1e6*r.Processor/float64(r.Changes), busy)
	fmt.Fprintf(w, "resident      %.0f MB at most, the ring included\n", mb(r.Peak))
	for _, name := range stageNames {
		fmt.Fprintf(w, "%-13s %.1f s on the clock\n", name, r.Stages[name])
	}
	fmt.Fprintf(w, "bytes         %.0f MB landed, %.0f MB of data files written, %.0f MB in the lake, %.0f of them the base (%d files, %d commits, %d merges)\n",
		mb(r.Landed), mb(r.Written), mb(r.Lake), mb(r.Base), r.Files, r.Commits, r.Merges)
	for _, c := range r.Checks {
		c.print(w)
	}
	fmt.Fprintf(w, "floor         %d changes a second and ≤ %.0f MB: %s\n", FloorRate, mb(FloorResident), holds(r.Rate >= FloorRate && r.Peak <= FloorResident))
	fmt.Fprintf(w, "goal          %d changes a second: %s\n", GoalRate, holds(r.Rate >= GoalRate))
	fmt.Fprintf(w, "\nAt this rate, measured over %d changes, launch day's %d changes take %s; %s is the goal.\n",
		r.Changes, Launch, time.Duration(r.LaunchTime*float64(time.Second)).Round(time.Second), LaunchTime)
	if busy < cores*0.9 {
		idle := Launch * r.Processor / float64(r.Changes) / cores
		fmt.Fprintf(w, "Others had a share of the cores: with %d to itself, and no wait for the disk, the same work is %s.\n", int(cores), time.Duration(idle*float64(time.Second)).Round(time.Second))
	}
}

func holds(ok bool) string {
	if ok {
		return "holds"
	}
	return "does not hold"
}

// pinned is the tables as the run left them.
type pinned struct {
	changes, base *tables.Snapshot
	daily         []tables.File // of the rollup
	fees          string        // its column of their sum
	rolled        int64         // the commit of the history that the rollup is current to
	files         []tables.File // of the history
	baseFiles     []tables.File
	delta         []tables.File // of the history, that may hold changes above the base
}

func (w *way) pin(ctx context.Context, r *Report) (p pinned, err error) {
	if p.changes, err = w.history.Changes.Snapshot(ctx); err != nil {
		return p, err
	}
	if p.base, err = w.history.Base.Snapshot(ctx); err != nil {
		return p, err
	}
	if p.files, err = p.changes.Files(ctx, tables.Filter{}); err != nil {
		return p, err
	}
	if p.baseFiles, err = p.base.Files(ctx, tables.Filter{}); err != nil {
		return p, err
	}
	daily, err := w.rollup.Table().Snapshot(ctx)
	if err != nil {
		return p, err
	}
	p.rolled = daily.Through
	p.fees, _ = w.registry.Daily(w.dataset.Name).Metric("applications").Measure("sum", "fee", "")
	if p.daily, err = daily.Files(ctx, tables.Filter{}); err != nil {
		return p, err
	}
	p.delta, err = p.changes.Files(ctx, tables.Filter{CommitAbove: p.base.Through})
	for _, f := range p.baseFiles {
		r.Base += f.Size
	}
	for _, f := range append(p.files, p.baseFiles...) {
		r.Lake += f.Size
		r.Files++
	}
	return p, err
}
