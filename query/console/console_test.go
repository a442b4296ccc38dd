package console_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/console"
)

const token = "a-long-token"

// whoami answers with the viewer that the session found.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	who, err := viewer.From(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	_ = json.NewEncoder(w).Encode(who)
})

func newHandler() http.Handler {
	return console.Handler(whoami, console.Options{Token: token, Version: "v1",
		Tokens: map[string]viewer.Viewer{"sylhet-token": {ID: "nadia", Regions: []string{"sylhet"}, Roles: []string{"reader"}}, "": {ID: "nobody"}}})
}

func get(t *testing.T, h http.Handler, method, target string, edit ...func(*http.Request)) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for _, e := range edit {
		e(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// session opens the page with a token and returns the cookie.
func session(t *testing.T, h http.Handler, token string) *http.Cookie {
	t.Helper()
	res := get(t, h, "GET", "/?token="+token)
	cookies := res.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("got %d cookies and %s", len(cookies), res.Status)
	}
	return cookies[0]
}

func TestTokenInTheAddressBecomesASession(t *testing.T) {
	t.Parallel()
	h := newHandler()
	res := get(t, h, "GET", "/?range=today&token="+token)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/?range=today" {
		t.Errorf("got %s to %q, want 303 to the address without its token", res.Status, res.Header.Get("Location"))
	}
	c := session(t, h, token)
	if c.Name != "tarn_session" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" {
		t.Errorf("got the cookie %+v", c)
	}
	if strings.Contains(c.Value, token) {
		t.Error("the session holds its token")
	}
	page := get(t, h, "GET", "/", func(r *http.Request) { r.AddCookie(c) })
	if text := body(t, page); page.StatusCode != http.StatusOK || !strings.Contains(text, `id="app"`) {
		t.Errorf("got %s: %s", page.Status, text)
	}
}

func TestWhoMayAskTheAPI(t *testing.T) {
	t.Parallel()
	h := newHandler()
	good := session(t, h, token)
	for _, c := range []struct {
		name   string
		edit   func(*http.Request)
		status int
		want   string // the viewer's id
	}{
		{name: "nobody", edit: func(*http.Request) {}, status: 401},
		{name: "bearer", edit: header("Authorization", "Bearer "+token), status: 200, want: "owner"},
		{name: "bearer in small letters", edit: header("Authorization", "bearer "+token), status: 200, want: "owner"},
		{name: "bearer of one region", edit: header("Authorization", "Bearer sylhet-token"), status: 200, want: "nadia"},
		{name: "wrong bearer", edit: header("Authorization", "Bearer "+token+"x"), status: 401},
		{name: "empty bearer", edit: header("Authorization", "Bearer "), status: 401},
		{name: "other scheme", edit: header("Authorization", "Basic "+token), status: 401},
		{name: "cookie", edit: func(r *http.Request) { r.AddCookie(good) }, status: 200, want: "owner"},
		{name: "cookie that holds the token itself", edit: header("Cookie", "tarn_session="+token), status: 401},
		{name: "cookie that was changed", edit: header("Cookie", "tarn_session="+good.Value+"A"), status: 401},
		{name: "wrong bearer with a good cookie", status: 401, edit: func(r *http.Request) {
			r.AddCookie(good)
			r.Header.Set("Authorization", "Bearer x")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res := get(t, h, "GET", "/api/catalog", c.edit)
			text := body(t, res)
			if res.StatusCode != c.status || !strings.Contains(text, c.want) {
				t.Errorf("got %s: %s", res.Status, text)
			}
			if c.status == 401 && (res.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(text, `"kind":"unauthorized"`)) {
				t.Errorf("got no problem document: %s", text)
			}
		})
	}
}

func TestAnEmptyTokenOpensNothing(t *testing.T) {
	t.Parallel()
	h := console.Handler(whoami, console.Options{})
	if res := get(t, h, "GET", "/api/catalog", header("Authorization", "Bearer ")); res.StatusCode != 401 {
		t.Errorf("got %s", res.Status)
	}
	if res := get(t, h, "GET", "/?token="); res.StatusCode != 401 {
		t.Errorf("got %s", res.Status)
	}
}

func TestSignInPage(t *testing.T) {
	t.Parallel()
	h := newHandler()
	post := func(token string) *http.Response {
		return get(t, h, "POST", "/session", func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader("token=" + token))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		})
	}
	if res := get(t, h, "GET", "/"); res.StatusCode != 401 || !strings.Contains(body(t, res), `action="/session"`) {
		t.Errorf("without a session: got %s", res.Status)
	}
	if res := get(t, h, "GET", "/?token=old"); res.StatusCode != 401 || len(res.Cookies()) != 0 {
		t.Errorf("with an old link: got %s", res.Status)
	}
	if res := post("wrong"); res.StatusCode != 401 || !strings.Contains(body(t, res), `role="alert"`) {
		t.Errorf("with a wrong token: got %s", res.Status)
	}
	if res := post(token); res.StatusCode != http.StatusSeeOther || len(res.Cookies()) != 1 {
		t.Errorf("with the token: got %s", res.Status)
	}
	if res := get(t, h, "POST", "/session/end"); res.StatusCode != http.StatusSeeOther || res.Cookies()[0].MaxAge >= 0 {
		t.Errorf("signing out: got %s", res.Status)
	}
}

