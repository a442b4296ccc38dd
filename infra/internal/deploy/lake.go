package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/tarn-lake/tarn/internal/config"
)

// The folders of the lake; docs/lake.md has their form.
const (
	landing    = "landing"
	landingBad = "landing-bad"
	archive    = "archive"
	tableFiles = "tables"
)

// lake is the bucket of the files, the catalog of the tables, and the queue that wakes the committer.
type lake struct {
	stack      awscdk.Stack
	bucket     awss3.Bucket // landed objects and the tables' files
	results    awss3.Bucket // what Athena answers
	logs       awss3.Bucket // who read what
	database   string       // of Glue
	workgroups map[string]string
	wake       awssqs.Queue // an object has landed
	dead       awssqs.Queue // what woke nobody, and what schedules could not deliver
}

func newLake(s *site, base *configuration) *lake {
	l := &lake{stack: s.stack("lake", "the bucket, the catalog and the workgroups"), workgroups: map[string]string{}}
	l.logs = l.newLogs(s)
	l.queues(s)
	l.bucket = awss3.NewBucket(l.stack, jsii.String("Lake"), &awss3.BucketProps{
		Encryption: awss3.BucketEncryption_KMS, EncryptionKey: base.key, BucketKeyEnabled: jsii.Bool(true), Versioned: jsii.Bool(true),
		EnforceSSL: jsii.Bool(true), MinimumTLSVersion: jsii.Number(1.2), BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(), ObjectOwnership: awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		ServerAccessLogsBucket: l.logs, ServerAccessLogsPrefix: jsii.String("lake/"), RemovalPolicy: s.removal(), AutoDeleteObjects: jsii.Bool(!s.env.Keep),
		LifecycleRules: lifecycle(s),
	})
	l.tellOfLandings()
	l.results = awss3.NewBucket(l.stack, jsii.String("Results"), &awss3.BucketProps{
		Encryption: awss3.BucketEncryption_KMS, EncryptionKey: base.key, BucketKeyEnabled: jsii.Bool(true), EnforceSSL: jsii.Bool(true), MinimumTLSVersion: jsii.Number(1.2),
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(), ObjectOwnership: awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED, ServerAccessLogsBucket: l.logs,
		ServerAccessLogsPrefix: jsii.String("results/"), RemovalPolicy: awscdk.RemovalPolicy_DESTROY, AutoDeleteObjects: jsii.Bool(true),
		LifecycleRules: &[]*awss3.LifecycleRule{{Id: jsii.String("answers-go"), Expiration: days(2), AbortIncompleteMultipartUploadAfter: days(1)}},
	})
	l.database = "tarn_" + s.env.Name // analysts write it in their SQL
	awsglue.NewCfnDatabase(l.stack, jsii.String("Database"), &awsglue.CfnDatabaseProps{CatalogId: l.stack.Account(), DatabaseName: jsii.String(l.database),
		DatabaseInput: &awsglue.CfnDatabase_DatabaseInputProperty{Name: jsii.String(l.database), Description: jsii.String("Tarn, " + s.env.Name + ": changes, current state, rollups"),
			LocationUri: jsii.String(l.at(tableFiles))}})
	l.newWorkgroups(s, base)
	awscdk.NewCfnOutput(l.stack, jsii.String("Location"), &awscdk.CfnOutputProps{Value: jsii.String(string(l.location())), Description: jsii.String("TARN_LAKE of tools")})
	awscdk.NewCfnOutput(l.stack, jsii.String("Catalog"), &awscdk.CfnOutputProps{Value: jsii.String("glue:" + l.database), Description: jsii.String("TARN_CATALOG of tools")})
	return l
}

// lifecycle is what goes by itself: versions of files that compaction replaced, uploads that broke off, the archive.
func lifecycle(s *site) *[]*awss3.LifecycleRule {
	rules := []*awss3.LifecycleRule{
		{Id: jsii.String("replaced-files"), NoncurrentVersionExpiration: days(7), AbortIncompleteMultipartUploadAfter: days(1), ExpiredObjectDeleteMarker: jsii.Bool(true)},
		{Id: jsii.String("old-days"), Prefix: jsii.String(tableFiles + "/"),
			Transitions: &[]*awss3.Transition{{StorageClass: awss3.StorageClass_INTELLIGENT_TIERING(), TransitionAfter: days(35)}}},
	}
	if n := s.env.Commit.ArchiveDays; n > 0 {
		rules = append(rules, &awss3.LifecycleRule{Id: jsii.String("archive"), Prefix: jsii.String(archive + "/"), Expiration: days(n)})
	}
	return &rules
}

