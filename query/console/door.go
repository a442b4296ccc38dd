package console

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
)

// cookieName is the cookie that holds a session.
const cookieName = "tarn_session"

// sessionAge is how long a browser keeps a session.
const sessionAge = 7 * 24 * time.Hour

// door knows who comes in with which token. The session of a token of its own is derived from that, so sessions outlive a
// restart, end when the token is changed, and do not give the token away. The session of a token that others issued says
// whose it is and until when, under a seal.
type door struct {
	keys   []key
	issuer Issuer
	seal   seal
}

type key struct {
	token   [sha256.Size]byte // of the token, so that comparing takes the same time for every length
	session string
	who     viewer.Viewer
}

func newDoor(o Options) *door {
	d := &door{issuer: o.Issuer, seal: seal{o.SessionKey, time.Now}}
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

// enter returns the session of a token, of our own or issued by others, and how long it lasts.
func (d *door) enter(ctx context.Context, token string) (session string, age time.Duration, err error) {
	if session, _, ok := d.byToken(token); ok {
		return session, sessionAge, nil
	}
	if d.issuer == nil {
		return "", 0, errToken
	}
	who, until, err := d.issuer.Verify(ctx, token)
	if err != nil {
		return "", 0, err
	}
	return d.seal.write(who, until), time.Until(until), nil
}

var errToken = fault.New(fault.Unauthorized, "the token is not valid")

// who returns the viewer of a request's token or cookie. A token that is there must be right: the cookie does not mend
// it.
func (d *door) who(r *http.Request) (who viewer.Viewer, err error) {
	if token := bearer(r); token != "" {
		if _, who, ok := d.byToken(token); ok {
			return who, nil
		}
		if d.issuer == nil {
			return who, errSignIn
		}
		who, _, err = d.issuer.Verify(r.Context(), token)
		return who, err
	}
	err = errSignIn
	for _, c := range r.CookiesNamed(cookieName) {
		for _, k := range d.keys {
			if hmac.Equal([]byte(k.session), []byte(c.Value)) {
				who, err = k.who, nil
			}
		}
		if sealed, ok := d.seal.read(c.Value); ok {
			who, err = sealed, nil
		}
	}
	return who, err
}

var errSignIn = fault.New(fault.Unauthorized, "sign in, or send Authorization: Bearer with a token")

// guard lets requests with a viewer through to api.
func (d *door) guard(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := d.who(r)
		if err != nil {
			refuse(w, err)
			return
		}
		api.ServeHTTP(w, r.WithContext(viewer.With(r.Context(), who)))
	})
}

// refuse answers nobody. An issuer that cannot be asked is no reason to sign in again.
func refuse(w http.ResponseWriter, err error) {
	var told *fault.Error
	if !errors.As(err, &told) {
		told = fault.New(fault.Internal, "who asks cannot be told now")
	}
	if told.Kind == fault.Unauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="tarn"`)
	}
	problem(w, told)
}

func setSession(w http.ResponseWriter, r *http.Request, value string, age time.Duration) {
	c := &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true, Secure: r.TLS != nil,
		SameSite: http.SameSiteStrictMode, MaxAge: int(age.Seconds())}
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
