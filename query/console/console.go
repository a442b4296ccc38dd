// Package console serves the dashboard: one page of embedded assets, the sign-in before it, and the session that carries
// the viewer to the query API.
package console

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
)

//go:generate go run ./internal/bundle

// Options is what the pages show and who may open them.
type Options struct {
	// Token opens everything to whoever has it. Empty: only Tokens do.
	Token string
	// Tokens gives further tokens viewers of their own, such as a manager who sees one region.
	Tokens map[string]viewer.Viewer
	// Viewer is who comes in with Token. The zero Viewer stands for a reader of every region.
	Viewer viewer.Viewer
	// Issuer, where set, knows tokens that others issue, such as Cognito. Whoever signs in with one gets a session that
	// lasts as long as the token, sealed with SessionKey.
	Issuer     Issuer
	SessionKey []byte
	// Title is the product's name on the pages; empty: Tarn.
	Title string
	// Version is shown at the foot of the page; empty: none.
	Version string
}

// Issuer says whom a token is for, and until when. Its error is a fault: Unauthorized for a token that is not valid.
type Issuer interface {
	Verify(ctx context.Context, token string) (viewer.Viewer, time.Time, error)
}

// policy lets the page load from its own origin and from nowhere else. Styles are set through the object model, which
// the policy does not concern; no inline script or style is ever needed.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Handler serves the page at /, its files below /assets/, the session at /session, and api below /api/. Requests to api
// carry a viewer in their context; those of nobody are answered with 401 and a problem document. It is safe for
// concurrent use.
func Handler(api http.Handler, o Options) http.Handler {
	if o.Title == "" {
		o.Title = "Tarn"
	}
	p := &pages{door: newDoor(o), assets: openAssets(), title: o.Title, version: o.Version}
	mux := http.NewServeMux()
	mux.Handle("/api/", p.door.guard(api))
	mux.Handle("GET /assets/{name}", p.assets)
	mux.HandleFunc("POST /session", p.signIn)
	mux.HandleFunc("POST /session/end", p.signOut)
	mux.HandleFunc("GET /{$}", p.shell)
	return harden(sameSite(mux))
}

// harden sets the headers that every answer carries.
func harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		next.ServeHTTP(w, r)
	})
}

// sameSite refuses what another site's page tries to make a signed-in browser do.
func sameSite(next http.Handler) http.Handler {
	check := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := check.Check(r); err != nil {
			problem(w, fault.New(fault.Denied, "the request comes from another site"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bearer returns the token of an Authorization header, or "".
func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
