package deploy

import (
	"encoding/json"
	"strings"
)

// Statement is one statement of a policy.
type Statement struct {
	Effect    string
	Action    many
	Resource  []any
	Principal any
	Condition map[string]any
}

// many is a text or a list of them.
type many []string

// Statements returns the statements of a policy document of a template.
func Statements(document any) []Statement {
	policy, _ := document.(map[string]any)
	entries, ok := policy["Statement"].([]any)
	if !ok {
		return nil
	}
	var all []Statement
	for _, x := range entries {
		raw, _ := x.(map[string]any)
		s := Statement{Principal: raw["Principal"], Action: list(raw["Action"])}
		s.Effect, _ = raw["Effect"].(string)
		s.Condition, _ = raw["Condition"].(map[string]any)
		if several, ok := raw["Resource"].([]any); ok {
			s.Resource = several
		} else if raw["Resource"] != nil {
			s.Resource = []any{raw["Resource"]}
		}
		all = append(all, s)
	}
	return all
}

func list(v any) many {
	switch x := v.(type) {
	case string:
		return many{x}
	case []any:
		var all many
		for _, e := range x {
			if s, ok := e.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// plain returns a value of a template as JSON, for what is sought in its text.
func plain(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("what JSON gave cannot be written as JSON: " + err.Error())
	}
	return string(text)
}

// Granted returns what the policies of a stack allow a role.
func (w Written) Granted(role string) []Statement {
	var all []Statement
	for _, r := range w.Template.Resources {
		if r.Type != "AWS::IAM::Policy" || !strings.Contains(plain(r.Properties["Roles"]), `"`+role+`"`) {
			continue
		}
		all = append(all, Statements(r.Properties["PolicyDocument"])...)
	}
	inline, _ := w.Template.Resources[role].Properties["Policies"].([]any)
	for _, p := range inline {
		policy, _ := p.(map[string]any)
		all = append(all, Statements(policy["PolicyDocument"])...)
	}
	return all
}
