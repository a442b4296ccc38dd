package deploy

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodebuild"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodepipeline"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodepipelineactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// bootstrap is what the CDK's bootstrap calls its things.
const bootstrap = "hnb659fds"

// tool is the CDK's own tool, of the version that takes what this library writes.
const tool = "aws-cdk@2.1148.1"

// pipeline is what every change of the branch goes through: the checks, the test environment, a person, this environment.
type pipeline struct {
	site  *site
	stack awscdk.Stack
	key   awskms.Key // of what it hands on
	base  *configuration
}

func newPipeline(s *site, base *configuration) {
	src := s.env.Pipeline
	if src == nil {
		return
	}
	p := &pipeline{site: s, base: base, stack: s.stack("pipeline", "from a change to this environment")}
	p.key = awskms.NewKey(p.stack, jsii.String("Key"), &awskms.KeyProps{Description: jsii.String("Tarn: what the pipeline hands on"), EnableKeyRotation: jsii.Bool(true), RemovalPolicy: awscdk.RemovalPolicy_DESTROY})
	handed := p.bucket("Handed")
	code := awscodepipeline.NewArtifact(jsii.String("code"), nil)
	owner, repository, _ := strings.Cut(src.Repository, "/")
	source := awscodepipelineactions.NewCodeStarConnectionsSourceAction(&awscodepipelineactions.CodeStarConnectionsSourceActionProps{
		ActionName: jsii.String("Change"), ConnectionArn: jsii.String(src.Connection), Owner: jsii.String(owner), Repo: jsii.String(repository), Branch: jsii.String(src.Branch), Output: code,
	})
	approval := awscodepipelineactions.NewManualApprovalAction(&awscodepipelineactions.ManualApprovalActionProps{ActionName: jsii.String("Approve"), NotificationTopic: base.alarms,
		AdditionalInformation: jsii.String("Look at the dashboard of " + src.Test + " before " + s.env.Name + " is changed.")})
	run := func(name string, project awscodebuild.PipelineProject) awscodepipeline.IAction {
		return awscodepipelineactions.NewCodeBuildAction(&awscodepipelineactions.CodeBuildActionProps{ActionName: jsii.String(name), Input: code, Project: project})
	}
	checks := p.project("Checks", nil, "make check", "make test")
	test := p.project("DeployTest", s.env.before, deployment(src.Test)...)
	prod := p.project("DeployThis", &s.env, deployment(s.env.Name)...)
	made := awscodepipeline.NewPipeline(p.stack, jsii.String("Pipeline"), &awscodepipeline.PipelineProps{
		PipelineType: awscodepipeline.PipelineType_V2, ExecutionMode: awscodepipeline.ExecutionMode_QUEUED, ArtifactBucket: handed, RestartExecutionOnUpdate: jsii.Bool(false),
		Stages: &[]*awscodepipeline.StageProps{
			stage("Source", source), stage("Checks", run("Checks", checks)), stage("Test", run("Deploy", test)), stage("Approval", approval), stage("Production", run("Deploy", prod)),
		},
	})
	suppress(made, "AwsSolutions-IAM5", "The pipeline's actions read and write what it hands on, whose names are made for each run; the rights are on that bucket alone.")
}

func stage(name string, actions ...awscodepipeline.IAction) *awscodepipeline.StageProps {
	return &awscodepipeline.StageProps{StageName: jsii.String(name), Actions: &actions}
}

func deployment(env string) []string {
	return []string{"make functions", "npx --yes " + tool + " deploy --all --require-approval never -c env=" + env}
}

func (p *pipeline) bucket(id string) awss3.Bucket {
	b := awss3.NewBucket(p.stack, jsii.String(id), &awss3.BucketProps{
		Encryption: awss3.BucketEncryption_KMS, EncryptionKey: p.key, BucketKeyEnabled: jsii.Bool(true), EnforceSSL: jsii.Bool(true), MinimumTLSVersion: jsii.Number(1.2),
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(), ObjectOwnership: awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		AutoDeleteObjects: jsii.Bool(true), LifecycleRules: &[]*awss3.LifecycleRule{{Id: jsii.String("goes"), Expiration: days(30)}},
	})
	suppress(b, "AwsSolutions-S1", "The pipeline's history says who read and wrote what.")
	return b
}

// project runs commands. To deploy it takes the roles that the CDK's bootstrap made in the environment's account, and
// none else.
func (p *pipeline) project(id string, deploys *Environment, commands ...string) awscodebuild.PipelineProject {
	log := awslogs.NewLogGroup(p.stack, jsii.String(id+"Log"), &awslogs.LogGroupProps{EncryptionKey: p.base.key, Retention: awslogs.RetentionDays_THREE_MONTHS, RemovalPolicy: awscdk.RemovalPolicy_DESTROY})
	project := awscodebuild.NewPipelineProject(p.stack, jsii.String(id), &awscodebuild.PipelineProjectProps{
		EncryptionKey: p.key, Timeout: awscdk.Duration_Hours(jsii.Number(1)),
		Environment: &awscodebuild.BuildEnvironment{BuildImage: awscodebuild.LinuxArmBuildImage_AMAZON_LINUX_2023_STANDARD_3_0(), ComputeType: awscodebuild.ComputeType_LARGE},
		Logging:     &awscodebuild.LoggingOptions{CloudWatch: &awscodebuild.CloudWatchLoggingOptions{LogGroup: log}},
		BuildSpec: awscodebuild.BuildSpec_FromObject(&map[string]any{"version": "0.2", "phases": map[string]any{
			"install": map[string]any{"runtime-versions": map[string]any{"golang": "latest", "nodejs": "24"}},
			"build":   map[string]any{"commands": commands},
		}}),
	})
	suppress(project, "AwsSolutions-IAM5", "CodeBuild names reports and streams of logs by runs; the rights are on this project's own.")
	if deploys != nil {
		project.AddToRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings("sts:AssumeRole"), Resources: deploys.bootstrapped()}))
	}
	return project
}

// bootstrapped are the roles that the CDK's bootstrap made for deployments, in the environment's region and CloudFront's.
func (e *Environment) bootstrapped() *[]*string {
	var roles []*string
	regions := []string{e.Region}
	if e.Region != edgeRegion {
		regions = append(regions, edgeRegion)
	}
	for _, region := range regions {
		for _, role := range []string{"deploy", "file-publishing", "lookup"} {
			roles = append(roles, jsii.String("arn:aws:iam::"+e.Account+":role/cdk-"+bootstrap+"-"+role+"-role-"+e.Account+"-"+region))
		}
	}
	return &roles
}
