package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/jsii-runtime-go"
)

// clock is one schedule of a function.
type clock struct {
	id, expression, zone string
	what                 string
	input                string // JSON
	call                 *function
}

// schedule makes the schedules. What cannot be delivered lies in the dead letter queue.
func (p *processors) schedule(s *site, l *lake) {
	role := awsiam.NewRole(p.stack, jsii.String("ScheduleRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("scheduler.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": p.stack.Account()}}}),
		Description: jsii.String("Tarn, " + s.env.Name + ": calls functions by the clock"),
	})
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings("sqs:SendMessage"), Resources: &[]*string{l.dead.QueueArn()}}))
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings("lambda:InvokeFunction"),
		Resources: &[]*string{p.committer.live.FunctionArn(), p.maintenance.live.FunctionArn()}}))
	group := awsscheduler.NewCfnScheduleGroup(p.stack, jsii.String("Schedules"), &awsscheduler.CfnScheduleGroupProps{Name: jsii.String(s.name("schedules"))})
	for _, c := range p.clocks(s) {
		awsscheduler.NewCfnSchedule(p.stack, jsii.String("Schedule"+construct(c.id)), &awsscheduler.CfnScheduleProps{
			Name: jsii.String(s.name(c.id)), Description: jsii.String(c.what), GroupName: group.Ref(), State: jsii.String("ENABLED"),
			ScheduleExpression: jsii.String(c.expression), ScheduleExpressionTimezone: jsii.String(c.zone),
			FlexibleTimeWindow: &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")},
			Target: &awsscheduler.CfnSchedule_TargetProperty{
				Arn: c.call.live.FunctionArn(), RoleArn: role.RoleArn(), Input: jsii.String(c.input),
				DeadLetterConfig: &awsscheduler.CfnSchedule_DeadLetterConfigProperty{Arn: l.dead.QueueArn()},
				RetryPolicy:      &awsscheduler.CfnSchedule_RetryPolicyProperty{MaximumEventAgeInSeconds: jsii.Number(900), MaximumRetryAttempts: jsii.Number(3)},
			},
		})
	}
}

// clocks is what is done by the clock. What a call has no time for, the next one does.
func (p *processors) clocks(s *site) []clock {
	task := func(name, expression, what string) clock {
		return clock{id: name, expression: expression, zone: "UTC", what: what, input: `{"task":"` + name + `"}`, call: p.maintenance}
	}
	return []clock{
		{id: "commit", expression: "rate(5 minutes)", zone: "UTC", what: "Commits what a lost event of the bucket told nobody of.", input: `{"reason":"the clock"}`, call: p.committer},
		task("heartbeat", everyMinutes(s.env.Commit.Heartbeat), "Writes items that must come through where nobody else writes."),
		task("health", "rate(5 minutes)", "Measures the age of the data and what waits, for the alarms."),
		task("compact", "rate(10 minutes)", "Small files become few."),
		task("base", "rate(15 minutes)", "Current state follows the history."),
		task("rollup", "rate(15 minutes)", "Daily tables follow the history."),
		task("ledger", "rate(1 hour)", "The ledger is told what it does not know yet."),
		task("upkeep", "cron(20 */6 * * ? *)", "Manifests are merged, old snapshots go."),
		task("sweep", "cron(40 2 * * ? *)", "What crashes left is removed."),
	}
}
