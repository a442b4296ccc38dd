package compact

import (
	"slices"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/processors/columns"
)

// Works is what a compactor is doing.
type Works struct{ works }

// Spared is spared.
func (w *Works) Spared(grace time.Duration) time.Duration { return w.spared(grace) }

// Began begins a work as if it were so old.
func (w *Works) Began(tb testing.TB, ago time.Duration) (done func()) {
	tb.Helper()
	done = w.begin()
	w.since[w.last] = time.Now().Add(-ago)
	return done
}

// Latest returns the rows of a batch that a merge of the base keeps, and Candidates those that a spill of it does.
func Latest(h History, b *columns.Batch, rows []int32) []int32 {
	return compactor().newBaseMerge(h, nil).pick((*baseMerge).latest, b, rows)
}

// Candidates is the rows that a spill keeps.
func Candidates(h History, b *columns.Batch, rows []int32) []int32 {
	return compactor().newBaseMerge(h, nil).pick((*baseMerge).candidates, b, rows)
}

func compactor() *Compactor { return New(nil, Options{Tombstones: 200 * 365 * 24 * time.Hour}) }

func (b *baseMerge) pick(choose func(*baseMerge, *columns.Batch, []int32) []int32, batch *columns.Batch, rows []int32) []int32 {
	sorted := slices.Clone(rows)
	batch.Sort(sorted, b.keys)
	return slices.Clone(choose(b, batch, sorted))
}
