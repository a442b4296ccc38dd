package rehearsal

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Request is what a client asks an HTTP API.
type Request struct {
	Method, Path, Query string
	Token               string // a bearer token; empty: none
	Headers             map[string]string
	Cookies             []string
	Body                string
}

// Answer is what the client gets.
type Answer struct {
	Status  int               `json:"statusCode"`
	Headers map[string]string `json:"headers"`
	Cookies []string          `json:"cookies"`
	Body    string            `json:"body"`
	Base64  bool              `json:"isBase64Encoded"`
}

// Front is an HTTP API of API Gateway over a function, with a JWT authoriser before some of its paths.
type Front struct {
	Function Caller
	// Guarded says of a path whether the authoriser stands before it; nil: of none.
	Guarded func(path string) bool
	// Claims returns the claims of a token that is right; the authoriser's answer to any other is 401.
	Claims func(ctx context.Context, token string) (map[string]any, error)
}

type requestContext struct {
	Stage  string         `json:"stage"`
	Domain string         `json:"domainName"`
	HTTP   map[string]any `json:"http"`
	Auth   any            `json:"authorizer,omitempty"`
}

// Ask sends a request through the front.
func (f *Front) Ask(ctx context.Context, r Request) (Answer, error) {
	about := requestContext{Stage: "$default", Domain: "api.rehearsal", HTTP: map[string]any{"method": r.Method, "path": r.Path, "protocol": "HTTP/1.1", "sourceIp": "198.51.100.7"}}
	headers := map[string]string{"host": "api.rehearsal", "content-type": "application/json", "x-forwarded-proto": "https"}
	for name, value := range r.Headers {
		headers[strings.ToLower(name)] = value
	}
	if r.Token != "" {
		headers["authorization"] = "Bearer " + r.Token
	}
	if f.Guarded != nil && f.Guarded(r.Path) {
		claims, err := f.Claims(ctx, r.Token)
		if err != nil {
			return Answer{Status: http.StatusUnauthorized, Body: `{"message":"Unauthorized"}`}, nil //nolint:nilerr // it is the front's answer
		}
		about.Auth = map[string]any{"jwt": map[string]any{"claims": flat(claims), "scopes": nil}}
	}
	event, err := json.Marshal(map[string]any{"version": "2.0", "routeKey": "$default", "rawPath": r.Path, "rawQueryString": r.Query, "headers": headers, "cookies": r.Cookies,
		"requestContext": about, "body": base64.StdEncoding.EncodeToString([]byte(r.Body)), "isBase64Encoded": true})
	if err != nil {
		return Answer{}, err
	}
	text, err := f.Function.Invoke(ctx, event)
	if err != nil {
		return Answer{}, err
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("the function's answer is no answer of HTTP: %w", err)
	}
	if a.Base64 {
		body, err := base64.StdEncoding.DecodeString(a.Body)
		if err != nil {
			return a, err
		}
		a.Body = string(body)
	}
	return a, nil
}

// flat writes claims as the authoriser of an HTTP API hands them on: each is a text, and a list is [a b].
func flat(claims map[string]any) map[string]string {
	all := map[string]string{}
	for name, v := range claims {
		switch v := v.(type) {
		case string:
			all[name] = v
		case float64:
			all[name] = time.Unix(int64(v), 0).UTC().Format(time.UnixDate)
		default:
			all[name] = fmt.Sprint(v)
		}
	}
	return all
}
