//go:build integration

package rehearsal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/oidc"
	"github.com/tarn-lake/tarn/internal/rehearsal"
)

func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // only maps and texts come here
	}
	return string(text)
}

func district(n int) int { return 1001 + n%75 }

func person(n int) string {
	return toJSON(map[string]any{"name": fmt.Sprintf("Person %d", n), "mobilePhone": fmt.Sprintf("017%08d", n), "district": district(n), "thana": 10001 + n%600,
		"dateOfBirth": "1990-02-03", "gender": "F", "idType": "NID", "idNumber": fmt.Sprintf("%013d", n), "photo": "https://photos.example/a.jpg"})
}

func application(n int) string {
	return toJSON(map[string]any{"fromLocation": "Home", "toLocation": fmt.Sprint("place ", n), "district": district(n), "thana": 10001 + n%600,
		"dateTime": time.Now().UTC().Add(2 * time.Hour).Format("2006-01-02T15:04:05.000Z"), "durationInHour": 1 + n%12, "type": "R",
		"reason": "Grocery shopping", "includeVehicle": false})
}

// ask asks the front and fails the test when the answer has another status.
func (w *world) ask(status int, r rehearsal.Request) rehearsal.Answer {
	w.t.Helper()
	if r.Method == "" {
		r.Method = http.MethodPost
	}
	a, err := w.front.Ask(w.t.Context(), r)
	if err != nil || a.Status != status {
		w.t.Fatalf("%s %s: got %d, %v, want %d: %.500s\n%s", r.Method, r.Path, a.Status, err, status, a.Body, w.api.Log())
	}
	return a
}

// register registers the n-th person and returns the token.
func (w *world) register(n int) string {
	w.t.Helper()
	var got struct{ Token string }
	if err := json.Unmarshal([]byte(w.ask(http.StatusOK, rehearsal.Request{Path: "/v1/identity/register", Body: person(n)}).Body), &got); err != nil {
		w.t.Fatal(err)
	}
	return got.Token
}

// apply applies for a pass and returns its id.
func (w *world) apply(token string, n int) string {
	w.t.Helper()
	var got struct{ ID string }
	if err := json.Unmarshal([]byte(w.ask(http.StatusCreated, rehearsal.Request{Path: "/v1/passes", Token: token, Body: application(n)}).Body), &got); err != nil {
		w.t.Fatal(err)
	}
	return got.ID
}

// pool is a user pool of Cognito, as moto plays it.
type pool struct {
	moto, id, client string
	groups           map[string]bool
}

// cognito calls an operation of Cognito.
func (w *world) cognito(operation string, in map[string]any, out any) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.moto.URL, bytes.NewReader([]byte(toJSON(in))))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+integration.Key+"/20261126/"+integration.Region+"/cognito-idp/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s %v: %s", operation, resp.Status, err, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) newPool() *pool {
	w.t.Helper()
	var made struct{ UserPool struct{ Id string } }
	w.cognito("CreateUserPool", map[string]any{"PoolName": w.name}, &made)
	var client struct{ UserPoolClient struct{ ClientId string } }
	w.cognito("CreateUserPoolClient", map[string]any{"UserPoolId": made.UserPool.Id, "ClientName": "console", "ExplicitAuthFlows": []string{"ALLOW_USER_PASSWORD_AUTH"}}, &client)
	return &pool{w.moto.URL, made.UserPool.Id, client.UserPoolClient.ClientId, map[string]bool{}}
}

// signIn makes a user in groups and returns an access token.
func (w *world) signIn(p *pool, name string, groups ...string) string {
	w.t.Helper()
	w.cognito("AdminCreateUser", map[string]any{"UserPoolId": p.id, "Username": name}, nil)
	w.cognito("AdminSetUserPassword", map[string]any{"UserPoolId": p.id, "Username": name, "Password": "Pass-word-1", "Permanent": true}, nil)
	for _, group := range groups {
		if !p.groups[group] {
			w.cognito("CreateGroup", map[string]any{"UserPoolId": p.id, "GroupName": group}, nil)
		}
		p.groups[group] = true
		w.cognito("AdminAddUserToGroup", map[string]any{"UserPoolId": p.id, "Username": name, "GroupName": group}, nil)
	}
	var auth struct{ AuthenticationResult struct{ AccessToken string } }
	w.cognito("InitiateAuth", map[string]any{"ClientId": p.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": map[string]string{"USERNAME": name, "PASSWORD": "Pass-word-1"}}, &auth)
	return auth.AuthenticationResult.AccessToken
}

func (p *pool) issuer() string {
	return "https://cognito-idp." + integration.Region + ".amazonaws.com/" + p.id
}

// authorise is the JWT authoriser: it checks signature, issuer and expiry, and hands the claims on.
func (p *pool) authorise() func(context.Context, string) (map[string]any, error) {
	keys := oidc.NewKeys(p.moto+"/"+p.id+"/.well-known/jwks.json", nil, nil)
	return func(ctx context.Context, token string) (map[string]any, error) {
		claims := jwt.MapClaims{}
		_, err := jwt.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
			id, _ := t.Header["kid"].(string)
			return keys.Key(ctx, id)
		}, jwt.WithIssuer(p.issuer()), jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired())
		return claims, err
	}
}

// log returns the lines of a function's log that are metrics, by name: the sum of their values.
func metrics(log string) map[string]float64 {
	sums := map[string]float64{}
	for line := range strings.Lines(log) {
		var m map[string]any
		if json.Unmarshal([]byte(line), &m) != nil || m["_aws"] == nil {
			continue
		}
		for name, v := range m {
			if n, ok := v.(float64); ok {
				sums[name] += n
			}
		}
	}
	return sums
}
