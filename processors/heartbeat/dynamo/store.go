// Package dynamo writes heartbeats into tables of DynamoDB. It knows nothing of records and their rules, so that what
// writes heartbeats stays light, and it asks for one right: dynamodb:PutItem.
package dynamo

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// atOnce is how many heartbeats are on their way to a table at once.
const atOnce = 8

// Store is a heartbeat.Store. It is safe for concurrent use.
type Store struct {
	client   *dynamodb.Client
	deployed func(table string) string
}

// New returns the store of tables, whose deployed names are told by their names in the schemas. It asks nobody.
func New(config aws.Config, deployed func(table string) string) *Store {
	// As for records: the SDK reads a refusal's body twice, finds nothing the second time, and says so in the log.
	return &Store{client: dynamodb.NewFromConfig(config, func(o *dynamodb.Options) { o.DisableValidateResponseChecksum = true }), deployed: deployed}
}

// Put writes items that are heartbeats; any other is refused. The first failure ends it.
func (s *Store) Put(ctx context.Context, table string, items []record.Item) error {
	name := s.deployed(table)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan record.Item)
	var writers sync.WaitGroup
	for range min(atOnce, len(items)) {
		writers.Go(func() {
			for item := range next {
				if err := s.put(ctx, name, item); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, item := range items {
		if ctx.Err() == nil {
			next <- item
		}
	}
	close(next)
	writers.Wait()
	return context.Cause(ctx)
}

func (s *Store) put(ctx context.Context, table string, item record.Item) error {
	if !record.IsHeartbeat(item) {
		return fault.New(fault.Internal, "an item for %s is no heartbeat and is not written", table)
	}
	all := make(map[string]types.AttributeValue, len(item))
	for name, v := range item {
		switch v.Kind {
		case record.S:
			all[name] = &types.AttributeValueMemberS{Value: v.Text}
		case record.N:
			all[name] = &types.AttributeValueMemberN{Value: v.Text}
		case record.B:
			all[name] = &types.AttributeValueMemberB{Value: v.Bytes}
		default:
			return fault.New(fault.Internal, "the attribute %s of a heartbeat for %s has no kind that a key can have", name, table)
		}
	}
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: all})
	return cloud.Kind(err, "write a heartbeat to "+table)
}
