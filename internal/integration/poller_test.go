//go:build integration

package integration_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"testing"
	"time"

	lambda "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/tarn-lake/tarn/ingest"
	items "github.com/tarn-lake/tarn/ingest/dynamo"
	"github.com/tarn-lake/tarn/internal/bench/machine"
	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/blob/dir"
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
}

// BenchmarkPoller reads what the stream of a table in DynamoDB Local holds, in turns: with the SDK alone, which throws each
// answer away, and with the reader, which decodes it and lands it. The reader is to take no longer than what it reads from.
func BenchmarkPoller(b *testing.B) {
	p := newPolled(b, 20_000)
	var ratios, rates []float64
	var cpu time.Duration
	for b.Loop() {
		began := time.Now()
		p.raw(b)
		raw := time.Since(began)
		began, cpu = time.Now(), cpu-machine.ProcessorTime()
		p.land(b)
		cpu += machine.ProcessorTime()
		landed := time.Since(began)
		ratios, rates = append(ratios, landed.Seconds()/raw.Seconds()), append(rates, float64(p.records)/landed.Seconds())
	}
	slices.Sort(ratios)
	slices.Sort(rates)
	b.ReportMetric(rates[len(rates)/2], "records/s")
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(ratios[0], "ratio-least")
	b.ReportMetric(ratios[len(ratios)-1], "ratio-most")
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N*p.records), "µs-of-our-cpu/record")
}

func newPolled(b *testing.B, records int) *polled {
	b.Helper()
	config, err := cloud.Load(b.Context(), cloud.Settings{Region: "eu-west-1", Endpoint: integration.DynamoDB(b), Key: rand.Text(), Secret: "secret"})
	if err != nil {
		b.Fatal(err)
	}
	registry, err := synthetic.Registry()
	if err != nil {
		b.Fatal(err)
	}
	p := &polled{config: config, registry: registry, dataset: registry.ByStream(synthetic.Source)[0], records: records}
	client := items.Client(config)
	if err := items.Ensure(b.Context(), client, ingest.Tables(registry), items.EnsureOptions{}); err != nil {
		b.Fatal(err)
	}
	s, err := synthetic.New(synthetic.Options{Seed: 3})
	if err != nil {
		b.Fatal(err)
	}
	for done := 0; done < records; {
		done += p.write(b, client, s.Event(nil, min(1000, records-done)))
	}
	return p
}

// write makes the changes of an event, and returns how many.
func (p *polled) write(b *testing.B, client *dynamodb.Client, event []byte) int {
	b.Helper()
	var e lambda.DynamoDBEvent
	if err := json.Unmarshal(event, &e); err != nil {
		b.Fatal(err)
	}
	var err error
	for _, r := range e.Records {
		if r.EventName == "REMOVE" {
			_, err = client.DeleteItem(b.Context(), &dynamodb.DeleteItemInput{TableName: &p.dataset.Table, Key: attributes(r.Change.Keys)})
		} else {
			_, err = client.PutItem(b.Context(), &dynamodb.PutItemInput{TableName: &p.dataset.Table, Item: attributes(r.Change.NewImage)})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return len(e.Records)
}

// raw reads the stream with the SDK.
func (p *polled) raw(b *testing.B) {
	b.Helper()
	client := dynamodbstreams.NewFromConfig(p.config)
	list, err := client.ListStreams(b.Context(), &dynamodbstreams.ListStreamsInput{TableName: &p.dataset.Table})
	if err != nil {
		b.Fatal(err)
	}
	arn := list.Streams[0].StreamArn
	stream, err := client.DescribeStream(b.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	if err != nil {
		b.Fatal(err)
	}
	read := 0
	for _, s := range stream.StreamDescription.Shards {
		at, err := client.GetShardIterator(b.Context(), &dynamodbstreams.GetShardIteratorInput{StreamArn: arn, ShardId: s.ShardId, ShardIteratorType: streams.ShardIteratorTypeTrimHorizon})
		if err != nil {
			b.Fatal(err)
		}
		for next := at.ShardIterator; next != nil && read < p.records; {
			page, err := client.GetRecords(b.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: next, Limit: aws.Int32(1000)})
			if err != nil {
				b.Fatal(err)
			}
			next, read = page.NextShardIterator, read+len(page.Records)
		}
	}
	if read != p.records {
		b.Fatalf("the stream holds %d records of %d", read, p.records)
	}
}

// land reads, decodes and lands the stream.
func (p *polled) land(b *testing.B) {
	b.Helper()
	files, err := dir.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	lander, err := land.New(files, p.registry, land.Options{})
	if err != nil {
		b.Fatal(err)
	}
	landed := make(chan int, 1000)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	done := make(chan error, 1)
	feed := dynamo.New(p.config, map[string]string{synthetic.Source: p.dataset.Table}, dynamo.Options{})
	go func() {
		done <- stream.New(feed, counting{lander, landed}, stream.NewProgress(), stream.Options{}).Run(ctx, synthetic.Source, nil)
	}()
	for read := 0; read < p.records; {
		select {
		case n := <-landed:
			read += n
		case err := <-done:
			b.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

// counting tells how many records each landed batch had.
type counting struct {
	stream.Lander
	landed chan<- int
}

func (c counting) Land(ctx context.Context, b land.Batch) (*lake.Landed, error) {
	l, err := c.Lander.Land(ctx, b)
	if err == nil {
		c.landed <- int(l.Records)
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
