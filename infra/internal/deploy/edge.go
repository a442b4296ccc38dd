package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/jsii-runtime-go"
)

// edgeRegion is where CloudFront looks for certificates and firewalls.
const edgeRegion = "us-east-1"

// edge is what CloudFront needs in its own region: the certificate and the firewall.
type edge struct {
	firewall    awswafv2.CfnWebACL
	certificate awscertificatemanager.ICertificate // nil: CloudFront's own name
}

func newEdge(s *site) *edge {
	stack := s.stackIn("certificates", "the certificate and the firewall, where CloudFront looks for them", edgeRegion)
	e := &edge{firewall: newFirewall(s, stack)}
	switch h := s.env.Host; {
	case h == nil:
	case h.Certificate != "":
		e.certificate = awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("Certificate"), jsii.String(h.Certificate))
	default:
		e.certificate = awscertificatemanager.NewCertificate(stack, jsii.String("Certificate"), &awscertificatemanager.CertificateProps{
			DomainName: jsii.String(h.Name), Validation: awscertificatemanager.CertificateValidation_FromDns(h.zone(stack)),
		})
	}
	return e
}

// zone returns the hosted zone of the name.
func (h *Host) zone(stack awscdk.Stack) awsroute53.IPublicHostedZone {
	return awsroute53.PublicHostedZone_FromPublicHostedZoneAttributes(stack, jsii.String("Zone"),
		&awsroute53.PublicHostedZoneAttributes{HostedZoneId: jsii.String(h.ZoneID), ZoneName: jsii.String(h.Zone)})
}

// newFirewall refuses what is known to be bad, and addresses that ask too often.
func newFirewall(s *site, stack awscdk.Stack) awswafv2.CfnWebACL {
	var rules []any
	add := func(name string, statement *awswafv2.CfnWebACL_StatementProperty, action, override any) {
		rules = append(rules, &awswafv2.CfnWebACL_RuleProperty{Name: jsii.String(name), Priority: jsii.Number(len(rules)), Statement: statement, Action: action,
			OverrideAction: override, VisibilityConfig: seen(s.name(name))})
	}
	asTheyAre := &awswafv2.CfnWebACL_OverrideActionProperty{None: map[string]any{}}
	for _, name := range []string{"AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet"} {
		set := &awswafv2.CfnWebACL_ManagedRuleGroupStatementProperty{VendorName: jsii.String("AWS"), Name: jsii.String(name)}
		if name == "AWSManagedRulesCommonRuleSet" {
			// Records and photos are larger than the 8 KB that this rule takes; the API has limits of its own.
			set.RuleActionOverrides = &[]any{&awswafv2.CfnWebACL_RuleActionOverrideProperty{Name: jsii.String("SizeRestrictions_BODY"),
				ActionToUse: &awswafv2.CfnWebACL_RuleActionProperty{Count: map[string]any{}}}}
		}
		add(name, &awswafv2.CfnWebACL_StatementProperty{ManagedRuleGroupStatement: set}, nil, asTheyAre)
	}
	add("rate", &awswafv2.CfnWebACL_StatementProperty{RateBasedStatement: &awswafv2.CfnWebACL_RateBasedStatementProperty{
		AggregateKeyType: jsii.String("IP"), Limit: jsii.Number(s.env.Limit.PerFive), EvaluationWindowSec: jsii.Number(300)}},
		&awswafv2.CfnWebACL_RuleActionProperty{Block: map[string]any{}}, nil)
	return awswafv2.NewCfnWebACL(stack, jsii.String("Firewall"), &awswafv2.CfnWebACLProps{
		Scope: jsii.String("CLOUDFRONT"), DefaultAction: &awswafv2.CfnWebACL_DefaultActionProperty{Allow: map[string]any{}}, Rules: &rules, VisibilityConfig: seen(s.name("firewall")),
	})
}

func seen(name string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
	return &awswafv2.CfnWebACL_VisibilityConfigProperty{MetricName: jsii.String(name), CloudWatchMetricsEnabled: jsii.Bool(true), SampledRequestsEnabled: jsii.Bool(true)}
}

// zone6 is the zone once more, for the second record of a stack.
func (h *Host) zone6(stack awscdk.Stack) awsroute53.IPublicHostedZone {
	return awsroute53.PublicHostedZone_FromPublicHostedZoneAttributes(stack, jsii.String("Zone6"),
		&awsroute53.PublicHostedZoneAttributes{HostedZoneId: jsii.String(h.ZoneID), ZoneName: jsii.String(h.Zone)})
}
