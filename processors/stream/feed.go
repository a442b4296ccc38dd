// Package stream reads a change stream shard by shard, parents before children, and lands what it reads, batch after
// batch, so that a batch is acknowledged only once it is durable.
package stream

import (
	"context"

	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
)

// Feed is a change stream in the form of DynamoDB Streams. It is safe for concurrent use.
type Feed interface {
	// Shards returns the shards of the stream that still hold records or are open, parents before children.
	Shards(ctx context.Context, stream string) ([]Shard, error)
	// Read returns the records after a sequence number, at most limit of them, in order. The empty Seq reads from the
	// shard's beginning. A Seq that retention has passed is a NotFound fault: what lay between is a hole.
	Read(ctx context.Context, stream string, shard Shard, after lake.Seq, limit int) (Page, error)
	// Wait returns when the stream may hold records that were not there when it was called, or when ctx is done.
	Wait(ctx context.Context, stream string) error
}

// Shard and Page are the words that makers and readers of a feed share.
type (
	Shard = feed.Shard
	Page  = feed.Page
)
