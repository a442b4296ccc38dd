package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/jsii-runtime-go"
)

// What groups and scopes are called; internal/oidc makes viewers of them.
const (
	everyRegion    = "region:*"
	resourceServer = "tarn"
)

// identity is who may come in: people in groups, and machines with scopes.
type identity struct {
	stack   awscdk.Stack
	pool    awscognito.UserPool
	machine awscognito.UserPoolClient
	scopes  awscognito.UserPoolResourceServer
}

func newIdentity(s *site) *identity {
	i := &identity{stack: s.stack("identity", "who may come in")}
	props := &awscognito.UserPoolProps{
		SelfSignUpEnabled: jsii.Bool(false), SignInAliases: &awscognito.SignInAliases{Email: jsii.Bool(true)}, SignInCaseSensitive: jsii.Bool(false),
		AccountRecovery: awscognito.AccountRecovery_EMAIL_ONLY, Mfa: awscognito.Mfa_REQUIRED,
		MfaSecondFactor: &awscognito.MfaSecondFactor{Otp: jsii.Bool(true), Sms: jsii.Bool(false)},
		PasswordPolicy: &awscognito.PasswordPolicy{MinLength: jsii.Number(12), RequireDigits: jsii.Bool(true), RequireLowercase: jsii.Bool(true), RequireUppercase: jsii.Bool(true),
			RequireSymbols: jsii.Bool(true), TempPasswordValidity: days(3)},
		DeletionProtection: jsii.Bool(s.env.Keep), RemovalPolicy: s.removal(), FeaturePlan: awscognito.FeaturePlan_ESSENTIALS, Email: newMail(s, i.stack),
	}
	if s.env.Protect {
		props.FeaturePlan, props.StandardThreatProtectionMode = awscognito.FeaturePlan_PLUS, awscognito.StandardThreatProtectionMode_FULL_FUNCTION
	}
	i.pool = awscognito.NewUserPool(i.stack, jsii.String("People"), props)
	if !s.env.Protect {
		why := "This environment does not pay for the Plus plan (protectSignIn in its file): nobody signs up by himself, and a second factor is required."
		suppress(i.pool, "AwsSolutions-COG3", why)
		suppress(i.pool, "AwsSolutions-COG8", why)
	}
	i.groups(s)
	i.machines(s)
	awscognito.NewUserPoolDomain(i.stack, jsii.String("SignIn"), &awscognito.UserPoolDomainProps{
		UserPool: i.pool, CognitoDomain: &awscognito.CognitoDomainOptions{DomainPrefix: jsii.String(s.name(*i.stack.Account()))}, // one of all that AWS has
	})
	awscdk.NewCfnOutput(i.stack, jsii.String("UserPool"), &awscdk.CfnOutputProps{Value: i.pool.UserPoolId(), Description: jsii.String("Where people are invited")})
	return i
}

// groups makes a group for each role and each region: what somebody may see and do is the sum of his groups.
func (i *identity) groups(s *site) {
	group := func(name, what string) {
		awscognito.NewCfnUserPoolGroup(i.stack, jsii.String("Group"+construct(name)), &awscognito.CfnUserPoolGroupProps{
			UserPoolId: i.pool.UserPoolId(), GroupName: jsii.String(name), Description: jsii.String(what)})
	}
	for _, role := range s.data.roles() {
		group(role, "May do what asks for the role "+role)
	}
	group(everyRegion, "Sees every region")
	for _, region := range s.data.regions() {
		group("region:"+region, "Sees the region "+region)
	}
}

// machines makes the scopes that stand for roles and regions, and a client that has all of them.
func (i *identity) machines(s *site) {
	var scopes []awscognito.ResourceServerScope
	var granted []awscognito.OAuthScope
	for _, name := range append(s.data.roles(), everyRegion) {
		scopes = append(scopes, awscognito.NewResourceServerScope(&awscognito.ResourceServerScopeProps{ScopeName: jsii.String(name), ScopeDescription: jsii.String("As the group " + name)}))
	}
	i.scopes = i.pool.AddResourceServer(jsii.String("Scopes"), &awscognito.UserPoolResourceServerOptions{Identifier: jsii.String(resourceServer), Scopes: &scopes})
	for _, scope := range scopes {
		granted = append(granted, awscognito.OAuthScope_ResourceServer(i.scopes, scope))
	}
	i.machine = i.pool.AddClient(jsii.String("Machines"), &awscognito.UserPoolClientOptions{
		GenerateSecret: jsii.Bool(true), EnableTokenRevocation: jsii.Bool(true), AccessTokenValidity: awscdk.Duration_Hours(jsii.Number(1)),
		OAuth: &awscognito.OAuthSettings{Flows: &awscognito.OAuthFlows{ClientCredentials: jsii.Bool(true)}, Scopes: &granted},
	})
}

// people adds the client of the console, whose pages are at home.
func (i *identity) people(stack awscdk.Stack, home string) awscognito.UserPoolClient {
	return awscognito.NewUserPoolClient(stack, jsii.String("Console"), &awscognito.UserPoolClientProps{
		UserPool: i.pool, GenerateSecret: jsii.Bool(false), // it proves itself with PKCE
		PreventUserExistenceErrors: jsii.Bool(true), EnableTokenRevocation: jsii.Bool(true),
		AccessTokenValidity: awscdk.Duration_Hours(jsii.Number(1)), IdTokenValidity: awscdk.Duration_Hours(jsii.Number(1)), RefreshTokenValidity: days(7),
		SupportedIdentityProviders: &[]awscognito.UserPoolClientIdentityProvider{awscognito.UserPoolClientIdentityProvider_COGNITO()},
		OAuth: &awscognito.OAuthSettings{
			Flows:        &awscognito.OAuthFlows{AuthorizationCodeGrant: jsii.Bool(true)},
			Scopes:       &[]awscognito.OAuthScope{awscognito.OAuthScope_OPENID(), awscognito.OAuthScope_EMAIL()},
			CallbackUrls: jsii.Strings(home + "/session/callback"), LogoutUrls: jsii.Strings(home + "/"),
		},
	})
}

// issuer is who signs the tokens.
func (i *identity) issuer() string { return *i.pool.UserPoolProviderUrl() }
