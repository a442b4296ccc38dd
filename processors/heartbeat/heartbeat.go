// Package heartbeat writes items that come through the real way as changes, so that the lake knows that the way is alive
// where nobody writes. Which shard an item's change will be in is the store's secret: a hash of its key decides. So
// there are several keys, as many as it takes until each open shard has carried one.
package heartbeat

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
)

// Store is where records are kept.
type Store interface {
	Write(ctx context.Context, actions ...ingest.Action) error
}

// Feed knows the shards of a stream.
type Feed interface {
	Shards(ctx context.Context, stream string) ([]feed.Shard, error)
}

// Options tune a Writer. The zero value works.
type Options struct {
	Every time.Duration    // how old a shard's newest change may be before it wants a heartbeat; 0: a minute
	Now   func() time.Time // nil: time.Now
}

// maxKeys bounds the keys of one table, however many shards it has.
const maxKeys = 4096

// atOnce is how many heartbeats one transaction writes.
const atOnce = 25

// Writer writes the heartbeats of one table. Its methods may be called by several goroutines.
type Writer struct {
	store Store
	feed  Feed
	table ingest.Table
	opts  Options

	mu   sync.Mutex
	more int // how often the number of keys was doubled, because a shard had carried none
	sent time.Time
}

// New returns a writer for a table with a stream.
func New(store Store, f Feed, table ingest.Table, opts Options) *Writer {
	if opts.Every <= 0 {
		opts.Every = time.Minute
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
	open, quiet, lost := 0, 0, 0
	for _, s := range shards {
		if s.Closed {
			continue
		}
		open++
		if age := now.Sub(marks[s.Lane()].At); age > w.opts.Every/2 {
			quiet++
			if !w.sent.IsZero() && w.sent.After(marks[s.Lane()].At) && now.Sub(w.sent) > w.opts.Every/2 {
				lost++
			}
		}
	}
	if quiet == 0 {
		return 0, nil
	}
	// What carried nothing of the last round is too small for so few keys, or a shard that began meanwhile. Where no shard
	// has carried any it is the way that is held up, and more keys would not mend it.
	if lost > 0 && lost < open && Keys(open, w.more) < maxKeys {
		w.more++
	}
	n := Keys(open, w.more)
	if err := w.write(ctx, n, now); err != nil {
		return 0, fmt.Errorf("write heartbeats to %s: %w", w.table.Name, err)
	}
	w.sent = now
	return n, nil
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
	for from := 0; from < n; from += atOnce {
		var actions []ingest.Action
		for i := from; i < min(n, from+atOnce); i++ {
			item, err := Item(w.table.Key, i, now)
			if err != nil {
				return err
			}
			actions = append(actions, ingest.Action{Kind: ingest.Put, Table: w.table.Name, Item: item})
		}
		if err := w.store.Write(ctx, actions...); err != nil {
			return err
		}
	}
	return nil
}

// Item returns the i-th heartbeat of a table: its key, and when it is written.
func Item(key ingest.TableKey, i int, now time.Time) (record.Item, error) {
	item := record.Item{record.Heartbeat: record.Sent(now)}
	for name, kind := range map[string]record.Kind{key.Partition: key.PartitionKind, key.Sort: key.SortKind} {
		if name == "" {
			continue
		}
		text := record.HeartbeatKey + strconv.Itoa(i)
		switch kind {
		case record.S:
			item[name] = record.Value{Kind: record.S, Text: text}
		case record.N: // below any number that counts something
			item[name] = record.Value{Kind: record.N, Text: strconv.FormatInt(math.MinInt64+int64(i), 10)}
		case record.B:
			item[name] = record.Value{Kind: record.B, Bytes: []byte(text)}
		default:
			return nil, fault.New(fault.Internal, "the key attribute %s has no kind that a key can have", name)
		}
	}
	return item, nil
}
