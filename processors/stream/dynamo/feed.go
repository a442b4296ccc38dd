// Package dynamo is the change feed of DynamoDB tables: DynamoDB Streams, read shard by shard.
package dynamo

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Options tune a Feed. The zero value works.
type Options struct {
	Poll    time.Duration                              // how often news is looked for; a shard gives five answers a second at most; 0: 250 ms
	Refresh time.Duration                              // how long the list of shards is taken for true while none ends; 0: 10 s
	Lag     time.Duration                              // how long a change may take to reach its stream; 0: 2 s
	Empty   int                                        // empty pages in a row that it takes, after records or a jump, to know that a shard is read to its end; 0: 3
	Now     func() time.Time                           // nil: time.Now
	Wait    func(context.Context, time.Duration) error // waits for the next poll; nil: a timer
}

// Feed is the change feed of some tables. It is safe for concurrent use.
type Feed struct {
	client  *dynamodbstreams.Client
	opts    Options
	streams map[string]*source // by the name that the schemas give the stream

	mu      sync.Mutex
	cursors map[string]cursor // by lane
}

// New returns the feed of the streams of tables: a table's name for each stream's. It asks nobody.
func New(config aws.Config, tables map[string]string, opts Options) *Feed {
	f := &Feed{client: client(config), opts: opts.filled(), streams: map[string]*source{}, cursors: map[string]cursor{}}
	for stream, table := range tables {
		f.streams[stream] = &source{table: table}
	}
	return f
}

func (o Options) filled() Options {
	for _, d := range []struct {
		to    *time.Duration
		value time.Duration
	}{{&o.Poll, 250 * time.Millisecond}, {&o.Refresh, 10 * time.Second}, {&o.Lag, 2 * time.Second}} {
		if *d.to == 0 {
			*d.to = d.value
		}
	}
	if o.Empty == 0 {
		o.Empty = 3
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	return o
}

// Wait returns after the time of a poll: the service does not say when there is news.
func (f *Feed) Wait(ctx context.Context, stream string) error {
	if _, err := f.source(stream); err != nil {
		return err
	}
	return f.opts.Wait(ctx, f.opts.Poll)
}

func (f *Feed) source(stream string) (*source, error) {
	s, ok := f.streams[stream]
	if !ok {
		return nil, fault.New(fault.NotFound, "no table feeds the stream %s", stream)
	}
	return s, nil
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
