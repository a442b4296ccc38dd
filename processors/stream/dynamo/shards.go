package dynamo

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
)

// source is a table's streams and their shards, as they were when somebody asked last. A table has several streams after
// its stream was switched off and on again; those that are off can be read for a day.
type source struct {
	table string

	mu     sync.Mutex
	shards []feed.Shard
	arns   map[string]string // by label
	until  time.Time         // when the list is old
}

// expire makes the list of shards old.
func (s *source) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Time{}
}

// Shards returns the shards, parents before children. The first shards of a stream that followed another are children of
// the last shards of that one, so that a key's changes keep their order.
func (f *Feed) Shards(ctx context.Context, stream string) ([]feed.Shard, error) {
	src, err := f.source(stream)
	if err != nil {
		return nil, err
	}
	src.mu.Lock()
	defer src.mu.Unlock()
	err = f.refresh(ctx, src)
	return slices.Clone(src.shards), err
}

// arn returns the stream of a label.
func (f *Feed) arn(ctx context.Context, src *source, label string) (string, error) {
	src.mu.Lock()
	defer src.mu.Unlock()
	if arn, ok := src.arns[label]; ok {
		return arn, nil
	}
	src.until = time.Time{}
	if err := f.refresh(ctx, src); err != nil {
		return "", err
	}
	arn, ok := src.arns[label]
	if !ok {
		return "", fault.New(fault.NotFound, "table %s has no stream of the label %s any more", src.table, label)
	}
	return arn, nil
}

// refresh asks for the streams and shards again if the list is old. The caller holds the lock.
func (f *Feed) refresh(ctx context.Context, src *source) error {
	now := f.opts.Now()
	if now.Before(src.until) {
		return nil
	}
	streams, err := f.list(ctx, src.table)
	if err != nil {
		return err
	}
	arns := map[string]string{}
	var all, before []feed.Shard
	for _, s := range streams {
		shards, err := f.describe(ctx, src.table, s)
		if err != nil {
			return err
		}
		arns[aws.ToString(s.StreamLabel)] = aws.ToString(s.StreamArn)
		before = lineage(shards, leaves(before))
		all = append(all, before...)
	}
	src.shards, src.arns, src.until = all, arns, now.Add(f.opts.Refresh)
	return nil
}

// list returns the table's streams, oldest first.
func (f *Feed) list(ctx context.Context, table string) ([]types.Stream, error) {
	var all []types.Stream
	in := &dynamodbstreams.ListStreamsInput{TableName: &table}
	for {
		out, err := f.client.ListStreams(ctx, in)
		if err != nil {
			return nil, tableRefusal(err, table)
		}
		all = append(all, out.Streams...)
		if in.ExclusiveStartStreamArn = out.LastEvaluatedStreamArn; in.ExclusiveStartStreamArn == nil {
			break
		}
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Invalid, "table %s is not there or has no stream: switch it on with "+
			"`aws dynamodb update-table --table-name %s --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES`", table, table)
	}
	slices.SortFunc(all, func(a, b types.Stream) int {
		return cmp.Compare(aws.ToString(a.StreamLabel), aws.ToString(b.StreamLabel))
	})
	return all, nil
}

// describe returns the shards of a stream in the order in which the service lists them. A stream that went away meanwhile
// has none.
func (f *Feed) describe(ctx context.Context, table string, s types.Stream) ([]feed.Shard, error) {
	var all []feed.Shard
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: s.StreamArn}
	for {
		out, err := f.client.DescribeStream(ctx, in)
		var gone *types.ResourceNotFoundException
		if errors.As(err, &gone) {
			return nil, nil
		}
		if err != nil {
			return nil, tableRefusal(err, table)
		}
		d := out.StreamDescription
		if v := d.StreamViewType; v == types.StreamViewTypeKeysOnly || v == types.StreamViewTypeOldImage {
			return nil, fault.New(fault.Invalid, "the stream of table %s carries %s, and the lake needs the new images: switch it off and on again with the view NEW_AND_OLD_IMAGES", table, v)
		}
		for _, sh := range d.Shards {
			one := feed.Shard{Label: aws.ToString(s.StreamLabel), ID: aws.ToString(sh.ShardId)}
			one.Closed = d.StreamStatus == types.StreamStatusDisabled || sh.SequenceNumberRange != nil && sh.SequenceNumberRange.EndingSequenceNumber != nil
			if p := aws.ToString(sh.ParentShardId); p != "" {
				one.Parents = []string{p}
			}
			all = append(all, one)
		}
		if in.ExclusiveStartShardId = d.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			return all, nil
		}
	}
}

// lineage orders shards parents first and drops parents that are gone. Those without a parent get the given ones.
func lineage(shards []feed.Shard, above []string) []feed.Shard {
	at := map[string]int{}
	for i, s := range shards {
		at[s.ID] = i
	}
	ordered, done := make([]feed.Shard, 0, len(shards)), make([]bool, len(shards))
	var add func(i int)
	add = func(i int) {
		if done[i] {
			return
		}
		done[i] = true
		var listed []string
		for _, p := range shards[i].Parents {
			if j, ok := at[p]; ok {
				add(j)
				listed = append(listed, p)
			}
		}
		if shards[i].Parents = listed; listed == nil {
			shards[i].Parents = above
		}
		ordered = append(ordered, shards[i])
	}
	for i := range shards {
		add(i)
	}
	return ordered
}

// leaves returns the ids of the shards that no other names as a parent.
func leaves(shards []feed.Shard) []string {
	parents := map[string]bool{}
	for _, s := range shards {
		for _, p := range s.Parents {
			parents[p] = true
		}
	}
	var ids []string
	for _, s := range shards {
		if !parents[s.ID] {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func tableRefusal(err error, table string) error {
	var gone *types.ResourceNotFoundException
	if errors.As(err, &gone) {
		return fault.Wrap(fault.NotFound, err, "table %s is not there: create it, or check the region, the account and the endpoint", table)
	}
	return refusal(err, "list the shards of table "+table)
}

// refusal gives what the service answered its kind. It slows readers down with a code of its own.
func refusal(err error, doing string) error {
	if cloud.Code(err) == "LimitExceededException" {
		return fault.Wrap(fault.Transient, err, "%s: AWS asks to slow down: more than two readers of one stream, or too many of one account", doing)
	}
	return cloud.Kind(err, doing)
}
