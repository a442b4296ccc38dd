package deploy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// drawn are the kinds of resources that the picture shows, and what is written under their name.
var drawn = map[string]string{
	"AWS::ApiGatewayV2::Api": "HTTP API", "AWS::Athena::WorkGroup": "Athena workgroup", "AWS::Backup::BackupVault": "backups", "AWS::Budgets::Budget": "budget",
	"AWS::CloudFront::Distribution": "CloudFront", "AWS::CodePipeline::Pipeline": "pipeline", "AWS::Cognito::UserPool": "Cognito", "AWS::DynamoDB::Table": "DynamoDB table",
	"AWS::Glue::Database": "Glue database", "AWS::KMS::Key": "KMS key", "AWS::Lambda::Function": "function", "AWS::S3::Bucket": "bucket", "AWS::SES::EmailIdentity": "SES",
	"AWS::SNS::Topic": "topic", "AWS::SQS::Queue": "queue", "AWS::Scheduler::ScheduleGroup": "schedules", "AWS::SecretsManager::Secret": "secret",
	"AWS::WAFv2::WebACL": "firewall", "AWS::EC2::VPC": "network",
}

// line is a line of the picture.
type line struct {
	from, to Place
	what     string
}

// picture draws an assembly.
type picture struct {
	a     Assembly
	refs  *References
	nodes map[Place]string
	lines map[line]bool
}

// Picture draws the assembly as a Mermaid diagram: what there is, and who calls, reads and writes what, all of it read
// from the templates.
func (a Assembly) Picture() string {
	p := &picture{a: a, refs: a.References(), nodes: map[Place]string{}, lines: map[line]bool{}}
	for _, s := range a.Stacks {
		for id, r := range s.Template.Resources {
			if what, ok := drawn[r.Type]; ok && !strings.HasPrefix(id, "Custom") && !strings.Contains(id, "CDKBucketDeployment") && !strings.HasPrefix(id, "Exports") {
				p.nodes[Place{s.Stage, id}] = what
			}
		}
	}
	for _, s := range a.Stacks {
		for id, r := range s.Template.Resources {
			p.relate(s, id, r)
		}
	}
	return p.text()
}

// relate draws what a resource says of others.
func (p *picture) relate(s Written, id string, r Resource) {
	props := r.Properties
	switch r.Type {
	case "AWS::Lambda::EventSourceMapping":
		p.join(p.in(s, props["EventSourceArn"]), p.functions(s, props["FunctionName"]), "wakes")
	case "AWS::S3::Bucket":
		p.join([]Place{{s.Stage, id}}, p.in(s, props["NotificationConfiguration"]), "tells")
	case "AWS::CloudFront::Distribution":
		p.join([]Place{{s.Stage, id}}, p.in(s, props["DistributionConfig"].(map[string]any)["Origins"]), "asks")
		p.join(p.in(s, props["DistributionConfig"].(map[string]any)["WebACLId"]), []Place{{s.Stage, id}}, "guards")
	case "AWS::ApiGatewayV2::Integration":
		p.join(p.in(s, props["ApiId"]), p.functions(s, props["IntegrationUri"]), "calls")
	case "AWS::ApiGatewayV2::Authorizer":
		p.join(p.in(s, props["JwtConfiguration"]), p.in(s, props["ApiId"]), "guards")
	case "AWS::Scheduler::Schedule":
		p.join(p.in(s, props["GroupName"]), p.functions(s, props["Target"].(map[string]any)["Arn"]), "call")
	case "AWS::Lambda::Function":
		p.rights(s, id, props)
	}
}

// rights draws what a function's role may do.
func (p *picture) rights(s Written, id string, props map[string]any) {
	from := Place{s.Stage, id}
	if p.nodes[from] == "" {
		return
	}
	for _, role := range p.refs.In(s.Name, props["Role"]) {
		for _, st := range s.Granted(role.ID) {
			p.join([]Place{from}, p.in(s, st.Resource), verb(st.Action))
			if text := plain(st.Resource); strings.Contains(text, ":workgroup/") {
				for place, what := range p.nodes {
					if what == "Athena workgroup" && strings.Contains(text, "-"+strings.ToLower(place.ID)+`"`) {
						p.join([]Place{from}, []Place{place}, "asks")
					}
				}
			} else if strings.Contains(text, ":database/") {
				p.join([]Place{from}, []Place{{"lake", "Database"}}, verb(st.Action))
			}
		}
	}
}

// verb says in a word what actions do; empty for those that are not worth a line.
func verb(actions []string) string {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool {
			return slices.ContainsFunc(actions, func(a string) bool { return strings.HasSuffix(a, ":"+n) })
		})
	}
	reads, writes := has("GetObject", "GetItem", "GetTable"), has("PutObject", "PutItem", "CreateTable", "SendMessage")
	switch {
	case reads && writes:
		return "reads, writes"
	case writes:
		return "writes"
	case reads:
		return "reads"
	}
	return ""
}

// in returns the drawn resources that a value names.
func (p *picture) in(s Written, value any) []Place {
	var found []Place
	for _, place := range p.refs.In(s.Name, value) {
		place.Stack = place.Stack[strings.LastIndexByte(place.Stack, '-')+1:]
		if p.nodes[place] != "" {
			found = append(found, place)
		}
	}
	return found
}

// functions returns the functions behind the aliases that a value names.
func (p *picture) functions(s Written, value any) []Place {
	var found []Place
	for _, place := range p.refs.In(s.Name, value) {
		for _, other := range p.a.Stacks {
			if alias := other.Template.Resources[place.ID]; other.Name == place.Stack && alias.Type == "AWS::Lambda::Alias" {
				found = append(found, p.in(other, alias.Properties["FunctionName"])...)
			}
		}
	}
	return found
}

func (p *picture) join(from, to []Place, what string) {
	for _, f := range from {
		for _, t := range to {
			if what != "" && f != t && p.nodes[t] != "secret" && p.nodes[t] != "KMS key" {
				p.lines[line{f, t, what}] = true
			}
		}
	}
}

// text writes the picture, in an order that hangs on nothing but the templates.
func (p *picture) text() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, s := range p.a.Stacks {
		var inside []Place
		for place := range p.nodes {
			if place.Stack == s.Stage {
				inside = append(inside, place)
			}
		}
		if len(inside) == 0 {
			continue
		}
		slices.SortFunc(inside, comparePlaces)
		fmt.Fprintf(&b, "  subgraph %s\n", s.Stage)
		for _, place := range inside {
			fmt.Fprintf(&b, "    %s[\"%s<br>%s\"]\n", node(place), title(place.ID), p.nodes[place])
		}
		b.WriteString("  end\n")
	}
	lines := slices.SortedFunc(maps.Keys(p.lines), func(x, y line) int {
		return cmp.Or(comparePlaces(x.from, y.from), comparePlaces(x.to, y.to), strings.Compare(x.what, y.what))
	})
	for _, l := range lines {
		fmt.Fprintf(&b, "  %s -->|%s| %s\n", node(l.from), l.what, node(l.to))
	}
	return b.String()
}

func comparePlaces(a, b Place) int {
	return cmp.Or(strings.Compare(a.Stack, b.Stack), strings.Compare(a.ID, b.ID))
}

func node(p Place) string { return p.Stack + "_" + title(p.ID) }

// title is the name of a resource without the hash that the library appends.
func title(id string) string {
	if n := len(id) - 8; n > 0 && strings.IndexFunc(id[n:], func(r rune) bool { return !strings.ContainsRune("0123456789ABCDEF", r) }) < 0 {
		return id[:n]
	}
	return id
}
