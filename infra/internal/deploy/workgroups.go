package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsathena"
	"github.com/aws/jsii-runtime-go"
)

// The classes of questions, each with a workgroup.
const (
	dashboards = "dashboards" // pages and exports
	adhoc      = "adhoc"      // what people write in SQL
	upkeep     = "upkeep"     // rollups that are counted again
)

// newWorkgroups makes a workgroup for each class of questions, with a limit of what one question may scan.
func (l *lake) newWorkgroups(s *site, base *configuration) {
	for _, g := range [...]struct {
		class string
		limit int // MB
	}{{dashboards, s.env.Query.DashboardMB}, {adhoc, s.env.Query.AdHocMB}, {upkeep, 0}} {
		name := s.name(g.class)
		l.workgroups[g.class] = name
		settings := &awsathena.CfnWorkGroup_WorkGroupConfigurationProperty{
			EnforceWorkGroupConfiguration: jsii.Bool(true), PublishCloudWatchMetricsEnabled: jsii.Bool(true),
			EngineVersion: &awsathena.CfnWorkGroup_EngineVersionProperty{SelectedEngineVersion: jsii.String("Athena engine version 3")},
			ResultConfiguration: &awsathena.CfnWorkGroup_ResultConfigurationProperty{
				OutputLocation: jsii.String(l.answers(g.class)), ExpectedBucketOwner: l.stack.Account(),
				EncryptionConfiguration: &awsathena.CfnWorkGroup_EncryptionConfigurationProperty{EncryptionOption: jsii.String("SSE_KMS"), KmsKey: base.key.KeyArn()},
			},
		}
		if g.limit > 0 {
			settings.BytesScannedCutoffPerQuery = jsii.Number(float64(g.limit) * (1 << 20))
		}
		awsathena.NewCfnWorkGroup(l.stack, jsii.String(construct(g.class)), &awsathena.CfnWorkGroupProps{
			Name: jsii.String(name), Description: jsii.String("Tarn, " + s.env.Name + ": " + g.class), State: jsii.String("ENABLED"),
			RecursiveDeleteOption: jsii.Bool(!s.env.Keep), WorkGroupConfiguration: settings,
		})
	}
}

// answers is where the answers of a class of questions are left.
func (l *lake) answers(class string) string { return "s3://" + *l.results.BucketName() + "/" + class }