func (l *lake) newLogs(s *site) awss3.Bucket {
	return awss3.NewBucket(l.stack, jsii.String("AccessLogs"), &awss3.BucketProps{
		Encryption: awss3.BucketEncryption_S3_MANAGED, EnforceSSL: jsii.Bool(true), MinimumTLSVersion: jsii.Number(1.2), BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership: awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED, RemovalPolicy: s.removal(), AutoDeleteObjects: jsii.Bool(!s.env.Keep),
		LifecycleRules: &[]*awss3.LifecycleRule{{Id: jsii.String("logs-go"), Expiration: days(90)}},
	})
}

// queues makes the queue that landings go to and the one for what nobody took.
func (l *lake) queues(s *site) {
	l.dead = awssqs.NewQueue(l.stack, jsii.String("Dead"), &awssqs.QueueProps{Encryption: awssqs.QueueEncryption_SQS_MANAGED, EnforceSSL: jsii.Bool(true), RetentionPeriod: days(14)})
	l.wake = awssqs.NewQueue(l.stack, jsii.String("Wake"), &awssqs.QueueProps{
		Encryption: awssqs.QueueEncryption_SQS_MANAGED,                                                                               // S3 may write into it without rights on a key
		EnforceSSL: jsii.Bool(true), RetentionPeriod: days(1), VisibilityTimeout: seconds(6*committerTimeout + s.env.Commit.Seconds), // what Lambda asks for
		DeadLetterQueue: &awssqs.DeadLetterQueue{Queue: l.dead, MaxReceiveCount: jsii.Number(5)},
	})
	// The bucket's name is not known before the bucket is, and the bucket is refused before the queue lets it in: so the
	// account is what is checked.
	l.wake.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("Landings"), Principals: &[]awsiam.IPrincipal{service("s3")}, Actions: jsii.Strings("sqs:SendMessage"), Resources: &[]*string{l.wake.QueueArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": l.stack.Account()}},
	}))
}

// tellOfLandings makes the bucket tell the queue of what lands. It is said in the bucket itself: CDK's own way is a
// function that may change every bucket.
func (l *lake) tellOfLandings() {
	bucket := l.bucket.Node().DefaultChild().(awss3.CfnBucket)
	bucket.SetNotificationConfiguration(&awss3.CfnBucket_NotificationConfigurationProperty{QueueConfigurations: &[]any{&awss3.CfnBucket_QueueConfigurationProperty{
		Event: jsii.String("s3:ObjectCreated:*"), Queue: l.wake.QueueArn(),
		Filter: &awss3.CfnBucket_NotificationFilterProperty{S3Key: &awss3.CfnBucket_S3KeyFilterProperty{
			Rules: &[]any{&awss3.CfnBucket_FilterRuleProperty{Name: jsii.String("prefix"), Value: jsii.String(landing + "/")}}}},
	}}})
	bucket.Node().AddDependency(l.wake)
}

// at returns the location of a folder of the lake.
func (l *lake) at(folder string) string { return "s3://" + *l.bucket.BucketName() + "/" + folder }

// location returns the lake as functions are told of it.
func (l *lake) location() config.Location { return config.Location("s3://" + *l.bucket.BucketName()) }

// objects is every object of a folder of the lake.
func (l *lake) objects(folder string) *string {
	return l.bucket.ArnForObjects(jsii.String(folder + "/*"))
}

// catalog is the names of the catalog, the database and tables of it, as Glue's rights ask for all three. Athena looks at
// the database "default" too, whatever it is asked.
func (l *lake) catalog(stack awscdk.Stack, tables ...string) []*string {
	all := []*string{arn(stack, "glue", "catalog"), arn(stack, "glue", "database/default"), arn(stack, "glue", "database/"+l.database)}
	for _, t := range tables {
		all = append(all, arn(stack, "glue", "table/"+l.database+"/"+t))
	}
	return all
}
