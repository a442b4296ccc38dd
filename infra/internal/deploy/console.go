package deploy

import (
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3deployment"
	"github.com/aws/jsii-runtime-go"
)

// console is the address that people open: CloudFront before the page's files and the functions' door.
type console struct {
	stack        awscdk.Stack
	door         *door
	distribution awscloudfront.Distribution
	client       awscognito.UserPoolClient
	home         string // https://…, without a slash at the end
}

func newConsole(s *site, base *configuration, e *edge, i *identity) *console {
	c := &console{stack: s.stack(consoleStage, "the address that people open")}
	c.door = newDoor(s, c.stack, base)
	files := c.bucket("Files", awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED)
	logs := c.bucket("Logs", awss3.ObjectOwnership_BUCKET_OWNER_PREFERRED) // CloudFront writes with an access list
	c.distribute(s, e, files, logs)
	c.home = "https://" + *c.distribution.DistributionDomainName()
	if h := s.env.Host; h != nil {
		c.home = "https://" + h.Name
		if h.Zone != "" {
			target := awsroute53.RecordTarget_FromAlias(awsroute53targets.NewCloudFrontTarget(c.distribution))
			awsroute53.NewARecord(c.stack, jsii.String("Name"), &awsroute53.ARecordProps{Zone: h.zone(c.stack), RecordName: jsii.String(h.Name + "."), Target: target})
			awsroute53.NewAaaaRecord(c.stack, jsii.String("Name6"), &awsroute53.AaaaRecordProps{Zone: h.zone6(c.stack), RecordName: jsii.String(h.Name + "."), Target: target})
		}
	}
	c.fill(s, files)
	c.client = i.people(c.stack, c.home)
	awscdk.NewCfnOutput(c.stack, jsii.String("Address"), &awscdk.CfnOutputProps{Value: jsii.String(c.home), Description: jsii.String("What people open")})
	return c
}

func (c *console) bucket(id string, owner awss3.ObjectOwnership) awss3.Bucket {
	b := awss3.NewBucket(c.stack, jsii.String(id), &awss3.BucketProps{
		Encryption: awss3.BucketEncryption_S3_MANAGED, EnforceSSL: jsii.Bool(true), MinimumTLSVersion: jsii.Number(1.2), BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership: owner, RemovalPolicy: awscdk.RemovalPolicy_DESTROY, AutoDeleteObjects: jsii.Bool(true),
		LifecycleRules: &[]*awss3.LifecycleRule{{Id: jsii.String("goes"), Expiration: days(map[bool]int{true: 90, false: 3650}[id == "Logs"])}},
	})
	suppress(b, "AwsSolutions-S1", "CloudFront's own log says who read what; these buckets are read by nobody else.")
	return b
}

// distribute puts CloudFront before the page's files and the door.
func (c *console) distribute(s *site, e *edge, files, logs awss3.Bucket) {
	door := awscloudfrontorigins.NewHttpOrigin(jsii.String(c.door.host()), &awscloudfrontorigins.HttpOriginProps{
		ProtocolPolicy: awscloudfront.OriginProtocolPolicy_HTTPS_ONLY, OriginSslProtocols: &[]awscloudfront.OriginSslPolicy{awscloudfront.OriginSslPolicy_TLS_V1_2}, ReadTimeout: seconds(30),
	})
	props := &awscloudfront.DistributionProps{
		Comment: jsii.String("Tarn, " + s.env.Name), WebAclId: e.firewall.AttrArn(), EnableLogging: jsii.Bool(true), LogBucket: logs, EnableIpv6: jsii.Bool(true),
		HttpVersion: awscloudfront.HttpVersion_HTTP2_AND_3, MinimumProtocolVersion: awscloudfront.SecurityPolicyProtocol_TLS_V1_2_2021, PriceClass: awscloudfront.PriceClass_PRICE_CLASS_ALL,
		DefaultBehavior: &awscloudfront.BehaviorOptions{
			Origin: door, AllowedMethods: awscloudfront.AllowedMethods_ALLOW_ALL(), CachePolicy: awscloudfront.CachePolicy_CACHING_DISABLED(), Compress: jsii.Bool(true),
			OriginRequestPolicy: awscloudfront.OriginRequestPolicy_ALL_VIEWER_EXCEPT_HOST_HEADER(), ViewerProtocolPolicy: awscloudfront.ViewerProtocolPolicy_REDIRECT_TO_HTTPS,
			ResponseHeadersPolicy: c.headers(),
		},
		AdditionalBehaviors: &map[string]*awscloudfront.BehaviorOptions{"/assets/*": {
			Origin:      awscloudfrontorigins.S3BucketOrigin_WithOriginAccessControl(files, nil),
			CachePolicy: awscloudfront.CachePolicy_CACHING_OPTIMIZED(), Compress: jsii.Bool(true), ViewerProtocolPolicy: awscloudfront.ViewerProtocolPolicy_REDIRECT_TO_HTTPS,
			ResponseHeadersPolicy: c.headers(),
		}},
	}
	if s.env.Host != nil {
		props.DomainNames, props.Certificate = jsii.Strings(s.env.Host.Name), e.certificate
	}
	c.distribution = awscloudfront.NewDistribution(c.stack, jsii.String("Front"), props)
	suppress(c.distribution, "AwsSolutions-CFR1", "Managers travel: countries are no reason to be refused. Who comes in is asked at the door.")
	if s.env.Host == nil {
		suppress(c.distribution, "AwsSolutions-CFR4", "CloudFront's own name takes older TLS, and cannot be told otherwise. An environment with a host of its own asks for TLS 1.2.")
	}
}

