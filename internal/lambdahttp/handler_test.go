package lambdahttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lambdahttp"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

var _ runtime.Handler = (*lambdahttp.Handler)(nil)

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	cookie, _ := r.Cookie("b")
	claims, checked := lambdahttp.Claims(r.Context())
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "%s %s %q %q %s host=%s from=%s tls=%t accept=%s cookie=%v claims=%v,%t length=%d body=%s",
		r.Method, r.URL.Path, r.URL.EscapedPath(), r.URL.RawQuery, r.RequestURI, r.Host, r.RemoteAddr, r.TLS != nil, r.Header.Get("Accept"), cookie, claims["sub"], checked, r.ContentLength, body)
}

func ask(t *testing.T, h http.HandlerFunc, event string) (status int, body string, whole map[string]any) {
	t.Helper()
	text, err := lambdahttp.New(h, lambdahttp.Options{}).Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	body, _ = whole["body"].(string)
	return int(whole["statusCode"].(float64)), body, whole
}

func TestEventsBecomeRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, event, want string }{
		{"an HTTP API", `{"version":"2.0","rawPath":"/a b","rawQueryString":"x=1&x=2","cookies":["a=1","b=2"],"headers":{"accept":"a, b","host":"api.example","x-forwarded-proto":"https"},
			"requestContext":{"stage":"$default","domainName":"d","http":{"method":"GET","sourceIp":"1.2.3.4"},"authorizer":{"jwt":{"claims":{"sub":"me"},"scopes":null}}}}`,
			`GET /a b "/a%20b" "x=1&x=2" /a%20b?x=1&x=2 host=api.example from=1.2.3.4:0 tls=true accept=a, b cookie=b=2 claims=me,true length=0 body=`},
		{"a stage", `{"version":"2.0","rawPath":"/prod/a","requestContext":{"stage":"prod","domainName":"d","http":{"method":"PUT","sourceIp":"::1"}},"body":"text"}`,
			`PUT /a "/a" "" /a host=d from=::1:0 tls=false accept= cookie= claims=<nil>,false length=4 body=text`},
		{"the root of a stage", `{"version":"2.0","rawPath":"/prod","requestContext":{"stage":"prod","http":{"method":"GET"}}}`,
			`GET / "/" "" / host= from=:0 tls=false accept= cookie= claims=<nil>,false length=0 body=`},
		{"not the stage", `{"version":"2.0","rawPath":"/production","requestContext":{"stage":"prod","http":{"method":"GET"}}}`,
			`GET /production "/production" "" /production host= from=:0 tls=false accept= cookie= claims=<nil>,false length=0 body=`},
		{"a function URL, encoded, with base64", `{"version":"2.0","rawPath":"/a%2Fb","requestContext":{"http":{"method":"POST"}},"body":"AP8=","isBase64Encoded":true}`,
			`POST /a/b "/a%2Fb" "" /a%2Fb host= from=:0 tls=false accept= cookie= claims=<nil>,false length=2 body=` + "\x00\xff"},
		{"decoded already", `{"version":"2.0","rawPath":"/100%","requestContext":{"http":{"method":"GET"}}}`,
			`GET /100% "/100%25" "" /100%25 host= from=:0 tls=false accept= cookie= claims=<nil>,false length=0 body=`},
	} {
		status, body, whole := ask(t, echo, c.event)
		if whole["isBase64Encoded"] == true {
			var raw struct{ Body []byte }
			text, _ := json.Marshal(whole)
			_ = json.Unmarshal(text, &raw)
			body = string(raw.Body)
		}
		if status != 200 || body != c.want {
			t.Errorf("%s: %d\ngot  %q\nwant %q", c.name, status, body, c.want)
		}
	}
	for _, event := range []string{``, `[]`, `{"version":"1.0","httpMethod":"GET"}`, `{"Records":[]}`, `{"version":"2.0","requestContext":{"http":{"method":"GET"}},"body":"%","isBase64Encoded":true}`} {
		if _, err := lambdahttp.New(http.HandlerFunc(echo), lambdahttp.Options{}).Invoke(t.Context(), []byte(event)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", event, err)
		}
	}
}

