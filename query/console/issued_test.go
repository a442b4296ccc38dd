package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/console"
)

// issuer knows one token, unless it is down.
type issuer struct {
	until time.Time
	down  bool
}

func (i *issuer) Verify(_ context.Context, token string) (viewer.Viewer, time.Time, error) {
	switch {
	case i.down:
		return viewer.Viewer{}, time.Time{}, fault.New(fault.Transient, "the keys cannot be read now")
	case token != "issued":
		return viewer.Viewer{}, time.Time{}, fault.New(fault.Unauthorized, "the token is not valid")
	}
	return viewer.Viewer{ID: "u1", Regions: []string{"dhaka"}, Roles: []string{"reader"}}, i.until, nil
}

// issued is a console whose tokens others issue.
func issued(i *issuer, key string) http.Handler {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := viewer.From(r.Context())
		_, _ = w.Write([]byte(who.ID + " " + strings.Join(who.Regions, ",")))
	})
	return console.Handler(api, console.Options{Issuer: i, SessionKey: []byte(key)})
}

func send(h http.Handler, method, path, token, form string, cookies ...*http.Cookie) *http.Response {
	r := httptest.NewRequest(method, path, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestTokensThatOthersIssue(t *testing.T) {
	t.Parallel()
	i := &issuer{until: time.Now().Add(time.Hour)}
	h := issued(i, "a key of the test")
	if got := send(h, "GET", "/api/x", "issued", ""); got.StatusCode != 200 {
		t.Errorf("with the token: %s", got.Status)
	}
	for _, token := range []string{"", "other"} {
		if got := send(h, "GET", "/api/x", token, ""); got.StatusCode != 401 || got.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("with the token %q: %s", token, got.Status)
		}
	}
	in := send(h, "POST", "/session", "", url.Values{"token": {"issued"}}.Encode())
	if in.StatusCode != http.StatusSeeOther || len(in.Cookies()) != 1 {
		t.Fatalf("sign-in: %s, %v", in.Status, in.Cookies())
	}
	session := in.Cookies()[0]
	if session.MaxAge < 3500 || session.MaxAge > 3600 || !session.HttpOnly {
		t.Errorf("the session is %+v, and the token lasts an hour", session)
	}
	i.down = true // a session needs no issuer
	if got := send(h, "GET", "/api/x", "", "", session); got.StatusCode != 200 {
		t.Errorf("with the session: %s", got.Status)
	}
	if got := send(h, "GET", "/api/x", "issued", "", session); got.StatusCode != 503 {
		t.Errorf("with a token that cannot be checked: %s", got.Status)
	}
	if got := send(h, "POST", "/session", "", url.Values{"token": {"issued"}}.Encode()); got.StatusCode != 503 {
		t.Errorf("sign-in while the issuer is down: %s", got.Status)
	}
	if got := send(h, "GET", "/?token=issued", "", ""); got.StatusCode != 401 || len(got.Cookies()) != 0 {
		t.Errorf("a token that others issued came in by an address, which is written into logs: %s", got.Status)
	}
}

func TestSealedSessions(t *testing.T) {
	t.Parallel()
	i := &issuer{until: time.Now().Add(time.Hour)}
	h := issued(i, "a key of the test")
	session := send(h, "POST", "/session", "", "token=issued").Cookies()[0]
	payload, signature, _ := strings.Cut(session.Value, ".")
	changed := "A" + payload[1:]
	for name, value := range map[string]string{"changed": changed + "." + signature, "unsigned": payload, "no signature": payload + ".", "another's": payload + "." + strings.Repeat("A", 43)} {
		if got := send(h, "GET", "/api/x", "", "", &http.Cookie{Name: session.Name, Value: value}); got.StatusCode != 401 {
			t.Errorf("%s: %s", name, got.Status)
		}
	}
	if got := send(issued(i, "another key"), "GET", "/api/x", "", "", session); got.StatusCode != 401 {
		t.Errorf("under another key: %s", got.Status)
	}
	if got := send(issued(i, ""), "GET", "/api/x", "", "", session); got.StatusCode != 401 {
		t.Errorf("without a key: %s", got.Status)
	}
	i.until = time.Now().Add(-time.Second)
	over := send(h, "POST", "/session", "", "token=issued").Cookies()[0]
	if got := send(h, "GET", "/api/x", "", "", &http.Cookie{Name: over.Name, Value: over.Value}); got.StatusCode != 401 {
		t.Errorf("a session that is over: %s", got.Status)
	}
}
