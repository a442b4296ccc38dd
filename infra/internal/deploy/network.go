package deploy

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// network is where functions run that need no way out: two zones, and endpoints of the services that they call.
type network struct {
	vpc   awsec2.Vpc
	group awsec2.SecurityGroup
}

// newNetwork makes the network; nil where the environment has none.
func newNetwork(s *site, base *configuration) *network {
	if !s.env.Network {
		return nil
	}
	stack := s.stack("network", "where functions run, without a way out but the endpoints of services")
	n := &network{}
	n.vpc = awsec2.NewVpc(stack, jsii.String("Network"), &awsec2.VpcProps{
		AvailabilityZones: jsii.Strings(s.env.Region+"a", s.env.Region+"b"), // named, because a synthesis asks nobody
		NatGateways:       jsii.Number(0), RestrictDefaultSecurityGroup: jsii.Bool(false),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{{Name: jsii.String("functions"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED, CidrMask: jsii.Number(20)}},
	})
	n.vpc.AddGatewayEndpoint(jsii.String("S3"), &awsec2.GatewayVpcEndpointOptions{Service: awsec2.GatewayVpcEndpointAwsService_S3()})
	n.vpc.AddGatewayEndpoint(jsii.String("DynamoDB"), &awsec2.GatewayVpcEndpointOptions{Service: awsec2.GatewayVpcEndpointAwsService_DYNAMODB()})
	n.group = awsec2.NewSecurityGroup(stack, jsii.String("Functions"), &awsec2.SecurityGroupProps{Vpc: n.vpc, Description: jsii.String("Functions: nobody calls them here")})
	doors := awsec2.NewSecurityGroup(stack, jsii.String("Endpoints"), &awsec2.SecurityGroupProps{Vpc: n.vpc, AllowAllOutbound: jsii.Bool(false), Description: jsii.String("Endpoints: functions alone call them")})
	doors.AddIngressRule(n.group, awsec2.Port_Tcp(jsii.Number(443)), jsii.String("functions"), nil)
	for _, e := range [...]struct {
		id      string
		service awsec2.IInterfaceVpcEndpointService
	}{
		{"Athena", awsec2.InterfaceVpcEndpointAwsService_ATHENA()}, {"Glue", awsec2.InterfaceVpcEndpointAwsService_GLUE()},
		{"Queues", awsec2.InterfaceVpcEndpointAwsService_SQS()}, {"Secrets", awsec2.InterfaceVpcEndpointAwsService_SECRETS_MANAGER()},
		{"Streams", awsec2.InterfaceVpcEndpointAwsService_DYNAMODB_STREAMS()}, {"Traces", awsec2.InterfaceVpcEndpointAwsService_XRAY()},
	} {
		n.vpc.AddInterfaceEndpoint(jsii.String(e.id), &awsec2.InterfaceVpcEndpointOptions{Service: e.service, Open: jsii.Bool(false), SecurityGroups: &[]awsec2.ISecurityGroup{doors}})
	}
	n.log(s, stack, base)
	return n
}

// log keeps who spoke with whom.
func (n *network) log(s *site, stack awscdk.Stack, base *configuration) {
	log := awslogs.NewLogGroup(stack, jsii.String("FlowLog"), &awslogs.LogGroupProps{EncryptionKey: base.key, Retention: awslogs.RetentionDays_ONE_MONTH, RemovalPolicy: s.removal()})
	role := awsiam.NewRole(stack, jsii.String("FlowLogRole"), &awsiam.RoleProps{AssumedBy: service("vpc-flow-logs")})
	n.vpc.AddFlowLog(jsii.String("Flows"), &awsec2.FlowLogOptions{Destination: awsec2.FlowLogDestination_ToCloudWatchLogs(log, role), TrafficType: awsec2.FlowLogTrafficType_REJECT})
}

// inside puts a function into the network, and lets Lambda connect it.
func (n *network) inside(f *function) (awsec2.IVpc, *[]awsec2.ISecurityGroup) {
	f.may("Lambda connects functions with a network, and its actions know no resources before the connection is there.",
		[]string{"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
			"ec2:UnassignPrivateIpAddresses"}, jsii.String("*"))
	return n.vpc, &[]awsec2.ISecurityGroup{n.group}
}
