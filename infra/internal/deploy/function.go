package deploy

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/tarn-lake/tarn/internal/config"
)

// function is a compiled program with a role of its own, a log, and the alias under which everybody calls it.
type function struct {
	site   *site
	stack  awscdk.Stack
	name   string
	role   awsiam.Role
	lambda awslambda.Function
	live   awslambda.Alias
}

// program is what a function is made of.
type program struct {
	name     string // of its folder
	what     string
	memoryMB int
	timeout  int  // seconds
	diskMB   int  // 0: as little as there is
	outside  bool // never in the environment's network: it calls what has no endpoint there
	wakes    bool // calls itself again, through a queue, as long as there is work
	settings map[string]string
}

// newFunction makes a function that may do nothing but write its own log and traces.
func newFunction(s *site, stack awscdk.Stack, base *configuration, p program) *function {
	id := construct(p.name)
	f := &function{site: s, stack: stack, name: p.name}
	f.role = awsiam.NewRole(stack, jsii.String(id+"Role"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String("Tarn, " + s.env.Name + ": " + p.what)})
	log := awslogs.NewLogGroup(stack, jsii.String(id+"Log"), &awslogs.LogGroupProps{EncryptionKey: base.key, Retention: awslogs.RetentionDays_ONE_MONTH, RemovalPolicy: s.removal()})
	f.may("", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, log.LogGroupArn())
	folder, err := s.pack(p.name)
	if err != nil {
		panic("pack the function " + p.name + ": " + err.Error())
	}
	environment := map[string]*string{}
	for name, value := range p.settings {
		environment[name] = jsii.String(value)
	}
	props := &awslambda.FunctionProps{
		Description: jsii.String("Tarn, " + s.env.Name + ": " + p.what), Runtime: awslambda.Runtime_PROVIDED_AL2023(), Architecture: awslambda.Architecture_ARM_64(),
		Handler: jsii.String("bootstrap"), Code: awslambda.Code_FromAsset(jsii.String(folder), nil), Role: f.role, LogGroup: log, LoggingFormat: awslambda.LoggingFormat_JSON,
		MemorySize: jsii.Number(p.memoryMB), Timeout: seconds(p.timeout), Environment: &environment, EnvironmentEncryption: base.key, Tracing: awslambda.Tracing_ACTIVE,
		CurrentVersionOptions: &awslambda.VersionOptions{RemovalPolicy: awscdk.RemovalPolicy_RETAIN}, // what a roll-back goes back to
	}
	if s.net != nil && !p.outside {
		props.Vpc, props.SecurityGroups = s.net.inside(f)
	}
	if p.wakes {
		props.RecursiveLoop = awslambda.RecursiveLoop_ALLOW // Lambda stops a loop after sixteen rounds otherwise
	}
	if p.diskMB > 0 {
		props.EphemeralStorageSize = awscdk.Size_Mebibytes(jsii.Number(p.diskMB))
	}
	f.lambda = awslambda.NewFunction(stack, jsii.String(id), props)
	f.live = awslambda.NewAlias(stack, jsii.String(id+"Live"), &awslambda.AliasProps{AliasName: jsii.String("live"), Version: f.lambda.CurrentVersion()})
	f.mayUseKey(base)
	f.explain("X-Ray's two actions know no resources.", []string{"xray:PutTraceSegments"}, jsii.String("*"))
	return f
}

// may grants actions on resources. Where there is a wildcard among them, why says what it is for.
func (f *function) may(why string, actions []string, resources ...*string) {
	f.role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: texts(actions), Resources: &resources}))
	f.explain(why, actions, resources...)
}

// mayWhere grants actions on resources under a condition.
func (f *function) mayWhere(condition map[string]any, why string, actions []string, resources ...*string) {
	f.role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: texts(actions), Resources: &resources, Conditions: &condition}))
	f.explain(why, actions, resources...)
}

func (f *function) explain(why string, actions []string, resources ...*string) {
	found := wild(actions, resources)
	if len(found) == 0 {
		return
	}
	if why == "" {
		panic(f.name + " has a wildcard without a reason")
	}
	suppress(f.role, "AwsSolutions-IAM5", why, found...)
}

func (f *function) mayUseKey(base *configuration) {
	f.may("", []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"}, base.key.KeyArn())
}

// common is what every function is told.
func (s *site) common() config.Function {
	c := config.Function{Environment: s.env.Name, Metrics: metrics}
	if s.data.Files != nil {
		c.Schemas = schemaFolder
	}
	return c
}

// metrics is the CloudWatch namespace of what functions measure.
const metrics = "Tarn"

func texts(list []string) *[]*string {
	all := make([]*string, len(list))
	for i := range list {
		all[i] = &list[i]
	}
	return &all
}

// sorted returns the keys of a map in order, so that templates do not hang on the order of maps.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
