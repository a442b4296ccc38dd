// Package stream reads a change stream shard by shard, parents before children, and lands what it reads, batch after
// batch, so that a batch is acknowledged only once it is durable.
package stream

import (
	"context"
	"time"

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

// Shard is one shard of a stream.
type Shard struct {
	Label   string // the stream's label: which incarnation of the stream
	ID      string
	Parents []string // ids; empty: none, or gone
	Closed  bool     // no record will be added
}

// Lane returns the shard's landing lane, which is also the _shard of its rows.
func (s Shard) Lane() string { return s.Label + "/" + s.ID }

// Page is the records of one read.
type Page struct {
	Body        []byte // a DynamoDB stream event: {"Records":[…]}; nil where there are no records
	Records     int
	First, Last lake.Seq  // of the records; empty where there are none
	End         bool      // the shard is closed and Last was its last record
	Now         time.Time // an instant by which every record made before it was in this page or an earlier one, if the page is the shard's newest; zero: unknown
}