// headers are what every answer carries; the functions' own, which know their pages, win.
func (c *console) headers() awscloudfront.IResponseHeadersPolicy {
	const id = "Headers"
	if have := c.stack.Node().TryFindChild(jsii.String(id)); have != nil {
		return have.(awscloudfront.ResponseHeadersPolicy)
	}
	return awscloudfront.NewResponseHeadersPolicy(c.stack, jsii.String(id), &awscloudfront.ResponseHeadersPolicyProps{
		SecurityHeadersBehavior: &awscloudfront.ResponseSecurityHeadersBehavior{
			StrictTransportSecurity: &awscloudfront.ResponseHeadersStrictTransportSecurity{AccessControlMaxAge: days(730), IncludeSubdomains: jsii.Bool(true), Override: jsii.Bool(true)},
			ContentTypeOptions:      &awscloudfront.ResponseHeadersContentTypeOptions{Override: jsii.Bool(true)},
			FrameOptions:            &awscloudfront.ResponseHeadersFrameOptions{FrameOption: awscloudfront.HeadersFrameOption_DENY, Override: jsii.Bool(true)},
			ReferrerPolicy:          &awscloudfront.ResponseHeadersReferrerPolicy{ReferrerPolicy: awscloudfront.HeadersReferrerPolicy_NO_REFERRER, Override: jsii.Bool(true)},
			ContentSecurityPolicy: &awscloudfront.ResponseHeadersContentSecurityPolicy{Override: jsii.Bool(false),
				ContentSecurityPolicy: jsii.String("default-src 'none'; frame-ancestors 'none'; base-uri 'none'")},
		},
	})
}

// fill puts the page's files into their bucket. Their names hold the hash of what is in them, so browsers keep them, and
// those of the last version stay for pages that are still open.
func (c *console) fill(s *site, files awss3.Bucket) {
	role := awsiam.NewRole(c.stack, jsii.String("FillRole"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		ManagedPolicies: &[]awsiam.IManagedPolicy{awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("service-role/AWSLambdaBasicExecutionRole"))}})
	awss3deployment.NewBucketDeployment(c.stack, jsii.String("Fill"), &awss3deployment.BucketDeploymentProps{
		DestinationBucket: files, DestinationKeyPrefix: jsii.String("assets"), Prune: jsii.Bool(false), RetainOnDelete: jsii.Bool(false), Role: role,
		Sources:      &[]awss3deployment.ISource{awss3deployment.Source_Asset(jsii.String(filepath.Join(s.src.Root, "query", "console", "web", "dist")), nil)},
		CacheControl: &[]awss3deployment.CacheControl{awss3deployment.CacheControl_FromString(jsii.String("public, max-age=31536000, immutable"))},
	})
	why := "The CDK's own function copies the page's files into their bucket while it is deployed, and is called by nobody else; its rights are on that bucket and the deployment's."
	suppress(role, "AwsSolutions-IAM4", why)
	suppress(role, "AwsSolutions-IAM5", why)
	for _, child := range *c.stack.Node().Children() {
		if strings.HasPrefix(*child.Node().Id(), "Custom::CDKBucketDeployment") {
			suppress(child, "AwsSolutions-L1", why)
		}
	}
}
