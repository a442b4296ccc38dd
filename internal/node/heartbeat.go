package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/heartbeat"
	"github.com/tarn-lake/tarn/processors/stream"
)

// missedBeats is how many heartbeats in a row may be missing before it is an alarm.
const missedBeats = 3

// openHeartbeats opens the table of heartbeats, and makes a writer for each table that has a stream.
func (n *Node) openHeartbeats(ctx context.Context) (err error) {
	n.opened = time.Now()
	if n.beats, err = n.catalog.Table(ctx, tables.Heartbeats()); err != nil {
		return fmt.Errorf("open the heartbeats: %w", err)
	}
	if n.settings.HeartbeatEvery <= 0 {
		return nil
	}
	for _, t := range heartbeat.Tables(n.registry) {
		n.hearts = append(n.hearts, heart{t.Stream, heartbeat.New(beating{n.store}, n.feed, t, heartbeat.Options{Every: n.settings.HeartbeatEvery})})
	}
	return nil
}

// beating writes heartbeats into the store of the records.
type beating struct{ store ingest.Store }

// beatsAtOnce is how many heartbeats one transaction writes.
const beatsAtOnce = 25

// Put implements heartbeat.Store.
func (b beating) Put(ctx context.Context, table string, items []record.Item) error {
	for some := range slices.Chunk(items, beatsAtOnce) {
		actions := make([]ingest.Action, len(some))
		for i, item := range some {
			actions[i] = ingest.Action{Kind: ingest.Put, Table: table, Item: item}
		}
		if err := b.store.Write(ctx, actions...); err != nil {
			return err
		}
	}
	return nil
}

// heart is what writes the heartbeats of one stream.
type heart struct {
	stream string
	writer *heartbeat.Writer
}

// beat writes the heartbeats of each stream that has quiet shards.
func (n *Node) beat(ctx context.Context) error {
	if n.seeding.Load() {
		return nil
	}
	var failed error
	for _, h := range n.hearts {
		marks, err := n.marks(ctx, h.stream)
		if err == nil {
			_, err = h.writer.Beat(ctx, marks)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// marks returns how far the lake is with each lane of a stream.
func (n *Node) marks(ctx context.Context, name string) (lake.Watermarks, error) {
	from, err := n.positions(ctx, name)
	if err != nil {
		return nil, err
	}
	marks := make(lake.Watermarks, len(from))
	for lane, p := range from {
		marks[lane] = lake.Watermark{Seq: p.Seq, At: p.At, Done: p.Done}
	}
	return marks, nil
}

// silent returns an alarm for each stream of which an open shard has carried no change for too long, although it was
// sent heartbeats.
func (n *Node) silent(ctx context.Context, h *health) {
	limit := missedBeats*n.settings.HeartbeatEvery + staleAfter
	if !n.running.Load() || time.Since(n.opened) < limit {
		return
	}
	for _, of := range n.hearts {
		marks, err := n.marks(ctx, of.stream)
		if err != nil {
			h.alarm("it is not known which heartbeats of %s came through: %v", of.stream, err)
			continue
		}
		shards, err := n.feed.Shards(ctx, of.stream)
		if err != nil {
			h.alarm("it is not known which shards the stream %s has: %v", of.stream, err)
			continue
		}
		if silent, longest := silentShards(shards, marks, time.Now(), limit); silent > 0 {
			h.alarm("no heartbeat of %s has come through %d of its shards for %s", of.stream, silent, longest.Truncate(time.Second))
		}
	}
}

func silentShards(shards []stream.Shard, marks lake.Watermarks, now time.Time, limit time.Duration) (silent int, longest time.Duration) {
	for _, s := range shards {
		m, known := marks[s.Lane()]
		if age := now.Sub(m.At); !s.Closed && known && age > limit {
			silent, longest = silent+1, max(longest, age)
		}
	}
	return silent, longest
}
