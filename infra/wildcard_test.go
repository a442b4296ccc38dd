package main_test

import (
	"slices"
	"strings"
	"testing"
)

// everywhere are the actions that know no resources.
var everywhere = []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords", "dynamodb:ListStreams", "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface",
	"ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"}

// Our own functions have no wildcard among their actions, and none that stands for every resource.
func TestFunctionsHaveNoWildRights(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		for _, function := range []string{"Api", "Processor", "Committer", "Maintenance", "Query"} {
			for _, st := range w.may(t, env, function) {
				for _, a := range st.Action {
					if strings.Contains(a, "*") {
						t.Errorf("%s may %s", function, a)
					}
					if slices.Contains(st.Resource, any("*")) && !slices.Contains(everywhere, a) {
						t.Errorf("%s may %s everywhere", function, a)
					}
				}
			}
		}
	})
}

// Every other wildcard has a reason beside it.
func TestWildcardsHaveReasons(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		wild := 0
		for _, p := range w.of(env, "AWS::IAM::Policy") {
			if !strings.Contains(text(p.Properties["PolicyDocument"]), "*") {
				continue
			}
			wild++
			nag, _ := p.Metadata["cdk_nag"].(map[string]any)
			if !strings.Contains(text(nag), `"id":"AwsSolutions-IAM5"`) {
				t.Errorf("%s has a wildcard and no reason", p)
			}
		}
		if wild == 0 {
			t.Error("no policy was looked at")
		}
		for _, p := range w.of(env, "AWS::IAM::Role") { // rights that are part of a role: the library's own functions
			for _, st := range inline(p) {
				if strings.Contains(st, "*") && !strings.Contains(st, "/cdk/exports/") {
					t.Errorf("%s may %s", p, st)
				}
			}
		}
	})
}

func inline(role resource) []string {
	var all []string
	policies, _ := role.Properties["Policies"].([]any)
	for _, p := range policies {
		all = append(all, text(p))
	}
	return all
}
