package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbackup"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// newBackup keeps copies of the tables and the buckets away from them: point-in-time recovery and object versions do not
// help against somebody who may delete both.
func newBackup(s *site, base *configuration, store *database, l *lake, in *ingest) {
	if !s.env.Backup {
		return
	}
	stack := s.stack("backup", "copies of the tables and the buckets, away from them")
	vault := awsbackup.NewBackupVault(stack, jsii.String("Vault"), &awsbackup.BackupVaultProps{
		EncryptionKey: base.key, BlockRecoveryPointDeletion: jsii.Bool(true), RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
		NotificationTopic: base.alarms, NotificationEvents: &[]awsbackup.BackupVaultEvents{awsbackup.BackupVaultEvents_BACKUP_JOB_FAILED},
	})
	plan := awsbackup.NewBackupPlan(stack, jsii.String("Plan"), &awsbackup.BackupPlanProps{BackupVault: vault})
	plan.AddRule(awsbackup.NewBackupPlanRule(&awsbackup.BackupPlanRuleProps{RuleName: jsii.String("daily"), DeleteAfter: days(35),
		ScheduleExpression: awsevents.Schedule_Cron(&awsevents.CronOptions{Hour: jsii.String("2"), Minute: jsii.String("0")})}))
	plan.AddRule(awsbackup.NewBackupPlanRule(&awsbackup.BackupPlanRuleProps{RuleName: jsii.String("monthly"), DeleteAfter: days(400),
		ScheduleExpression: awsevents.Schedule_Cron(&awsevents.CronOptions{Day: jsii.String("1"), Hour: jsii.String("3"), Minute: jsii.String("0")})}))
	role := awsiam.NewRole(stack, jsii.String("Role"), &awsiam.RoleProps{AssumedBy: service("backup"), ManagedPolicies: &[]awsiam.IManagedPolicy{
		awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("service-role/AWSBackupServiceRolePolicyForBackup")),
		awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("AWSBackupServiceRolePolicyForS3Backup")),
	}})
	suppress(role, "AwsSolutions-IAM4", "AWS keeps the policies of AWS Backup, which change with the service.")
	chosen := []awsbackup.BackupResource{awsbackup.BackupResource_FromArn(l.bucket.BucketArn())}
	if in.photos != nil {
		chosen = append(chosen, awsbackup.BackupResource_FromArn(in.photos.BucketArn()))
	}
	for _, name := range sorted(store.tables) {
		if name != idempotencyTable {
			chosen = append(chosen, awsbackup.BackupResource_FromArn(store.tables[name].TableArn()))
		}
	}
	plan.AddSelection(jsii.String("Data"), &awsbackup.BackupSelectionOptions{Resources: &chosen, Role: role, DisableDefaultBackupPolicy: jsii.Bool(true)})
}
