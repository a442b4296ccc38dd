package dynamo

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/smithy-go"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
)

// maxRecords is the service's own limit of a page.
const maxRecords = 1000

// Keeps is how long the service keeps a record; older ones are trimmed at any moment.
const Keeps = 24 * time.Hour

// grain is how exactly the service says when a change was made: what it made a moment before an instant and what it made
// after it may bear the same time.
const grain = time.Second

// cursor is where a shard's reader is, as the service remembers it.
type cursor struct {
	after    lake.Seq
	iterator string
	empty    int // pages without records since the last record or jump
}

// Read returns the records after a sequence number. Pages without records are followed until they say something: the
// service gives some on the way to records, so only a few in a row mean that there are none.
func (f *Feed) Read(ctx context.Context, stream string, shard feed.Shard, after lake.Seq, limit int) (feed.Page, error) {
	src, err := f.source(stream)
	if err != nil {
		return feed.Page{}, err
	}
	arn, err := f.arn(ctx, src, shard.Label)
	if err != nil {
		return feed.Page{}, err
	}
	at := f.take(shard.Lane(), after)
	for {
		if at.iterator == "" {
			if at.iterator, err = f.iterator(ctx, src, arn, shard, after); err != nil {
				return feed.Page{}, err
			}
			at.empty = 0
		}
		asked := f.opts.Now()
		got, err := f.records(ctx, at.iterator, min(limit, maxRecords))
		switch {
		case expired(err):
			at.iterator = ""
			continue
		case trimmed(err) && after == "":
			at.iterator = "" // the horizon has moved on since the iterator was made
			continue
		case err != nil:
			return feed.Page{}, f.refusal(err, src, shard, after)
		}
		if page, done := f.page(src, &at, got, asked); done {
			f.leave(shard.Lane(), at)
			return page, nil
		}
	}
}

// page moves the cursor over an answer, and returns the page that it makes, if it does.
func (f *Feed) page(src *source, at *cursor, got answer, asked time.Time) (feed.Page, bool) {
	at.iterator = got.next
	if got.next == "" {
		got.End = true
		src.expire() // its children are there by now
	}
	if got.Records > 0 {
		at.after, at.empty = got.Last, 0
		got.Now = got.made.Add(-f.opts.Lag)
		return got.Page, true
	}
	if at.empty++; at.empty < f.opts.Empty && !got.End {
		return feed.Page{}, false
	}
	got.Now = asked.Add(-f.opts.Lag).Truncate(grain)
	return got.Page, true
}

// take returns the cursor of a lane that stands after a sequence number, without an iterator if there is none.
func (f *Feed) take(lane string, after lake.Seq) cursor {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.cursors[lane]
	delete(f.cursors, lane)
	if !ok || c.after != after {
		return cursor{after: after}
	}
	return c
}

func (f *Feed) leave(lane string, c cursor) {
	if c.iterator == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cursors[lane] = c
}

// iterator asks for a place in a shard: after a record, or at the oldest there is. The newest is never asked for; it
// would leave out what came before it. The service refuses a number before the first of a shard, by which one asks for that
// record alone; so it is asked for the record itself then.
func (f *Feed) iterator(ctx context.Context, src *source, arn string, shard feed.Shard, after lake.Seq) (string, error) {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: &arn, ShardId: aws.String(shard.ID), ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	if after != "" {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, aws.String(printed(after))
	}
	out, err := f.client.GetShardIterator(ctx, in)
	if after != "" && outside(err) {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAtSequenceNumber, aws.String(printed(after.Next()))
		if at, failed := f.client.GetShardIterator(ctx, in); failed == nil {
			out, err = at, nil
		}
	}
	if err != nil {
		return "", f.refusal(err, src, shard, after)
	}
	return aws.ToString(out.ShardIterator), nil
}

// outside reports whether the service says that a shard has no such sequence number.
func outside(err error) bool {
	var e smithy.APIError
	return errors.As(err, &e) && e.ErrorCode() == "ValidationException"
}

// printed is a sequence number as the service writes it, in 21 digits at least.
func printed(s lake.Seq) string {
	const least = 21
	text := s.Short()
	return strings.Repeat("0", max(0, least-len(text))) + text
}

func (f *Feed) records(ctx context.Context, iterator string, limit int) (answer, error) {
	var body []byte
	_, err := f.client.GetRecords(withSink(ctx, &body), &dynamodbstreams.GetRecordsInput{ShardIterator: &iterator, Limit: aws.Int32(int32(limit))})
	if err != nil {
		return answer{}, err
	}
	return read(body)
}

func expired(err error) bool {
	var e *types.ExpiredIteratorException
	return errors.As(err, &e)
}

func trimmed(err error) bool {
	var e *types.TrimmedDataAccessException
	return errors.As(err, &e)
}

// refusal says what an answer means to whoever reads the shard.
func (f *Feed) refusal(err error, src *source, shard feed.Shard, after lake.Seq) error {
	var gone *types.ResourceNotFoundException
	switch {
	case trimmed(err):
		return fault.Wrap(fault.NotFound, err, "shard %s of table %s no longer has what came after %s: it is older than 24 hours", shard.ID, src.table, after.Short())
	case errors.As(err, &gone):
		src.expire()
		return fault.Wrap(fault.NotFound, err, "the stream of table %s has no shard %s any more", src.table, shard.ID)
	}
	return refusal(err, "read shard "+shard.ID+" of table "+src.table)
}
