package main

import (
	"context"
	"errors"
	"slices"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/function"
	"github.com/tarn-lake/tarn/processors/heartbeat"
	beats "github.com/tarn-lake/tarn/processors/heartbeat/dynamo"
	feed "github.com/tarn-lake/tarn/processors/stream/dynamo"
	"github.com/tarn-lake/tarn/schemas"
)

// heart writes the heartbeats of one table's stream.
type heart struct {
	stream string
	writer *heartbeat.Writer
}

// hearts makes a writer for each table that has a stream. Each learns how many keys its table wants, for as long as this
// process lives.
func hearts(s config.Maintenance, base *function.Base) []heart {
	if s.HeartbeatEvery <= 0 {
		return nil
	}
	streams := map[string]string{}
	tables := heartbeat.Tables(base.Registry)
	for _, t := range tables {
		streams[t.Stream] = s.Tables.Of(t.Name)
	}
	store, shards := beats.New(base.AWS, s.Tables.Of), feed.New(base.AWS, streams, feed.Options{})
	var all []heart
	for _, t := range tables {
		all = append(all, heart{t.Stream, heartbeat.New(store, shards, t, heartbeat.Options{Every: s.HeartbeatEvery, Way: s.HeartbeatWay})})
	}
	return all
}

// beat writes heartbeats to the tables of which some shard has been quiet. They come back as changes like all others.
func (t *turn) beat(ctx context.Context) error {
	if len(t.hearts) == 0 {
		return fault.New(fault.Invalid, "TARN_HEARTBEAT_EVERY is 0s: no heartbeats are to be written")
	}
	var failed error
	for _, h := range t.hearts {
		if !slices.ContainsFunc(t.datasets, func(d *schemas.Dataset) bool { return d.Stream == h.stream }) {
			continue
		}
		marks, err := t.lake.Marks(ctx, h.stream)
		if err == nil {
			var n int
			n, err = h.writer.Beat(ctx, marks)
			t.Pieces += n
		}
		failed = errors.Join(failed, err)
	}
	return failed
}
