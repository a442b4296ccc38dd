package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodedeploy"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// release moves the alias to a new version, and back to the old one when the function fails meanwhile. Doors are moved
// by a tenth first where people are behind them; what works by batches repeats a failed batch anyhow.
func (f *function) release(base *configuration, door bool) {
	errors := f.site.alarm(f.stack, base, alarm{
		id: f.name + "-errors", what: "The function " + f.name + " fails.", above: 0, periods: 3,
		metric: f.live.MetricErrors(&awscloudwatch.MetricOptions{Statistic: jsii.String("Sum"), Period: awscdk.Duration_Minutes(jsii.Number(1))}),
	})
	how := awscodedeploy.LambdaDeploymentConfig_ALL_AT_ONCE()
	if door && f.site.env.Keep {
		how = awscodedeploy.LambdaDeploymentConfig_CANARY_10PERCENT_5MINUTES()
	}
	group := awscodedeploy.NewLambdaDeploymentGroup(f.stack, jsii.String(construct(f.name)+"Release"), &awscodedeploy.LambdaDeploymentGroupProps{
		Alias: f.live, DeploymentConfig: how, Alarms: &[]interfacesawscloudwatch.IAlarmRef{errors},
		AutoRollback: &awscodedeploy.AutoRollbackConfig{FailedDeployment: jsii.Bool(true), StoppedDeployment: jsii.Bool(true), DeploymentInAlarm: jsii.Bool(true)},
	})
	suppress(group, "AwsSolutions-IAM4", "AWS keeps the policy of CodeDeploy for functions, which says what CodeDeploy needs and no more.",
		"Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited")
}

// undelivered sends what nobody waits for, and what failed, to the dead letters.
func (f *function) undelivered(l *lake) {
	f.may("", []string{"sqs:SendMessage"}, l.dead.QueueArn())
	config := awslambda.NewCfnEventInvokeConfig(f.stack, jsii.String(construct(f.name)+"Failures"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName: f.lambda.FunctionName(), Qualifier: f.live.AliasName(), MaximumRetryAttempts: jsii.Number(1), MaximumEventAgeInSeconds: jsii.Number(900),
		DestinationConfig: &awslambda.CfnEventInvokeConfig_DestinationConfigProperty{OnFailure: &awslambda.CfnEventInvokeConfig_OnFailureProperty{Destination: l.dead.QueueArn()}},
	})
	config.Node().AddDependency(f.role, f.live)
}
