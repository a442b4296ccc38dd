package main_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/infra/internal/deploy"
)

// may returns what a function's role is allowed, by the function's name in the template.
func (w *world) may(t *testing.T, env, function string) []deploy.Statement {
	t.Helper()
	for _, s := range w.assemblies[env].Stacks {
		for id := range s.Template.Resources {
			if strings.HasPrefix(id, function+"Role") && !strings.Contains(id, "Policy") {
				return s.Granted(id)
			}
		}
	}
	t.Fatalf("%s: no role of %s", env, function)
	return nil
}

// granted is every statement of every role of an environment, by the role's name in the template.
func (w *world) granted(env string) map[string][]deploy.Statement {
	all := map[string][]deploy.Statement{}
	for _, s := range w.assemblies[env].Stacks {
		for id, r := range s.Template.Resources {
			if r.Type == "AWS::IAM::Role" {
				all[s.Stage+"/"+id] = s.Granted(id)
			}
		}
	}
	return all
}

// roles returns the roles that may do one of the actions on resources that a text tells.
func (w *world) roles(env string, actions []string, on string) []string {
	found := map[string]bool{}
	for role, statements := range w.granted(env) {
		for _, st := range statements {
			if st.Effect != "Allow" || !strings.Contains(text(st.Resource), on) && !strings.Contains(text(st.Resource), `"*"`) {
				continue
			}
			for _, a := range st.Action {
				if slices.ContainsFunc(actions, func(x string) bool { return covers(a, x) }) {
					found[role] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// covers reports whether an action of a policy, which may have a wildcard at its end, is or holds another.
func covers(action, other string) bool {
	stem, wild := strings.CutSuffix(action, "*")
	return action == other || wild && strings.HasPrefix(other, stem)
}

func names(t *testing.T, roles []string, want ...string) {
	t.Helper()
	var got []string
	for _, r := range roles {
		_, id, _ := strings.Cut(r, "/")
		name, _, _ := strings.Cut(id, "Role")
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOnlyCommitterAndMaintenanceWriteTheLakeTables(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		for _, where := range []string{"/tables/", ":table/"} {
			names(t, w.roles(env, []string{"s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"}, where), "Committer", "Maintenance")
		}
	})
}

func TestOnlyProcessorReadsStreams(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		names(t, w.roles(env, []string{"dynamodb:GetRecords", "dynamodb:GetShardIterator"}, "StreamArn"), "Processor")
	})
}

func TestOnlyProcessorLands(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		names(t, w.roles(env, []string{"s3:PutObject"}, "/landing/"), "Committer", "Processor") // the committer sets bad objects aside
		for _, st := range w.may(t, env, "Processor") {
			if strings.Contains(text(st.Resource), "/tables/") || slices.Contains(st.Action, "s3:GetObject") {
				t.Errorf("the processor may %v on %s", st.Action, text(st.Resource))
			}
		}
	})
}

func TestOnlyAPIWritesRecords(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		names(t, w.roles(env, []string{"dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"}, ""), "Api")
		names(t, w.roles(env, []string{"dynamodb:PutItem"}, ""), "Api", "Maintenance") // what the second may put, the next test says
		names(t, w.roles(env, []string{"dynamodb:GetItem", "dynamodb:Scan", "dynamodb:Query"}, ""), "Api")
	})
}

// Maintenance puts heartbeats into the tables that have a stream. The conditions let no record through: an item has but
// its key and the heartbeat's attribute, and its key is none that a record has.
func TestMaintenanceWritesNothingButHeartbeats(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		streams := 0
		for _, table := range w.of(env, "AWS::DynamoDB::Table") {
			if table.Properties["StreamSpecification"] != nil {
				streams++
			}
		}
		beats := 0
		for _, st := range w.may(t, env, "Maintenance") {
			for _, a := range st.Action {
				switch {
				case !strings.HasPrefix(a, "dynamodb:"):
				case a == "dynamodb:ListStreams", a == "dynamodb:DescribeStream" && strings.Contains(text(st.Resource), "StreamArn"):
				case a == "dynamodb:PutItem" && len(st.Action) == 1 && !strings.Contains(text(st.Resource), "Idempotency"):
					beats += len(st.Resource)
					want := `{"ForAllValues:StringEquals":{"dynamodb:Attributes":["id","tarn_heartbeat"]},"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["tarn_heartbeat#*"]}}`
					if got := text(st.Condition); got != want {
						t.Errorf("a heartbeat may be %s, want %s", got, want)
					}
				default:
					t.Errorf("it may %s on %s", a, text(st.Resource))
				}
			}
		}
		if beats != streams || beats == 0 {
			t.Errorf("heartbeats may be written to %d tables, and %d have a stream", beats, streams)
		}
	})
}

// The query function reads the tables of its datasets, asks in its workgroups, and writes nothing but Athena's answers.
func TestQueryCannotWrite(t *testing.T) {
	allowed := []string{"s3:GetObject", "s3:GetBucketLocation", "s3:ListBucket", "glue:GetDatabase", "glue:GetTable", "glue:GetTables", "athena:StartQueryExecution",
		"athena:StopQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "logs:CreateLogStream", "logs:PutLogEvents",
		"secretsmanager:GetSecretValue", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}
	each(t, func(t *testing.T, w *world, env string) {
		for _, st := range w.may(t, env, "Query") {
			for _, a := range st.Action {
				answers := slices.Contains([]string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}, a) && !strings.Contains(text(st.Resource), "Lake")
				if !slices.Contains(allowed, a) && !strings.HasPrefix(a, "kms:") && !answers {
					t.Errorf("the query function may %s on %s", a, text(st.Resource))
				}
			}
		}
	})
}

func TestQueryReadsOnlyItsDatasets(t *testing.T) {
	w := mustWorld(t)
	of := func(env string) string { return text(w.may(t, env, "Query")) }
	for _, table := range []string{"applicants", "applicants_changes", "applicants_base", "applicants_daily", "passes", "passes_changes", "passes_base", "passes_daily"} {
		for _, resource := range []string{"/tables/" + table + "/*", ":table/tarn_sandbox/" + table + `"`} {
			if !strings.Contains(of("sandbox"), strings.ReplaceAll(resource, `"`, `\"`)) && !strings.Contains(of("sandbox"), resource) {
				t.Errorf("sandbox: the query function cannot read %s", resource)
			}
		}
	}
	if strings.Contains(of(other), "applicants") || !strings.Contains(of(other), "/tables/passes_changes/*") {
		t.Errorf("a query function of passes alone may %s", of(other))
	}
	each(t, func(t *testing.T, w *world, env string) {
		for _, st := range w.may(t, env, "Query") {
			if r := text(st.Resource); strings.Contains(r, "/tables/*") || strings.Contains(r, "table/tarn_"+env+"/*") || strings.Contains(r, "/landing") || strings.Contains(r, "/archive") {
				t.Errorf("it may %v on %s", st.Action, r)
			}
		}
	})
}
