// Package oidc makes viewers of tokens: whom an OpenID provider such as Cognito says a token is for, and what its groups
// or scopes let that one see and do.
package oidc

import (
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
)

// What groups and scopes say.
const (
	regionPrefix = "region:" // region:dhaka opens that region, region:* every one; any other name is a role
	scopePrefix  = "tarn/"   // scopes of our resource server say the same of machines: tarn/region:*, tarn/reader
)

// Trust is whose tokens count.
type Trust struct {
	Issuer  string
	Clients []string // ids of app clients; empty: all of the issuer's
}

// Viewer returns whom a token's claims, which somebody has checked the signature of, are about. Unauthorized where it is
// another's token, or not one to come in with.
func (t Trust) Viewer(claims map[string]any) (viewer.Viewer, error) {
	if t.Issuer == "" || text(claims, "iss") != t.Issuer {
		return viewer.Viewer{}, fault.New(fault.Unauthorized, "the token is not from the issuer of this environment")
	}
	if text(claims, "token_use") != "access" {
		return viewer.Viewer{}, fault.New(fault.Unauthorized, "the token is no access token")
	}
	client := text(claims, "client_id") // Cognito's access tokens have no audience
	if client == "" || len(t.Clients) > 0 && !slices.Contains(t.Clients, client) {
		return viewer.Viewer{}, fault.New(fault.Unauthorized, "the token was given to a client that is not one of this environment")
	}
	who := viewer.Viewer{ID: text(claims, "sub")}
	if who.ID == "" {
		who.ID = client
	}
	for _, group := range list(claims["cognito:groups"]) {
		grant(&who, group)
	}
	for scope := range strings.FieldsSeq(text(claims, "scope")) {
		if name, ok := strings.CutPrefix(scope, scopePrefix); ok {
			grant(&who, name)
		}
	}
	return who, nil
}

func grant(who *viewer.Viewer, name string) {
	region, ok := strings.CutPrefix(name, regionPrefix)
	switch {
	case ok && region != "":
		who.Regions = append(who.Regions, region)
	case !ok && name != viewer.All: // every role is for our own work alone
		who.Roles = append(who.Roles, name)
	}
}

func text(claims map[string]any, name string) string {
	s, _ := claims[name].(string)
	return s
}

// list reads a claim of several values: a list, or as API Gateway writes one, "[a b]".
func list(claim any) []string {
	switch c := claim.(type) {
	case []any:
		var all []string
		for _, v := range c {
			if s, ok := v.(string); ok {
				all = append(all, s)
			}
		}
		return all
	case string:
		return strings.Fields(strings.TrimSuffix(strings.TrimPrefix(c, "["), "]"))
	}
	return nil
}