const get = `{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"GET"}}}`

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   map[string]any
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, map[string]any{"statusCode": 200.0}},
		{"text", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("Vary", "A")
			w.Header().Add("Vary", "B")
			w.Header().Set("Content-Type", "text/plain")
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
			http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
			w.WriteHeader(103)
			w.WriteHeader(201)
			w.WriteHeader(500)
			_, _ = io.WriteString(w, "<&> ঢাকা")
		}, map[string]any{"statusCode": 201.0, "headers": map[string]any{"Vary": "A, B", "Content-Type": "text/plain"}, "cookies": []any{"a=1", "b=2"}, "body": "<&> ঢাকা"}},
		{"bytes", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0, 0xff}) },
			map[string]any{"statusCode": 200.0, "headers": map[string]any{"Content-Type": "application/octet-stream"}, "body": "AP8=", "isBase64Encoded": true}},
		{"packed", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, "x")
		}, map[string]any{"statusCode": 200.0, "headers": map[string]any{"Content-Encoding": "gzip", "Content-Type": ""}, "body": "eA==", "isBase64Encoded": true}},
		{"a panic", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half of")
			panic("oh")
		}, map[string]any{"statusCode": 500.0, "headers": map[string]any{"Content-Type": "application/problem+json"},
			"body": `{"detail":"something went wrong here","fields":[],"kind":"internal","status":500,"title":"Internal Server Error","type":"about:blank"}` + "\n"}},
	} {
		if _, _, got := ask(t, c.answer, get); !cmp.Equal(c.want, got) {
			t.Errorf("%s:\n%s", c.name, cmp.Diff(c.want, got))
		}
	}
}

// An answer that Lambda would refuse is answered with what to do.
func TestAnswersHaveALimit(t *testing.T) {
	t.Parallel()
	status, body, _ := ask(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte{0xff}, 5<<20)) }, get)
	if status != fault.Exceeded.Status() || !strings.Contains(body, "ask for less") {
		t.Errorf("%d %s", status, body)
	}
}

// A request ends while there is still time to say so.
func TestRequestsEndBeforeTheFunction(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	var left time.Duration
	h := lambdahttp.New(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		d, _ := r.Context().Deadline()
		left = time.Until(d)
	}), lambdahttp.Options{Grace: 30 * time.Minute})
	if _, err := h.Invoke(ctx, []byte(get)); err != nil || left > 30*time.Minute {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	first, second := make(chan struct{}), make(chan struct{})
	var told []telemetry.Event
	h := lambdahttp.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		w.WriteHeader(202)
		w.Header().Set("Late", "yes")
		_ = http.NewResponseController(w).Flush()
		<-first
		_, _ = io.WriteString(w, "one")
		select {
		case <-second:
			_, _ = io.WriteString(w, "two")
		case <-r.Context().Done():
		}
	}), lambdahttp.Options{Observe: func(e telemetry.Event) { told = append(told, e) }})
	got, err := h.Stream(t.Context(), []byte(get))
	if err != nil || got.StatusCode != 202 || got.Headers["Late"] != "" || got.Cookies[0] != "a=1" {
		t.Fatalf("%+v, %v", got, err)
	}
	close(first)
	piece := make([]byte, 3)
	if _, err := io.ReadFull(got.Body, piece); err != nil || string(piece) != "one" {
		t.Errorf("%q, %v", piece, err)
	}
	close(second)
	if rest, err := io.ReadAll(got.Body); err != nil || string(rest) != "two" || len(told) != 1 {
		t.Errorf("%q, %v, told %v", rest, err, told)
	}
}

func TestAStreamThatNobodyReadsEnds(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	h := lambdahttp.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		ended <- r.Context().Err()
	}), lambdahttp.Options{})
	got, err := h.Stream(t.Context(), []byte(get))
	if err != nil {
		t.Fatal(err)
	}
	_ = got.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAStreamThatPanicsBreaksOff(t *testing.T) {
	t.Parallel()
	h := lambdahttp.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic("oh")
	}), lambdahttp.Options{})
	got, err := h.Stream(t.Context(), []byte(get))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(got.Body); err == nil || string(text) != "half" {
		t.Errorf("%q, %v", text, err)
	}
}
