package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// EnsureOptions tune Ensure. The zero value works.
type EnsureOptions struct {
	PointInTime bool          // new tables can be restored to any second of the last 35 days, and exported
	Protect     bool          // new tables cannot be deleted by mistake
	Within      time.Duration // how long a new table may take; 0: 3 minutes
}

// kinds of key attributes in DynamoDB's words.
var scalars = map[record.Kind]types.ScalarAttributeType{
	record.S: types.ScalarAttributeTypeS, record.N: types.ScalarAttributeTypeN, record.B: types.ScalarAttributeTypeB,
}

// Ensure makes the tables that are not there, and refuses those that are there and cannot serve: another key, a missing
// index, a stream that is off or leaves images out. What it refuses it does not change.
func Ensure(ctx context.Context, client *dynamodb.Client, tables []ingest.Table, opts EnsureOptions) error {
	if opts.Within == 0 {
		opts.Within = 3 * time.Minute
	}
	for i := range tables {
		t := &tables[i]
		out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.Name})
		var gone *types.ResourceNotFoundException
		switch {
		case errors.As(err, &gone):
			err = create(ctx, client, t, opts)
		case err == nil:
			err = check(t, out.Table)
		default:
			err = refusal(err, "look at the table", t.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// create makes the table and waits until it can be used.
func create(ctx context.Context, client *dynamodb.Client, t *ingest.Table, opts EnsureOptions) error {
	if _, err := client.CreateTable(ctx, creation(t, opts)); err != nil {
		return refusal(err, "create the table", t.Name)
	}
	ready := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, 5*time.Second
	})
	if err := ready.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &t.Name}, opts.Within); err != nil {
		return fault.Wrap(fault.Transient, err, "the new table %s was not ready within %s", t.Name, opts.Within)
	}
	if t.TTL != "" {
		_, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: &t.Name, TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: &t.TTL, Enabled: aws.Bool(true),
		}})
		if err != nil {
			return refusal(err, "switch on the time to live of", t.Name)
		}
	}
	if opts.PointInTime {
		_, err := client.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{TableName: &t.Name,
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)}})
		if err != nil {
			return refusal(err, "switch on the point-in-time recovery of", t.Name)
		}
	}
	return nil
}

func creation(t *ingest.Table, opts EnsureOptions) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{TableName: &t.Name, BillingMode: types.BillingModePayPerRequest, KeySchema: keySchema(t.Key)}
	if opts.Protect {
		in.DeletionProtectionEnabled = aws.Bool(true)
	}
	defined := map[string]bool{}
	define := func(k ingest.TableKey) {
		for _, a := range []struct {
			name string
			kind record.Kind
		}{{k.Partition, k.PartitionKind}, {k.Sort, k.SortKind}} {
			if a.name != "" && !defined[a.name] {
				defined[a.name] = true
				in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(a.name), AttributeType: scalars[a.kind]})
			}
		}
	}
	define(t.Key)
	for _, i := range t.Indexes {
		define(i.Key)
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(i.Name), KeySchema: keySchema(i.Key), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		})
	}
	if t.Stream != "" {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
	}
	return in
}

func keySchema(k ingest.TableKey) []types.KeySchemaElement {
	all := []types.KeySchemaElement{{AttributeName: aws.String(k.Partition), KeyType: types.KeyTypeHash}}
	if k.Sort != "" {
		all = append(all, types.KeySchemaElement{AttributeName: aws.String(k.Sort), KeyType: types.KeyTypeRange})
	}
	return all
}

// check holds a table that is there against what it must be.
func check(t *ingest.Table, have *types.TableDescription) error {
	kinds := map[string]types.ScalarAttributeType{}
	for _, d := range have.AttributeDefinitions {
		kinds[aws.ToString(d.AttributeName)] = d.AttributeType
	}
	if got, want := shown(have.KeySchema, kinds), shown(keySchema(t.Key), wanted(t.Key)); got != want {
		return fault.New(fault.Invalid, "table %s has the key %s, and its schema says %s: use another table or correct the schema", t.Name, got, want)
	}
	indexes := map[string]string{}
	for _, i := range have.GlobalSecondaryIndexes {
		indexes[aws.ToString(i.IndexName)] = shown(i.KeySchema, kinds)
	}
	for _, i := range t.Indexes {
		want := shown(keySchema(i.Key), wanted(i.Key))
		switch got, ok := indexes[i.Name]; {
		case !ok:
			return fault.New(fault.Invalid, "table %s lacks the index %s on %s: add it, with all attributes projected, and start again", t.Name, i.Name, want)
		case got != want:
			return fault.New(fault.Invalid, "index %s of table %s is on %s, and its schema says %s: index under another name", i.Name, t.Name, got, want)
		}
	}
	return checkStream(t, have.StreamSpecification)
}

func checkStream(t *ingest.Table, s *types.StreamSpecification) error {
	const mend = "set it with `aws dynamodb update-table --table-name %s --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES`"
	switch {
	case t.Stream == "":
		return nil
	case s == nil || !aws.ToBool(s.StreamEnabled):
		return fault.New(fault.Invalid, "table %s has no stream, so that nothing of it can reach the lake: "+mend, t.Name, t.Name)
	case s.StreamViewType != types.StreamViewTypeNewAndOldImages && s.StreamViewType != types.StreamViewTypeNewImage:
		return fault.New(fault.Invalid, "the stream of table %s carries %s, and the lake needs the new images: switch it off, then "+mend, t.Name, s.StreamViewType, t.Name)
	}
	return nil
}

func wanted(k ingest.TableKey) map[string]types.ScalarAttributeType {
	return map[string]types.ScalarAttributeType{k.Partition: scalars[k.PartitionKind], k.Sort: scalars[k.SortKind]}
}

// shown is a key as text, such as "id (S), day (N)".
func shown(schema []types.KeySchemaElement, kinds map[string]types.ScalarAttributeType) string {
	var partition, sort string
	for _, e := range schema {
		text := fmt.Sprintf("%s (%s)", aws.ToString(e.AttributeName), kinds[aws.ToString(e.AttributeName)])
		if e.KeyType == types.KeyTypeHash {
			partition = text
		} else {
			sort = ", " + text
		}
	}
	return partition + sort
}
