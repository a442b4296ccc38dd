package compact

import (
	"testing"
	"time"
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
