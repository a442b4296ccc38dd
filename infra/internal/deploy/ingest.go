package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/tarn-lake/tarn/internal/config"
)

// ingest is the function that takes records.
type ingest struct {
	stack  awscdk.Stack
	api    *function
	photos awss3.Bucket // nil without Movement Pass
}

const ingestTimeout = 29 // seconds; the door gives up then

func newIngest(s *site, base *configuration, store *database, l *lake, i *identity, c *console) *ingest {
	in := &ingest{stack: s.stack("ingest", "the function that takes records")}
	settings := config.API{Function: s.common(), Tables: store.deployed(), Profile: profile(s.env), PublicURL: c.home, Issuer: i.issuer(),
		Clients: []string{*i.machine.UserPoolClientId(), *c.client.UserPoolClientId()}, Grace: grace(5)}
	if s.data.hasMovementPass() {
		in.photos = in.uploads(s, base, l)
		settings.Uploads, settings.TokenSecret = config.Location("s3://"+*in.photos.BucketName()), *base.token.SecretArn()
	}
	f := newFunction(s, in.stack, base, program{name: "api", what: "takes records over HTTP", memoryMB: 512, timeout: ingestTimeout, settings: config.Environ(settings)})
	in.api = f
	for _, t := range s.data.Tables {
		table := store.tables[t.Name].TableArn()
		f.may("", []string{"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"}, table)
		for _, x := range t.Indexes {
			f.may("", []string{"dynamodb:Query"}, jsii.String(*table+"/index/"+x.Name))
		}
	}
	hall := c.door.hall(f)
	hall.guarded(i, i.machine.UserPoolClientId(), c.client.UserPoolClientId())
	hall.route("ANY /v1/{proxy+}")
	hall.open("The description of the API is no secret.", "GET /v1/openapi.json")
	f.release(base, true)
	if in.photos == nil {
		return in
	}
	f.may("", []string{"secretsmanager:GetSecretValue"}, base.token.SecretArn())
	f.may("", []string{"s3:ListBucket"}, in.photos.BucketArn()) // else a photo that is not there looks forbidden
	f.may("Photos are named at random.", []string{"s3:GetObject", "s3:PutObject"}, in.photos.ArnForObjects(jsii.String("*")))
	for _, prefix := range []string{"", "/v1"} {
		hall.open("The contract of Movement Pass has tokens of its own, which the function checks.", "ANY "+prefix+"/identity/{proxy+}", "ANY "+prefix+"/passes",
			"ANY "+prefix+"/passes/{proxy+}", "ANY "+prefix+"/photos/{proxy+}")
	}
	return in
}

// uploads is the bucket of what people upload.
func (in *ingest) uploads(s *site, base *configuration, l *lake) awss3.Bucket {
	return awss3.NewBucket(in.stack, jsii.String("Uploads"), &awss3.BucketProps{
		Encryption: awss3.BucketEncryption_KMS, EncryptionKey: base.key, BucketKeyEnabled: jsii.Bool(true), Versioned: jsii.Bool(true), EnforceSSL: jsii.Bool(true),
		MinimumTLSVersion: jsii.Number(1.2), BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(), ObjectOwnership: awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		ServerAccessLogsBucket: l.logs, ServerAccessLogsPrefix: jsii.String("uploads/"), RemovalPolicy: s.removal(), AutoDeleteObjects: jsii.Bool(!s.env.Keep),
		LifecycleRules: &[]*awss3.LifecycleRule{{Id: jsii.String("old-versions"), NoncurrentVersionExpiration: days(30), AbortIncompleteMultipartUploadAfter: days(1)}},
	})
}

func profile(env Environment) string {
	if env.Profile == "" {
		return "lenient"
	}
	return env.Profile
}
