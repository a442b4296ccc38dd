// Package heartbeat writes items that come through the real way as changes, so that the lake knows that the way is alive
// where nobody writes. Which shard an item's change will be in is the store's secret: a hash of its key decides. So
// there are several keys, as many as it takes until each open shard has carried one.
package heartbeat

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
)

// Store is where records are kept.
type Store interface {
	// Put writes items over those that have their keys. Where it fails some may be written.
	Put(ctx context.Context, table string, items []record.Item) error
}

// Feed knows the shards of a stream.
type Feed interface {
	Shards(ctx context.Context, stream string) ([]feed.Shard, error)
}

// Options tune a Writer. The zero value works.
type Options struct {
	Every time.Duration    // how old a shard's newest change may be before it wants a heartbeat; 0: a minute
	Way   time.Duration    // how long a heartbeat may be on its way to the lake before it is taken for lost; 0: half of Every
	Now   func() time.Time // nil: time.Now
}

// maxKeys bounds the keys of one table, however many shards it has.
const maxKeys = 4096

// Writer writes the heartbeats of one table. Its methods may be called by several goroutines.
type Writer struct {
	store Store
	feed  Feed
	table Table
	opts  Options

	mu   sync.Mutex
	more int         // how often the number of keys was doubled, because a shard had carried none
	sent []time.Time // the rounds with so many keys: the newest that must have come through by now, and those after it
}

// New returns a writer for a table with a stream.
func New(store Store, f Feed, table Table, opts Options) *Writer {
	if opts.Every <= 0 {
		opts.Every = time.Minute
	}
	if opts.Way <= 0 {
		opts.Way = opts.Every / 2
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Writer{store: store, feed: f, table: table, opts: opts}
}

// Beat writes heartbeats if an open shard has been quiet, and returns how many. Marks tell how far the lake is with each
// lane of the stream. A shard in which changes come through proves itself, so a busy table gets no heartbeats at all.
func (w *Writer) Beat(ctx context.Context, marks lake.Watermarks) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	shards, err := w.feed.Shards(ctx, w.table.Stream)
	if err != nil {
		return 0, fmt.Errorf("look for the shards of %s: %w", w.table.Stream, err)
	}
	now := w.opts.Now()
	due := w.due(now)
	open, quiet, lost := 0, 0, 0
	for _, s := range shards {
		if s.Closed {
			continue
		}
		open++
		if at := marks[s.Lane()].At; now.Sub(at) > w.opts.Every/2 {
			quiet++
			if due.After(at) {
				lost++
			}
		}
	}
	if quiet == 0 {
		return 0, nil
	}
	// What carried nothing of a round is too small for so few keys, or a shard that began meanwhile. Where no shard has
	// carried any it is the way that is held up, and more keys would not mend it.
	if lost > 0 && lost < open && Keys(open, w.more) < maxKeys {
		w.more++
		w.sent = nil
	}
	n := Keys(open, w.more)
	if err := w.write(ctx, n, now); err != nil {
		return 0, fmt.Errorf("write heartbeats to %s: %w", w.table.Name, err)
	}
	w.sent = append(w.sent, now)
	return n, nil
}

// due returns when the newest round was written that must have come through by now; the zero Time: none.
func (w *Writer) due(now time.Time) time.Time {
	for len(w.sent) > 1 && now.Sub(w.sent[1]) > w.opts.Way {
		w.sent = w.sent[1:]
	}
	if len(w.sent) == 0 || now.Sub(w.sent[0]) <= w.opts.Way {
		return time.Time{}
	}
	return w.sent[0]
}

// Keys returns how many keys so many open shards want, doubled so often: with s shards of one size and s·(ln s + 4) keys
// each of them carries one in 98 of 100 tables.
func Keys(open, doubled int) int {
	if open <= 1 {
		return open
	}
	s := float64(open)
	return int(min(maxKeys, math.Ceil(s*(math.Log(s)+4))*math.Pow(2, float64(doubled))))
}

func (w *Writer) write(ctx context.Context, n int, now time.Time) error {
	items := make([]record.Item, n)
	for i := range items {
		var err error
		if items[i], err = Item(w.table.Key, i, now); err != nil {
			return err
		}
	}
	return w.store.Put(ctx, w.table.Name, items)
}
