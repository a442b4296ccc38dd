package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
)

// cookieName is the cookie that holds a session.
const cookieName = "tarn_session"

// sessionAge is how long a browser keeps a session.
const sessionAge = 7 * 24 * time.Hour

// door knows who comes in with which token. A session is derived from its token, so sessions outlive a restart, end
// when the token is changed, and do not give the token away.
type door struct{ keys []key }

type key struct {
	token   [sha256.Size]byte // of the token, so that comparing takes the same time for every length
	session string
	who     viewer.Viewer
}

func newDoor(o Options) *door {
	d := &door{}
	if o.Token != "" {
		who := o.Viewer
		if who.ID == "" {
			who = viewer.Viewer{ID: "owner", Regions: []string{viewer.All}, Roles: []string{"reader"}}
		}
		d.add(o.Token, who)
	}
	for token, who := range o.Tokens {
		if token != "" {
			d.add(token, who)
		}
	}
	return d
}

func (d *door) add(token string, who viewer.Viewer) {
	d.keys = append(d.keys, key{token: sha256.Sum256([]byte(token)), session: session(token), who: who})
}

func session(token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("tarn session v1"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// byToken returns the session of a token. All tokens are compared, each in constant time.
func (d *door) byToken(token string) (session string, who viewer.Viewer, ok bool) {
	sum := sha256.Sum256([]byte(token))
	for _, k := range d.keys {
		if hmac.Equal(k.token[:], sum[:]) {
			session, who, ok = k.session, k.who, true
		}
	}
	return session, who, ok
}

// who returns the viewer of a request's token or cookie. A token that is there must be right: the cookie does not mend
// it.
func (d *door) who(r *http.Request) (who viewer.Viewer, ok bool) {
	if token := bearer(r); token != "" {
		_, who, ok = d.byToken(token)
		return who, ok
	}
	for _, c := range r.CookiesNamed(cookieName) {
		for _, k := range d.keys {
			if hmac.Equal([]byte(k.session), []byte(c.Value)) {
				who, ok = k.who, true
			}
		}
	}
	return who, ok
}

// guard lets requests with a viewer through to api.
func (d *door) guard(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := d.who(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", `Bearer realm="tarn"`)
			problem(w, fault.New(fault.Unauthorized, "sign in, or send Authorization: Bearer with a token"))
			return
		}
		api.ServeHTTP(w, r.WithContext(viewer.With(r.Context(), who)))
	})
}

func setSession(w http.ResponseWriter, r *http.Request, value string) {
	c := &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true, Secure: r.TLS != nil,
		SameSite: http.SameSiteStrictMode, MaxAge: int(sessionAge.Seconds())}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// problem answers with a problem document (RFC 9457).
func problem(w http.ResponseWriter, err *fault.Error) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(err.Kind.Status())
	// The client has gone when writing fails; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(err.Kind.Status()),
		"status": err.Kind.Status(), "detail": err.Message, "kind": err.Kind.String(), "fields": []fault.Field{}})
}
