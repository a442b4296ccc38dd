package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsses"
	"github.com/aws/jsii-runtime-go"
)

// newMail makes the sender of mails where the environment has a zone of its own, which proves that the mails are ours.
// Cognito refuses a sender that is not verified yet, so it goes on sending by itself, fifty a day, until it is told.
func newMail(s *site, stack awscdk.Stack) awscognito.UserPoolEmail {
	if s.env.Host == nil || s.env.Host.Zone == "" {
		return awscognito.UserPoolEmail_WithCognito(nil)
	}
	zone := s.env.Host.zone(stack)
	set := awsses.NewConfigurationSet(stack, jsii.String("Mail"), &awsses.ConfigurationSetProps{
		TlsPolicy: awsses.ConfigurationSetTlsPolicy_REQUIRE, ReputationMetrics: jsii.Bool(true), SuppressionReasons: awsses.SuppressionReasons_BOUNCES_AND_COMPLAINTS,
	})
	awsses.NewEmailIdentity(stack, jsii.String("Sender"), &awsses.EmailIdentityProps{
		Identity: awsses.Identity_PublicHostedZone(zone), ConfigurationSet: set, MailFromDomain: jsii.String("mail." + s.env.Host.Zone),
	})
	if !s.env.Host.SendMail {
		return awscognito.UserPoolEmail_WithCognito(nil)
	}
	return awscognito.UserPoolEmail_WithSES(&awscognito.UserPoolSESOptions{
		FromEmail: jsii.String("tarn@" + s.env.Host.Zone), FromName: jsii.String("Tarn"), SesVerifiedDomain: jsii.String(s.env.Host.Zone), SesRegion: jsii.String(s.env.Region),
	})
}
