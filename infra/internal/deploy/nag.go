package deploy

import (
	"regexp"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// suppress says why a rule does not hold for a construct and those in it.
func suppress(of constructs.IConstruct, rule, why string, applies ...any) {
	finding := &cdknag.NagPackSuppression{Id: jsii.String(rule), Reason: jsii.String(why)}
	if len(applies) > 0 {
		finding.AppliesTo = &applies
	}
	cdknag.NagSuppressions_AddResourceSuppressions(of, &[]*cdknag.NagPackSuppression{finding}, jsii.Bool(true))
}

// token is how the name of something that is not known before the deployment looks in a text.
var token = regexp.MustCompile(`\$\{Token\[[^]]*\]\}`)

// wild returns what cdk-nag calls the resources and actions that have a wildcard.
func wild(actions []string, resources []*string) []any {
	var found []any
	for _, a := range actions {
		if strings.Contains(a, "*") {
			found = append(found, "Action::"+a)
		}
	}
	for _, r := range resources {
		parts := token.Split(*r, -1)
		if !strings.Contains(strings.Join(parts, ""), "*") {
			continue
		}
		for i := range parts {
			parts[i] = strings.ReplaceAll(regexp.QuoteMeta(parts[i]), "/", `\/`)
		}
		found = append(found, &cdknag.RegexAppliesTo{Regex: jsii.String("/^Resource::" + strings.Join(parts, ".+") + "$/g")})
	}
	return found
}
