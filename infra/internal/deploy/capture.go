package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/tarn-lake/tarn/internal/config"
)

// How streams are taken. docs/lake.md says what each is for; docs/decisions/037 calculates the figures.
const (
	mostRecords     = 10_000 // the service's own limit: what cuts a batch is its payload of 6 MB, or the window
	tumblingSeconds = 900    // the longest there is: the first batch of a window does not know what went before it
	shardLanes      = 1      // more would interleave ranges inside one shard
	unlimited       = -1
	captureTimeout  = 60 // seconds
)

// newProcessor makes the function that lands what streams deliver, and maps every stream to it.
func (p *processors) newProcessor(s *site, base *configuration, store *database, l *lake) {
	f := newFunction(s, p.stack, base, program{
		name: "processor", what: "lands what tables' streams deliver", memoryMB: s.env.Capture.MemoryMB, timeout: captureTimeout,
		settings: config.Environ(config.Processor{Function: s.common(), Lake: l.location(), Tables: store.streamed(s), MaskSecret: *base.mask.SecretArn(), Grace: grace(captureTimeout)}),
	})
	f.may("The name of a landed object is its lane and the sequence numbers that it holds.", []string{"s3:PutObject"}, l.objects(landing))
	f.may("", []string{"secretsmanager:GetSecretValue"}, base.mask.SecretArn())
	f.may("ListStreams knows no resources; event source mappings ask for it.", []string{"dynamodb:ListStreams"}, jsii.String("*"))
	for i := range s.data.Tables {
		t := &s.data.Tables[i]
		if t.Stream == "" {
			continue
		}
		stream := store.tables[t.Name].TableStreamArn()
		f.may("", []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}, stream)
		mapping := awslambda.NewCfnEventSourceMapping(p.stack, jsii.String("Stream"+construct(t.Name)), &awslambda.CfnEventSourceMappingProps{
			FunctionName: f.live.FunctionArn(), EventSourceArn: stream, StartingPosition: jsii.String("TRIM_HORIZON"),
			BatchSize: jsii.Number(mostRecords), MaximumBatchingWindowInSeconds: jsii.Number(s.env.Capture.Seconds),
			TumblingWindowInSeconds: jsii.Number(tumblingSeconds), ParallelizationFactor: jsii.Number(shardLanes),
			MaximumRetryAttempts: jsii.Number(unlimited), MaximumRecordAgeInSeconds: jsii.Number(unlimited), // a bad record never fails a batch, so nothing is ever skipped
			BisectBatchOnFunctionError: jsii.Bool(false), FunctionResponseTypes: jsii.Strings("ReportBatchItemFailures"), Enabled: jsii.Bool(true),
		})
		mapping.Node().AddDependency(f.role) // the mapping is refused while the role cannot read the stream
	}
	f.release(base, false)
	p.processor = f
}
