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

// Fences returns the fences of n ranges of a text key, and where each range ends among the rows, which are in its order.
func Fences(samples *columns.Batch, key string, n int, keys *columns.Batch, rows []int32) (fences [][]byte, ends []int64) {
	m := &merger{sort: []columns.SortKey{{Path: key}}}
	f := m.fences(samples, n)
	for i := range f.keys.Rows() {
		fences = append(fences, f.keys.Leaf(key).BytesAt(i))
	}
	return fences, f.ends(keys, len(rows), func(i int) int { return int(rows[i]) })
}

// Groups is where the row groups of a spill end.
func Groups(ends []int64) []int { return groups(ends) }

// Spilling has the compactor spill a partition whose rows would be read so often, on average, or more often, and so many
// bytes of it at once.
func (c *Compactor) Spilling(times float64, bytes int64) *Compactor {
	c.worth, c.spilled = times, bytes
	return c
}
