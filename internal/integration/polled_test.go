//go:build integration

package integration_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"testing"

	lambda "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-lake/tarn/ingest"
	items "github.com/tarn-lake/tarn/ingest/dynamo"
	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/stream"
	"github.com/tarn-lake/tarn/processors/stream/dynamo"
	"github.com/tarn-lake/tarn/schemas"
)

// polled is a table of DynamoDB Local whose stream holds some changes.
type polled struct {
	config   aws.Config
	registry *schemas.Registry
	dataset  *schemas.Dataset
	records  int
	client   *dynamodb.Client
	last     map[string]types.AttributeValue // the item that was put last
}

// ttl is the attribute that says when an item expires.
const ttl = "expires"

// newPolled writes changes of the synthetic stream.
func newPolled(b testing.TB, records int) *polled {
	b.Helper()
	config, err := cloud.Load(b.Context(), cloud.Settings{Region: "eu-west-1", Endpoint: integration.DynamoDB(b), Key: rand.Text(), Secret: "secret"})
	if err != nil {
		b.Fatal(err)
	}
	registry, err := synthetic.Registry()
	if err != nil {
		b.Fatal(err)
	}
	p := &polled{config: config, registry: registry, dataset: registry.ByStream(synthetic.Source)[0], records: records, client: items.Client(config)}
	tables := ingest.Tables(registry)
	for i := range tables {
		tables[i].TTL = ttl
	}
	if err := items.Ensure(b.Context(), p.client, tables, items.EnsureOptions{}); err != nil {
		b.Fatal(err)
	}
	s, err := synthetic.New(synthetic.Options{Seed: 3})
	if err != nil {
		b.Fatal(err)
	}
	for done := 0; done < records; {
		done += p.write(b, s.Event(nil, min(1000, records-done)))
	}
	return p
}

// write makes the changes of an event, and returns how many.
func (p *polled) write(b testing.TB, event []byte) int {
	b.Helper()
	var e lambda.DynamoDBEvent
	if err := json.Unmarshal(event, &e); err != nil {
		b.Fatal(err)
	}
	for _, r := range e.Records {
		if r.EventName != "REMOVE" {
			p.put(b, attributes(r.Change.NewImage))
		} else if _, err := p.client.DeleteItem(b.Context(), &dynamodb.DeleteItemInput{TableName: &p.dataset.Table, Key: attributes(r.Change.Keys)}); err != nil {
			b.Fatal(err)
		}
	}
	return len(e.Records)
}

func (p *polled) put(b testing.TB, item map[string]types.AttributeValue) {
	b.Helper()
	if _, err := p.client.PutItem(b.Context(), &dynamodb.PutItemInput{TableName: &p.dataset.Table, Item: item}); err != nil {
		b.Fatal(err)
	}
	p.last = item
}

// follow reads, decodes and lands the stream, and returns what landed until enough says so.
func (p *polled) follow(b testing.TB, lander stream.Lander, enough func(*lake.Landed) bool) {
	b.Helper()
	landed := make(chan *lake.Landed, 1000)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	done := make(chan error, 1)
	feed := dynamo.New(p.config, map[string]string{synthetic.Source: p.dataset.Table}, dynamo.Options{})
	go func() {
		done <- stream.New(feed, telling{lander, landed}, stream.NewProgress(), stream.Options{}).Run(ctx, synthetic.Source, nil)
	}()
	for {
		select {
		case l := <-landed:
			if !enough(l) {
				continue
			}
		case err := <-done:
			b.Fatalf("the reader ended: %v", err)
		}
		break
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

// telling tells of each landed batch.
type telling struct {
	stream.Lander
	landed chan<- *lake.Landed
}

func (t telling) Land(ctx context.Context, b land.Batch) (*lake.Landed, error) {
	l, err := t.Lander.Land(ctx, b)
	if err == nil {
		t.landed <- l
	}
	return l, err
}

// attributes is an image as the SDK writes it.
func attributes(from map[string]lambda.DynamoDBAttributeValue) map[string]types.AttributeValue {
	to := map[string]types.AttributeValue{}
	for name, v := range from {
		to[name] = attribute(v)
	}
	return to
}

func attribute(v lambda.DynamoDBAttributeValue) types.AttributeValue {
	switch v.DataType() {
	case lambda.DataTypeBoolean:
		return &types.AttributeValueMemberBOOL{Value: v.Boolean()}
	case lambda.DataTypeNumber:
		return &types.AttributeValueMemberN{Value: v.Number()}
	case lambda.DataTypeList:
		list := &types.AttributeValueMemberL{}
		for _, e := range v.List() {
			list.Value = append(list.Value, attribute(e))
		}
		return list
	case lambda.DataTypeMap:
		return &types.AttributeValueMemberM{Value: attributes(v.Map())}
	case lambda.DataTypeStringSet:
		return &types.AttributeValueMemberSS{Value: v.StringSet()}
	case lambda.DataTypeNull:
		return &types.AttributeValueMemberNULL{Value: true}
	default:
		return &types.AttributeValueMemberS{Value: v.String()}
	}
}
