package deploy

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// nearlyLost is the age at which changes in a stream are an emergency: after 24 hours the stream forgets them.
const nearlyLost = 6 * 3600 // seconds

// newObservability makes the alarms on the data, the dashboard and the limits on what all costs.
func newObservability(s *site, base *configuration, l *lake, p *processors, c *console) {
	stack := s.stack("observability", "alarms on the age of data, a dashboard, and what all costs")
	age := awscdk.Duration_Minutes(jsii.Number(5))
	for _, ds := range s.data.Registry.Datasets() {
		if ds.Stream == "" {
			continue
		}
		s.alarm(stack, base, alarm{
			// Heartbeats come through where nobody writes, so the data is young as long as the way is alive, and an age that
			// nobody measures is as bad as a great one.
			id: "data-age:" + ds.Name, what: "What people see of " + ds.Name + " is older than it should be, or nobody knows how old it is.", above: float64(s.env.Commit.DataAge), periods: 2,
			metric: s.measured("DataAge", "Maximum", 5, "Dataset", ds.Name), missing: awscloudwatch.TreatMissingData_BREACHING,
		})
	}
	lag := p.processor.live.Metric(jsii.String("IteratorAge"), &awscloudwatch.MetricOptions{Statistic: jsii.String("Maximum"), Period: age})
	for _, a := range []alarm{
		{id: "stream-age", what: "Changes wait in a stream and are not landed.", above: float64(s.env.Commit.DataAge) * 1000, periods: 2, metric: lag},
		{id: "stream-nearly-lost", what: "Changes have waited in a stream for hours; after 24 hours they are lost to it.", above: nearlyLost * 1000, periods: 1, metric: lag},
		{id: "holes", what: "Changes are missing in the lake.", above: 0, periods: 1, metric: s.measured("OpenHoles", "Maximum", 5)},
		{id: "quarantine", what: "Records could not be decoded.", above: 0, periods: 1, metric: s.measured("QuarantinedRecords", "Maximum", 5)},
		{id: "set-aside", what: "A landed object could not be read and was set aside.", above: 0, periods: 1, metric: s.measured("SetAside", "Sum", 5)},
		{id: "unmeasured", what: "Nobody measures the lake: its other alarms are blind.", above: 1e12, periods: 4, missing: awscloudwatch.TreatMissingData_BREACHING,
			metric: s.measured("WaitingObjects", "Maximum", 5)},
		{id: "dead-letters", what: "Something could not be delivered and lies in the dead letter queue.", above: 0, periods: 1,
			metric: l.dead.MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{Statistic: jsii.String("Maximum"), Period: age})},
		{id: "wake-age", what: "Landings have waited for the committer for too long.", above: float64(s.env.Commit.DataAge), periods: 2,
			metric: l.wake.MetricApproximateAgeOfOldestMessage(&awscloudwatch.MetricOptions{Statistic: jsii.String("Maximum"), Period: age})},
		{id: "door-failures", what: "More than one in fifty requests could not be answered.", above: 0.02, periods: 3, metric: c.door.failures()},
	} {
		s.alarm(stack, base, a)
	}
	newDashboard(s, stack, p, lag, c)
	newCosts(s, stack, base)
}

// failures is the share of requests that could not be answered, where there are enough to speak of a share.
func (d *door) failures() awscloudwatch.IMetric {
	of := func(name string) awscloudwatch.IMetric {
		return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{Namespace: jsii.String("AWS/ApiGateway"), MetricName: jsii.String(name), Statistic: jsii.String("Sum"),
			Period: awscdk.Duration_Minutes(jsii.Number(5)), DimensionsMap: &map[string]*string{"ApiId": d.api.Ref()}})
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String("IF(asked >= 50, failed / asked, 0)"), Label: jsii.String("requests that failed"), Period: awscdk.Duration_Minutes(jsii.Number(5)),
		UsingMetrics: &map[string]awscloudwatch.IMetric{"failed": of("5xx"), "asked": of("Count")},
	})
}

func newDashboard(s *site, stack awscdk.Stack, p *processors, lag awscloudwatch.IMetric, c *console) {
	graph := func(title string, left ...awscloudwatch.IMetric) awscloudwatch.IWidget {
		return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{Title: jsii.String(title), Left: &left, Width: jsii.Number(8), Height: jsii.Number(6)})
	}
	var ages, landed, commits []awscloudwatch.IMetric
	for _, ds := range s.data.Registry.Datasets() {
		if ds.Stream == "" {
			continue
		}
		ages = append(ages, s.measured("DataAge", "Maximum", 1, "Dataset", ds.Name))
		landed = append(landed, s.measured("Landed", "Sum", 1, "Stream", ds.Stream))
		commits = append(commits, s.measured("CommittedRows", "Sum", 1, "Table", ds.ChangesTable()))
	}
	errors := make([]awscloudwatch.IMetric, 0, 3)
	for _, f := range []*function{p.processor, p.committer, p.maintenance} {
		errors = append(errors, f.live.MetricErrors(&awscloudwatch.MetricOptions{Label: jsii.String(f.name)}))
	}
	awscloudwatch.NewDashboard(stack, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName: jsii.String(s.name("lake")),
		Widgets: &[]*[]awscloudwatch.IWidget{
			{graph("Age of data (s)", ages...), graph("Age of what waits in streams (ms)", lag), graph("Holes, quarantine, waiting objects", s.measured("OpenHoles", "Maximum", 5),
				s.measured("QuarantinedRecords", "Maximum", 5), s.measured("WaitingObjects", "Maximum", 5))},
			{graph("Changes landed a minute", landed...), graph("Rows committed a minute", commits...), graph("Failures of functions", errors...)},
			{graph("Requests that failed", c.door.failures()), graph("Time of requests (ms)", s.measured("RequestTime", "p50", 5, "Status", "2xx"), s.measured("RequestTime", "p99", 5, "Status", "2xx")),
				graph("Athena: bytes scanned", scanned(s, dashboards), scanned(s, adhoc), scanned(s, upkeep))},
		},
	})
}

// scanned is what the questions of a class have read.
func scanned(s *site, class string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{Namespace: jsii.String("AWS/Athena"), MetricName: jsii.String("ProcessedBytes"), Statistic: jsii.String("Sum"),
		Period: awscdk.Duration_Minutes(jsii.Number(5)), Label: jsii.String(class), DimensionsMap: &map[string]*string{"WorkGroup": jsii.String(s.name(class)),
			"QueryType": jsii.String("DML"), "QueryState": jsii.String("SUCCEEDED")}})
}

// dollars writes a sum as AWS wants it.
func dollars(n int) string { return fmt.Sprintf("%d", n) }
