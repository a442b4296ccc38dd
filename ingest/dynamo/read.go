package dynamo

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// Get returns the item, strongly consistent.
func (s *Store) Get(ctx context.Context, table string, k ingest.Key) (record.Item, error) {
	t, err := s.table(ctx, table)
	if err != nil {
		return nil, err
	}
	at, err := key(t, k)
	if err != nil {
		return nil, err
	}
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.Name, Key: attributes(at), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, refusal(err, "get an item", t.Name)
	}
	if len(out.Item) == 0 {
		return nil, fault.New(fault.NotFound, "no item in %s", table)
	}
	return item(out.Item)
}

// Query returns a page of a partition of the table, strongly consistent, or of an index, which follows by a moment. A
// page may hold fewer items than its limit and still not be the last: a megabyte is the most that DynamoDB gives.
func (s *Store) Query(ctx context.Context, q ingest.Query) (ingest.Page, error) {
	t, err := s.table(ctx, q.Table)
	if err != nil {
		return ingest.Page{}, err
	}
	on := t.Key
	in := &dynamodb.QueryInput{
		TableName: &t.Name, Limit: limit(q.Limit), ScanIndexForward: aws.Bool(!q.Descending), ConsistentRead: aws.Bool(q.Index == ""),
		ExclusiveStartKey: attributes(q.After),
	}
	if q.Index != "" {
		i := slices.IndexFunc(t.Indexes, func(x ingest.TableIndex) bool { return x.Name == q.Index })
		if i < 0 {
			return ingest.Page{}, fault.New(fault.NotFound, "no index %s", q.Index)
		}
		on, in.IndexName = t.Indexes[i].Key, &q.Index
	}
	if q.Partition.Kind != on.PartitionKind || len(q.Partition.Text)+len(q.Partition.Bytes) == 0 {
		return ingest.Page{}, nil // nothing lies under what cannot be a key
	}
	in.KeyConditionExpression = aws.String("#p = :p")
	in.ExpressionAttributeNames = map[string]string{"#p": on.Partition}
	in.ExpressionAttributeValues = map[string]types.AttributeValue{":p": attribute(q.Partition)}
	out, err := s.client.Query(ctx, in)
	if err != nil {
		return ingest.Page{}, refusal(err, "query", t.Name)
	}
	return page(out.Items, out.LastEvaluatedKey)
}

// Scan returns a page of a table, strongly consistent.
func (s *Store) Scan(ctx context.Context, q ingest.Scan) (ingest.Page, error) {
	t, err := s.table(ctx, q.Table)
	if err != nil {
		return ingest.Page{}, err
	}
	in := &dynamodb.ScanInput{TableName: &t.Name, Limit: limit(q.Limit), ConsistentRead: aws.Bool(true), ExclusiveStartKey: attributes(q.After),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal}
	if q.Segments > 1 {
		in.Segment, in.TotalSegments = aws.Int32(int32(q.Segment)), aws.Int32(int32(q.Segments))
	}
	out, err := s.client.Scan(ctx, in)
	if err != nil {
		return ingest.Page{}, refusal(err, "scan", t.Name)
	}
	found, err := page(out.Items, out.LastEvaluatedKey)
	if out.ConsumedCapacity != nil {
		found.Units = aws.ToFloat64(out.ConsumedCapacity.CapacityUnits)
	}
	return found, err
}

func limit(n int) *int32 {
	if n <= 0 {
		n = defaultLimit
	}
	return aws.Int32(int32(min(n, 1<<30)))
}

func page(found []map[string]types.AttributeValue, last map[string]types.AttributeValue) (p ingest.Page, err error) {
	if p.Items, err = items(found); err != nil {
		return p, err
	}
	if len(last) > 0 {
		p.Last, err = item(last)
	}
	return p, err
}
