package deploy

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbudgets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsce"
	"github.com/aws/jsii-runtime-go"
)

// newCosts makes the budget of the environment, and watches for costs that are unlike those before. Both go by the tag
// that every resource has, which must be activated once for the account (docs/deploy.md).
func newCosts(s *site, stack awscdk.Stack, base *configuration) {
	told := []any{&awsbudgets.CfnBudget_SubscriberProperty{SubscriptionType: jsii.String("SNS"), Address: base.alarms.TopicArn()}}
	var notices []any
	for _, n := range [...]struct {
		kind  string
		share float64
	}{{"ACTUAL", 50}, {"ACTUAL", 100}, {"FORECASTED", 100}} {
		notices = append(notices, &awsbudgets.CfnBudget_NotificationWithSubscribersProperty{Subscribers: &told, Notification: &awsbudgets.CfnBudget_NotificationProperty{
			ComparisonOperator: jsii.String("GREATER_THAN"), NotificationType: jsii.String(n.kind), Threshold: jsii.Number(n.share), ThresholdType: jsii.String("PERCENTAGE")}})
	}
	awsbudgets.NewCfnBudget(stack, jsii.String("Budget"), &awsbudgets.CfnBudgetProps{NotificationsWithSubscribers: &notices, Budget: &awsbudgets.CfnBudget_BudgetDataProperty{
		BudgetName: jsii.String(s.name("budget")), BudgetType: jsii.String("COST"), TimeUnit: jsii.String("MONTHLY"),
		BudgetLimit: &awsbudgets.CfnBudget_SpendProperty{Amount: jsii.Number(s.env.Dollars), Unit: jsii.String("USD")},
		CostFilters: map[string]any{"TagKeyValue": []string{"user:tarn:environment$" + s.env.Name}},
	}})
	monitor := awsce.NewCfnAnomalyMonitor(stack, jsii.String("Costs"), &awsce.CfnAnomalyMonitorProps{
		MonitorName: jsii.String(s.name("costs")), MonitorType: jsii.String("CUSTOM"), MonitorSpecification: jsii.String(asJSON(map[string]any{
			"Tags": map[string]any{"Key": "tarn:environment", "Values": []string{s.env.Name}, "MatchOptions": []string{"EQUALS"}}})),
	})
	awsce.NewCfnAnomalySubscription(stack, jsii.String("CostAnomaly"), &awsce.CfnAnomalySubscriptionProps{
		SubscriptionName: jsii.String(s.name("cost-anomaly")), Frequency: jsii.String("IMMEDIATE"), MonitorArnList: &[]any{monitor.AttrMonitorArn()},
		Subscribers: &[]any{&awsce.CfnAnomalySubscription_SubscriberProperty{Address: base.alarms.TopicArn(), Type: jsii.String("SNS")}},
		// A day that costs a twentieth of the month's budget more than it should is worth a look.
		ThresholdExpression: jsii.String(asJSON(map[string]any{"Dimensions": map[string]any{"Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "MatchOptions": []string{"GREATER_THAN_OR_EQUAL"},
			"Values": []string{dollars(max(1, s.env.Dollars/20))}}})),
	})
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("texts and numbers cannot be written: " + err.Error())
	}
	return string(text)
}
