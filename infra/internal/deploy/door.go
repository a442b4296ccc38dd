package deploy

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// door is the HTTP API through which every request reaches a function. docs/decisions/038 says why there is one, and why
// the firewall stands before it and not on it.
type door struct {
	stack awscdk.Stack
	api   awsapigatewayv2.CfnApi
}

// accessLine is a line of the door's log: who asked what, and how it was answered; never what was said.
const accessLine = `{"at":"$context.requestTime","id":"$context.requestId","address":"$context.identity.sourceIp","route":"$context.routeKey",` +
	`"status":"$context.status","bytes":"$context.responseLength","ms":"$context.responseLatency","client":"$context.authorizer.claims.client_id","error":"$context.error.message"}`

func newDoor(s *site, stack awscdk.Stack, base *configuration) *door {
	d := &door{stack: stack}
	d.api = awsapigatewayv2.NewCfnApi(stack, jsii.String("Door"), &awsapigatewayv2.CfnApiProps{Name: jsii.String(s.name("door")), ProtocolType: jsii.String("HTTP"),
		Description: jsii.String("Tarn, " + s.env.Name + ": records under /v1, pages and questions elsewhere")})
	log := awslogs.NewLogGroup(stack, jsii.String("DoorLog"), &awslogs.LogGroupProps{EncryptionKey: base.key, Retention: awslogs.RetentionDays_ONE_MONTH, RemovalPolicy: s.removal()})
	awsapigatewayv2.NewCfnStage(stack, jsii.String("Stage"), &awsapigatewayv2.CfnStageProps{
		ApiId: d.api.Ref(), StageName: jsii.String("$default"), AutoDeploy: jsii.Bool(true),
		AccessLogSettings: &awsapigatewayv2.CfnStage_AccessLogSettingsProperty{DestinationArn: log.LogGroupArn(), Format: jsii.String(accessLine)},
		DefaultRouteSettings: &awsapigatewayv2.CfnStage_RouteSettingsProperty{
			ThrottlingRateLimit: jsii.Number(s.env.Limit.PerSecond), ThrottlingBurstLimit: jsii.Number(s.env.Limit.Burst), DetailedMetricsEnabled: jsii.Bool(true)},
	})
	return d
}

// host is the door's own name.
func (d *door) host() string {
	return *d.api.Ref() + ".execute-api." + *d.stack.Region() + "." + *d.stack.UrlSuffix()
}

// hall is the part of the door that leads to one function.
type hall struct {
	stack       awscdk.Stack
	door        *door
	name        string
	integration awsapigatewayv2.CfnIntegration
	guard       awsapigatewayv2.CfnAuthorizer // nil: none
	routes      int
}

// hall leads to a function.
func (d *door) hall(f *function) *hall {
	h := &hall{stack: f.stack, door: d, name: construct(f.name)}
	h.integration = awsapigatewayv2.NewCfnIntegration(f.stack, jsii.String(h.name+"Hall"), &awsapigatewayv2.CfnIntegrationProps{
		ApiId: d.api.Ref(), IntegrationType: jsii.String("AWS_PROXY"), IntegrationUri: f.live.FunctionArn(), PayloadFormatVersion: jsii.String("2.0"), TimeoutInMillis: jsii.Number(29_000),
	})
	awslambda.NewCfnPermission(f.stack, jsii.String(h.name+"MayBeCalled"), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunction"), FunctionName: f.live.FunctionArn(), Principal: jsii.String("apigateway.amazonaws.com"),
		SourceArn: arn(f.stack, "execute-api", *d.api.Ref()+"/*/*"),
	})
	return h
}

// guarded makes the guard who lets clients with a token of the pool in.
func (h *hall) guarded(i *identity, clients ...*string) {
	h.guard = awsapigatewayv2.NewCfnAuthorizer(h.stack, jsii.String(h.name+"Guard"), &awsapigatewayv2.CfnAuthorizerProps{
		ApiId: h.door.api.Ref(), AuthorizerType: jsii.String("JWT"), Name: jsii.String(h.name + "Guard"), IdentitySource: jsii.Strings("$request.header.Authorization"),
		JwtConfiguration: &awsapigatewayv2.CfnAuthorizer_JWTConfigurationProperty{Issuer: i.pool.UserPoolProviderUrl(), Audience: &clients},
	})
}

// route lets requests through whose token the guard has checked.
func (h *hall) route(keys ...string) {
	for _, key := range keys {
		h.add(key, &awsapigatewayv2.CfnRouteProps{AuthorizationType: jsii.String("JWT"), AuthorizerId: h.guard.Ref()})
	}
}

// open lets every request through; why says who checks it then.
func (h *hall) open(why string, keys ...string) {
	for _, key := range keys {
		suppress(h.add(key, &awsapigatewayv2.CfnRouteProps{AuthorizationType: jsii.String("NONE")}), "AwsSolutions-APIG4", why)
	}
}

func (h *hall) add(key string, props *awsapigatewayv2.CfnRouteProps) awsapigatewayv2.CfnRoute {
	h.routes++
	props.ApiId, props.RouteKey, props.Target = h.door.api.Ref(), jsii.String(key), jsii.String("integrations/"+*h.integration.Ref())
	return awsapigatewayv2.NewCfnRoute(h.stack, jsii.String(fmt.Sprintf("%sRoute%02d", h.name, h.routes)), props)
}
