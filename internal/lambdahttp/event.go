package lambdahttp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// version is the payload format that HTTP APIs and function URLs speak.
const version = "2.0"

// defaultStage is the stage that is not in the path.
const defaultStage = "$default"

// event is what matters of a request.
type event struct {
	Version string            `json:"version"`
	Path    string            `json:"rawPath"`
	Query   string            `json:"rawQueryString"`
	Cookies []string          `json:"cookies"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Base64  bool              `json:"isBase64Encoded"`
	Context struct {
		Stage  string `json:"stage"`
		Domain string `json:"domainName"`
		HTTP   struct {
			Method   string `json:"method"`
			Protocol string `json:"protocol"`
			Source   string `json:"sourceIp"`
		} `json:"http"`
		Authorizer struct {
			JWT struct {
				Claims map[string]any `json:"claims"`
			} `json:"jwt"`
		} `json:"authorizer"`
	} `json:"requestContext"`
}

func parse(payload []byte) (*event, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the event cannot be read as JSON")
	}
	if e.Version != version || e.Context.HTTP.Method == "" {
		return nil, fault.New(fault.Invalid, "the event is not a request in payload format %s: map the function to an HTTP API or a function URL", version)
	}
	return &e, nil
}

// request makes an HTTP request of the event. The front has checked and joined the headers: several values of one stand
// in one, with commas, and cookies stand apart.
func (e *event) request(ctx context.Context) (*http.Request, error) {
	body := []byte(e.Body)
	if e.Base64 {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the body of the event is not base64")
		}
	}
	r := &http.Request{
		Method: e.Context.HTTP.Method, URL: e.url(), Header: http.Header{}, Host: e.Context.Domain, RemoteAddr: e.Context.HTTP.Source + ":0",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
	for name, value := range e.Headers {
		r.Header.Set(name, value)
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	r.Header.Del("Host")
	if len(e.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	if r.Header.Get("X-Forwarded-Proto") == "https" {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true} // the front's own: handlers only ask whether there is one
	}
	r.RequestURI = r.URL.RequestURI()
	return r.WithContext(withClaims(ctx, e.Context.Authorizer.JWT.Claims)), nil
}

// url returns the path without the stage. Function URLs give it as it was sent, HTTP APIs decoded: what cannot be decoded
// is decoded already.
func (e *event) url() *url.URL {
	path := e.Path
	if stage := e.Context.Stage; stage != "" && stage != defaultStage {
		if rest, ok := strings.CutPrefix(path, "/"+stage); ok && (rest == "" || rest[0] == '/') {
			path = rest
		}
	}
	if path == "" {
		path = "/"
	}
	u := &url.URL{Path: path, RawQuery: e.Query}
	if decoded, err := url.PathUnescape(path); err == nil {
		u.Path, u.RawPath = decoded, path
	}
	return u
}

type claimsKey struct{}

func withClaims(ctx context.Context, claims map[string]any) context.Context {
	if claims == nil {
		return ctx
	}
	return context.WithValue(ctx, claimsKey{}, claims)
}

// Claims returns the claims of the token that the front's authoriser has checked, and whether it has checked one.
func Claims(ctx context.Context) (map[string]any, bool) {
	claims, ok := ctx.Value(claimsKey{}).(map[string]any)
	return claims, ok
}
