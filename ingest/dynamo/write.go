package dynamo

import (
	"cmp"
	"context"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// Write does all actions or none.
//
// One action that can be repeated without harm is a plain request. Everything else is a transaction with a token, one of
// a single action too: when an answer is lost and the request is sent again, DynamoDB then knows that it was done, while
// a plain conditional put would be refused by what it had written itself.
func (s *Store) Write(ctx context.Context, actions ...ingest.Action) error {
	if len(actions) > maxActions {
		return fault.New(fault.Exceeded, "a transaction of %d actions; the limit is %d", len(actions), maxActions)
	}
	steps := make([]step, len(actions))
	for i := range actions {
		if err := s.prepare(ctx, &steps[i], &actions[i]); err != nil {
			return err
		}
	}
	switch {
	case len(actions) == 0:
		return ctx.Err()
	case len(actions) == 1 && repeatable(&actions[0]):
		return s.one(ctx, &steps[0])
	}
	return s.transact(ctx, steps)
}

// repeatable reports whether doing the action twice is the same as doing it once.
func repeatable(a *ingest.Action) bool {
	return len(a.If) == 0 && len(a.Add) == 0 && a.Kind != ingest.Check
}

// step is an action that was found sound.
type step struct {
	*ingest.Action
	table *ingest.Table
	key   record.Item
}

// prepare refuses what can be told to be wrong without asking DynamoDB, and what could not even be sent to it.
func (s *Store) prepare(ctx context.Context, st *step, a *ingest.Action) (err error) {
	st.Action = a
	if st.table, err = s.table(ctx, a.Table); err != nil {
		return err
	}
	k := a.Key
	if a.Kind == ingest.Put {
		k = ingest.Key{Partition: a.Item[st.table.Key.Partition], Sort: a.Item[st.table.Key.Sort]}
	}
	if st.key, err = key(st.table, k); err != nil {
		return err
	}
	for _, it := range []record.Item{a.Item, a.Set} {
		if err := cmp.Or(it.Check(), indexable(st.table, it)); err != nil {
			return err
		}
	}
	if n := a.Item.Size(); n > maxItemBytes {
		return fault.New(fault.Exceeded, "an item of %d bytes; the limit is %d", n, maxItemBytes)
	}
	return nil
}

// indexable refuses attributes of an index that could not be its keys.
func indexable(t *ingest.Table, it record.Item) error {
	for _, i := range t.Indexes {
		for _, part := range []struct {
			name string
			kind record.Kind
		}{{i.Key.Partition, i.Key.PartitionKind}, {i.Key.Sort, i.Key.SortKind}} {
			if v, ok := it[part.name]; ok && part.name != "" && (v.Kind != part.kind || len(v.Text)+len(v.Bytes) == 0) {
				return fault.New(fault.Invalid, "the attribute %q is a key of the index %s: it must be of the kind %s and not empty", part.name, i.Name, part.kind)
			}
		}
	}
	return nil
}

// one does a single action without a condition.
func (s *Store) one(ctx context.Context, st *step) error {
	e := newExpress()
	var err error
	switch st.Kind {
	case ingest.Put:
		_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &st.table.Name, Item: attributes(st.Item)})
	case ingest.Update:
		_, err = s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &st.table.Name, Key: attributes(st.key), UpdateExpression: e.update(st.Action),
			ExpressionAttributeNames: e.named(), ExpressionAttributeValues: e.valued(),
		})
	case ingest.Delete:
		_, err = s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &st.table.Name, Key: attributes(st.key)})
	default:
		panic("unknown kind of action")
	}
	return refusal(err, "write", st.table.Name)
}

// Waits between the tries of a transaction.
const (
	firstWait = 10 * time.Millisecond
	maxWait   = 500 * time.Millisecond
)

// transact does the steps as one transaction. Two transactions that meet at one item refuse each other: that is tried
// again, after a time that is different for each.
func (s *Store) transact(ctx context.Context, steps []step) error {
	in := &dynamodb.TransactWriteItemsInput{TransactItems: make([]types.TransactWriteItem, len(steps))}
	for i := range steps {
		in.TransactItems[i] = steps[i].item()
	}
	pause := firstWait
	for try := 1; ; try++ {
		again := *in // with a token of its own
		_, err := s.client.TransactWriteItems(ctx, &again)
		if err = refusal(err, "write", steps[0].table.Name); err == nil || !fault.Is(err, fault.Transient) || try >= s.opts.Tries || !met(err) {
			return err
		}
		if err := s.opts.Wait(ctx, pause/2+rand.N(pause)); err != nil {
			return err
		}
		pause = min(2*pause, maxWait)
	}
}

// item is the step as part of a transaction. What a condition refused is asked for.
func (st *step) item() types.TransactWriteItem {
	e := newExpress()
	show := types.ReturnValuesOnConditionCheckFailureAllOld
	where := e.condition(st.table, st.If)
	switch st.Kind {
	case ingest.Put:
		return types.TransactWriteItem{Put: &types.Put{
			TableName: &st.table.Name, Item: attributes(st.Item), ConditionExpression: where,
			ExpressionAttributeNames: e.named(), ExpressionAttributeValues: e.valued(), ReturnValuesOnConditionCheckFailure: show,
		}}
	case ingest.Update:
		change := e.update(st.Action)
		return types.TransactWriteItem{Update: &types.Update{
			TableName: &st.table.Name, Key: attributes(st.key), ConditionExpression: where, UpdateExpression: change,
			ExpressionAttributeNames: e.named(), ExpressionAttributeValues: e.valued(), ReturnValuesOnConditionCheckFailure: show,
		}}
	case ingest.Delete:
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: &st.table.Name, Key: attributes(st.key), ConditionExpression: where,
			ExpressionAttributeNames: e.named(), ExpressionAttributeValues: e.valued(), ReturnValuesOnConditionCheckFailure: show,
		}}
	case ingest.Check:
		if where == nil {
			where = e.always(st.table)
		}
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: &st.table.Name, Key: attributes(st.key), ConditionExpression: where,
			ExpressionAttributeNames: e.named(), ExpressionAttributeValues: e.valued(), ReturnValuesOnConditionCheckFailure: show,
		}}
	}
	panic("unknown kind of action")
}

// always is a condition that holds, for a check that asks nothing.
func (e *express) always(t *ingest.Table) *string {
	name := e.name(t.Key.Partition)
	text := "attribute_exists(" + name + ") OR attribute_not_exists(" + name + ")"
	return &text
}