func TestOtherSitesMayNotPost(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, c := range []struct {
		name, method, key, value string
		status                   int
	}{
		{name: "same origin by fetch metadata", method: "POST", key: "Sec-Fetch-Site", value: "same-origin", status: 200},
		{name: "another site", method: "POST", key: "Sec-Fetch-Site", value: "cross-site", status: 403},
		{name: "another port of this host", method: "POST", key: "Sec-Fetch-Site", value: "same-site", status: 403},
		{name: "same origin by origin", method: "POST", key: "Origin", value: "http://example.com", status: 200},
		{name: "another origin", method: "POST", key: "Origin", value: "http://evil.example", status: 403},
		{name: "a page without origin", method: "POST", key: "Origin", value: "null", status: 403},
		{name: "no browser", method: "POST", key: "Accept", value: "*/*", status: 200},
		{name: "reading is harmless", method: "GET", key: "Sec-Fetch-Site", value: "cross-site", status: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res := get(t, h, c.method, "http://example.com/api/query", header("Authorization", "Bearer "+token), header(c.key, c.value))
			if res.StatusCode != c.status {
				t.Errorf("got %s, want %d", res.Status, c.status)
			}
		})
	}
}

func TestEveryAnswerIsHardened(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, target := range []string{"/", "/api/catalog", "/assets/none.js", "/nowhere"} {
		got := get(t, h, "GET", target).Header
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"} {
			if got.Get(name) != want {
				t.Errorf("%s: %s is %q", target, name, got.Get(name))
			}
		}
		policy := got.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy lacks %s", target, want)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: the policy is not strict: %s", target, policy)
		}
		if p := got.Get("Referrer-Policy"); p != "no-referrer" && target != "/" {
			t.Errorf("%s: referrers are sent: %q", target, p)
		}
	}
}

var assetAddress = regexp.MustCompile(`/assets/[^"]+`)

func TestAssetsAreHashedAndKept(t *testing.T) {
	t.Parallel()
	h := newHandler()
	c := session(t, h, token)
	page := body(t, get(t, h, "GET", "/", func(r *http.Request) { r.AddCookie(c) }))
	found := assetAddress.FindAllString(page, -1)
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) != 4 {
		t.Fatalf("the page names %v, want a logo, a style sheet and two scripts", found)
	}
	for _, address := range found {
		plain := get(t, h, "GET", address)
		want := body(t, plain)
		if plain.StatusCode != 200 || want == "" || plain.Header.Get("Content-Type") == "" {
			t.Errorf("%s: %s", address, plain.Status)
		}
		if cc := plain.Header.Get("Cache-Control"); !strings.Contains(cc, "immutable") {
			t.Errorf("%s: Cache-Control %q", address, cc)
		}
		zipped := get(t, h, "GET", address, header("Accept-Encoding", "br, gzip;q=0.8"))
		if zipped.Header.Get("Content-Encoding") != "gzip" {
			if len(want) > 1024 {
				t.Errorf("%s is not compressed", address)
			}
			continue
		}
		r, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != want {
			t.Errorf("%s: the compressed form differs (%v)", address, err)
		}
	}
	if res := get(t, h, "GET", "/assets/main-OLD.js"); res.StatusCode != 404 {
		t.Errorf("an old name: got %s", res.Status)
	}
}

// maxScript is what a visitor downloads of scripts at most, compressed.
const maxScript = 350 << 10

func TestScriptsStaySmall(t *testing.T) {
	t.Parallel()
	h := newHandler()
	c := session(t, h, token)
	page := body(t, get(t, h, "GET", "/", func(r *http.Request) { r.AddCookie(c) }))
	total := 0
	for _, address := range assetAddress.FindAllString(page, -1) {
		if strings.HasSuffix(address, ".js") {
			total += len(body(t, get(t, h, "GET", address, header("Accept-Encoding", "gzip"))))
		}
	}
	if total > maxScript {
		t.Errorf("the scripts weigh %d bytes, more than %d", total, maxScript)
	}
	if strings.Contains(page, "<style") || strings.Contains(page, "style=") || regexp.MustCompile(`<script>|\son\w+=`).MatchString(page) {
		t.Error("the page has inline script or style, which its policy forbids")
	}
}

func TestEventsPassUnbuffered(t *testing.T) {
	t.Parallel()
	next := make(chan bool)
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range next {
			_, _ = io.WriteString(w, "data: 1\n\n")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Errorf("flush: %v", err)
			}
		}
	})
	server := httptest.NewServer(console.Handler(api, console.Options{Token: token}))
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	go func() { next <- true }()
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf := make([]byte, 9)
	if _, err := io.ReadFull(res.Body, buf); err != nil || string(buf) != "data: 1\n\n" {
		t.Errorf("got %q, %v before the stream ended", buf, err)
	}
	close(next)
}
