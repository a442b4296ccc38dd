package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/jsii-runtime-go"
)

// configuration is what all stages share: the key of the data, the secrets, and who is told of alarms.
type configuration struct {
	stack   awscdk.Stack
	key     awskms.Key
	alarms  awssns.Topic
	mask    awssecretsmanager.Secret // makes the masks of private fields
	session awssecretsmanager.Secret // seals the console's sessions
	token   awssecretsmanager.Secret // signs Movement Pass tokens; nil without that domain
}

func newConfiguration(s *site) *configuration {
	stack := s.stack("configuration", "the key of the data, secrets, and who is told of alarms")
	c := &configuration{stack: stack}
	c.key = awskms.NewKey(stack, jsii.String("Data"), &awskms.KeyProps{
		Description: jsii.String("Tarn, " + s.env.Name + ": records, lake, logs"), EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy: s.removal(), // without its key the data is lost, whatever else is kept
	})
	c.letServicesEncrypt()
	c.alarms = awssns.NewTopic(stack, jsii.String("Alarms"), &awssns.TopicProps{MasterKey: c.key, EnforceSSL: jsii.Bool(true)})
	c.alarms.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(s.env.Mail), nil))
	c.letServicesTell()
	c.mask = c.secret(s, "Mask", "makes the masks of private fields; with another one equal values no longer look equal")
	c.session = c.secret(s, "Session", "seals the console's sessions")
	if s.data.hasMovementPass() {
		c.token = c.secret(s, "Token", "signs Movement Pass tokens and upload addresses")
	}
	return c
}

// letServicesEncrypt lets services of this account use the key for what they keep or pass on.
func (c *configuration) letServicesEncrypt() {
	region, account := *c.stack.Region(), *c.stack.Account()
	c.key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("Logs"), Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("logs."+region+".amazonaws.com"), nil)},
		Actions: jsii.Strings("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"), Resources: jsii.Strings("*"),
		Conditions: &map[string]any{"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": "arn:" + *c.stack.Partition() + ":logs:" + region + ":" + account + ":log-group:*"}},
	}), nil)
	c.key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("Alarms"), Principals: &[]awsiam.IPrincipal{service("cloudwatch"), service("budgets"), service("costalerts"), service("backup")},
		Actions: jsii.Strings("kms:Decrypt", "kms:GenerateDataKey"), Resources: jsii.Strings("*"),
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": account}},
	}), nil)
}

// letServicesTell lets alarms and budgets reach the topic.
func (c *configuration) letServicesTell() {
	c.alarms.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("Tell"), Principals: &[]awsiam.IPrincipal{service("cloudwatch"), service("budgets"), service("costalerts"), service("backup")},
		Actions: jsii.Strings("sns:Publish"), Resources: &[]*string{c.alarms.TopicArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": c.stack.Account()}},
	}))
}

// secret makes 32 letters and digits, as long as the secret of a data folder is: tools that mask as the functions do are
// given the same one.
func (c *configuration) secret(s *site, id, what string) awssecretsmanager.Secret {
	secret := awssecretsmanager.NewSecret(c.stack, jsii.String(id), &awssecretsmanager.SecretProps{
		Description: jsii.String("Tarn, " + s.env.Name + ": " + what), EncryptionKey: c.key, RemovalPolicy: s.removal(),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{PasswordLength: jsii.Number(32), ExcludePunctuation: jsii.Bool(true)},
	})
	suppress(secret, "AwsSolutions-SMG4", "The secret "+what+". Another value would make what was made with this one worthless; it is changed by hand, as docs/runbook.md says.")
	return secret
}

func service(name string) awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(jsii.String(name+".amazonaws.com"), nil)
}
