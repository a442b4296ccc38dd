package deploy

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/tarn-lake/tarn/internal/config"
)

const (
	committerTimeout   = 120 // seconds
	maintenanceTimeout = 900 // the longest there is
	// committers is how many may be at work at once. It is the least that Lambda takes, and two do not hurt each other.
	committers = 2
	// mostLandings is how many landings wake the committer at most at once; it lists what has landed anyhow.
	mostLandings = 10_000
)

// processors is the functions that bring changes into the tables, and keep the tables in shape.
type processors struct {
	stack       awscdk.Stack
	processor   *function
	committer   *function
	maintenance *function
}

func newProcessors(s *site, base *configuration, store *database, l *lake) *processors {
	p := &processors{stack: s.stack("processors", "from streams to tables: land, commit, keep in shape")}
	p.newProcessor(s, base, store, l)
	p.newCommitter(s, base, store, l)
	p.newMaintenance(s, base, store, l)
	p.schedule(s, l)
	return p
}

// newCommitter makes the function that commits what has landed. Landings wake it through the queue.
func (p *processors) newCommitter(s *site, base *configuration, store *database, l *lake) {
	f := newFunction(s, p.stack, base, program{
		name: "committer", what: "commits what has landed", memoryMB: s.env.Commit.MemoryMB, timeout: committerTimeout, wakes: true,
		settings: config.Environ(config.Committer{
			Function: s.common(), Lake: l.location(), Database: l.database, Tables: store.streamed(s), Queue: *l.wake.QueueUrl(), PassMB: s.env.Commit.MemoryMB / 32, Snapshots: 300, KeepFor: time.Hour,
			Archive: s.env.Commit.ArchiveDays > 0, Grace: 20 * time.Second,
		}),
	})
	f.may("", []string{"s3:ListBucket"}, l.bucket.BucketArn())
	f.may("Landed objects and files of tables are named by what they hold; the committer takes all that has landed.", []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
		l.objects(landing), l.objects(landingBad), l.objects(archive), l.objects(tableFiles))
	f.may("The committer makes a dataset's tables when its first change arrives.", []string{"glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable"},
		l.catalog(p.stack, "*")...)
	f.may("", []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility", "sqs:SendMessage"}, l.wake.QueueArn())
	f.may("ListStreams knows no resources; the committer asks which streams a table has.", []string{"dynamodb:ListStreams"}, jsii.String("*"))
	for _, t := range s.data.Tables {
		if t.Stream != "" {
			f.may("", []string{"dynamodb:DescribeStream"}, store.tables[t.Name].TableStreamArn()) // which shards are closed; it reads none
		}
	}
	mapping := awslambda.NewCfnEventSourceMapping(p.stack, jsii.String("Landings"), &awslambda.CfnEventSourceMappingProps{
		FunctionName: f.live.FunctionArn(), EventSourceArn: l.wake.QueueArn(), BatchSize: jsii.Number(mostLandings),
		MaximumBatchingWindowInSeconds: jsii.Number(s.env.Commit.Seconds), ScalingConfig: &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(committers)},
	})
	mapping.Node().AddDependency(f.role)
	f.release(base, false)
	f.undelivered(l)
	p.committer = f
}

// newMaintenance makes the function that merges small files and bases, refreshes rollups, and lets go of old snapshots.
func (p *processors) newMaintenance(s *site, base *configuration, store *database, l *lake) {
	const memoryMB, diskMB = 2048, 2048
	f := newFunction(s, p.stack, base, program{
		name: "maintenance", what: "merges files, keeps rollups and snapshots", memoryMB: memoryMB, timeout: maintenanceTimeout, diskMB: diskMB,
		settings: config.Environ(config.Maintenance{
			Function: s.common(), Lake: l.location(), Database: l.database, Tables: store.streamed(s), Snapshots: 300, KeepFor: time.Hour, MemoryMB: memoryMB / 2,
			HeartbeatEvery: time.Duration(s.env.Commit.Heartbeat) * time.Minute, HeartbeatWay: time.Duration(s.env.way())*time.Second + time.Minute,
			WorkGroup: l.workgroups[upkeep], Results: config.Location(l.answers(upkeep)), Grace: grace(maintenanceTimeout),
		}),
	})
	f.may("", []string{"s3:ListBucket", "s3:GetBucketLocation"}, l.bucket.BucketArn(), l.results.BucketArn())
	f.may("Files of tables have random names; maintenance merges those of every table.", []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, l.objects(tableFiles))
	f.may("Athena names answers by questions.", answering(), l.results.ArnForObjects(jsii.String(upkeep+"/*")))
	f.may("Maintenance makes bases, rollups and views of datasets when they are due.", []string{"glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable"},
		l.catalog(p.stack, "*")...)
	f.may("", athenaActions(), arn(p.stack, "athena", "workgroup/"+l.workgroups[upkeep]))
	mayBeat(s, f, store)
	f.release(base, false)
	f.undelivered(l)
	p.maintenance = f
}

func athenaActions() []string {
	return []string{"athena:StartQueryExecution", "athena:StopQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup"}
}

// answering is what Athena does with answers, in the name of who asks.
func answering() []string {
	return []string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"}
}

// grace is what a function leaves of its time: a tenth, at most a minute.
func grace(timeout int) time.Duration {
	return min(time.Minute, time.Duration(timeout)*time.Second/10)
}
