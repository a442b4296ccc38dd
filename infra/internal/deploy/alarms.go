package deploy

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/jsii-runtime-go"
)

// alarm is something that somebody must look at. Each has a paragraph in docs/runbook.md, which a test holds.
type alarm struct {
	id      string // its name, and the paragraph's; what stands behind a colon is what it is about
	what    string // a sentence
	metric  awscloudwatch.IMetric
	above   float64
	periods int
	missing awscloudwatch.TreatMissingData // empty: all is well
}

func (s *site) alarm(stack awscdk.Stack, base *configuration, a alarm) awscloudwatch.Alarm {
	if a.missing == "" {
		a.missing = awscloudwatch.TreatMissingData_NOT_BREACHING
	}
	paragraph, _, _ := strings.Cut(a.id, ":")
	made := awscloudwatch.NewAlarm(stack, jsii.String("Alarm"+construct(strings.ReplaceAll(a.id, ":", "-"))), &awscloudwatch.AlarmProps{
		AlarmName: jsii.String(s.name(a.id)), AlarmDescription: jsii.String(a.what + " What to do: docs/runbook.md#" + paragraph),
		Metric: a.metric, Threshold: jsii.Number(a.above), ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD,
		EvaluationPeriods: jsii.Number(a.periods), TreatMissingData: a.missing,
	})
	tell := awscloudwatchactions.NewSnsAction(base.alarms)
	made.AddAlarmAction(tell)
	made.AddOkAction(tell)
	return made
}

// measured is a metric of our own, of the whole environment or of one thing in it.
func (s *site) measured(name, statistic string, minutes int, of ...string) awscloudwatch.Metric {
	dimensions := map[string]*string{"Environment": jsii.String(s.env.Name)}
	for i := 0; i+1 < len(of); i += 2 {
		dimensions[of[i]] = jsii.String(of[i+1])
	}
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{Namespace: jsii.String(metrics), MetricName: jsii.String(name), Statistic: jsii.String(statistic),
		Period: awscdk.Duration_Minutes(jsii.Number(minutes)), DimensionsMap: &dimensions})
}
