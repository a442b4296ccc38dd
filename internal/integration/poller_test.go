//go:build integration

package integration_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/tarn-lake/tarn/internal/bench/machine"
	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/land"
)

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

// land lands the stream in a folder.
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
	read := 0
	p.follow(b, lander, func(l *lake.Landed) bool {
		read += int(l.Records)
		return read >= p.records
	})
}
