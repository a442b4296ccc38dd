// Package movementpass speaks the HTTP contract of the existing Movement Pass clients over the service: the paths and
// answers of the Node implementation, the rules of the .NET one. docs/decisions/002-movement-pass-contract.md says
// which is followed where.
package movementpass

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

// Options tune the contract. All but Secret may be zero.
type Options struct {
	Secret    []byte         // signs tokens and upload addresses; at least 32 bytes
	Issuer    string         // who issues tokens and for whom; empty: "movement-pass.com"
	PublicURL string         // where clients reach us, without a slash at the end; empty: as each request says
	Rand      io.Reader      // where photo names come from; nil: crypto/rand
	Log       *slog.Logger   // nil: none
	Observe   func(Rejected) // hears of every application that was not accepted; nil: nobody
	Limits    ingest.Limits
}

// Waived returns the rules that no profile enforces here: nobody ever held a thana against its district, and nearly
// all of the load client's pairs differ. They are counted as data quality.
func Waived() []string { return []string{"applicants.thana_in_district", "passes.thana_in_district"} }

// api answers the existing clients.
type api struct {
	service *ingest.Service
	photos  *photos
	tokens  *tokens
	opts    Options

	division               map[string]string // by district
	apply, register, login *ingest.Shape     // what is asked
	photo                  *ingest.Shape
	pass, applicant        *ingest.Shape // what is answered
}

// NewHandler returns the contract over the service, whose datasets are applicants and passes, with and without the
// prefix /v1. Uploaded photos go to store.
func NewHandler(service *ingest.Service, registry *schemas.Registry, store Photos, opts Options) (http.Handler, error) {
	if len(opts.Secret) < minSecret {
		return nil, fault.New(fault.Invalid, "the token secret has %d bytes; it needs %d", len(opts.Secret), minSecret)
	}
	if opts.Issuer == "" {
		opts.Issuer = "movement-pass.com"
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	a := &api{service: service, opts: opts, tokens: newTokens(opts.Secret, opts.Issuer, service.Now)}
	a.photos = newPhotos(store, opts, service.Now)
	if err := a.shapes(registry); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for _, prefix := range []string{"", "/v1"} {
		mux.Handle(prefix+"/identity/photo", a.route(methods{"POST": a.photoAddress}))
		mux.Handle(prefix+"/identity/register", a.route(methods{"POST": a.registered}))
		mux.Handle(prefix+"/identity/login", a.route(methods{"POST": a.loggedIn}))
		mux.Handle(prefix+"/passes", a.route(methods{"GET": a.list, "POST": a.applied}))
		mux.Handle(prefix+"/passes/{id}", a.route(methods{"GET": a.detail}))
		mux.HandleFunc(prefix+"/photos/{filename}", a.photos.serve)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, fault.New(fault.NotFound, "There is nothing here!"))
	})
	return ingest.Guard(mux, opts.Limits, opts.Log, refuse), nil
}

// methods are the answers of one path by method.
type methods map[string]func(w http.ResponseWriter, r *http.Request) error

// route picks the method's answer, with the CORS headers that the web client needs: any origin, a year of preflight.
func (a *api) route(m methods) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Access-Control-Allow-Origin"] = anyOrigin
		handle := m[r.Method]
		switch {
		case handle != nil:
			if err := handle(w, r); err != nil {
				a.fail(w, r, err)
			}
		case r.Method == http.MethodHead && m[http.MethodGet] != nil:
			if err := m[http.MethodGet](w, r); err != nil {
				a.fail(w, r, err)
			}
		case r.Method == http.MethodOptions:
			h.Set("Access-Control-Allow-Methods", "GET,POST")
			h.Set("Access-Control-Allow-Headers", "Authorization,Content-Type")
			h.Set("Access-Control-Max-Age", "31536000")
			w.WriteHeader(http.StatusNoContent)
		default:
			h.Set("Allow", m.allowed())
			answerErrors(w, http.StatusMethodNotAllowed, "The method is not one of this path!")
		}
	})
}

func (m methods) allowed() string {
	var names []string
	for _, name := range []string{"GET", "POST"} {
		if m[name] != nil {
			names = append(names, name)
		}
	}
	return strings.Join(append(names, "OPTIONS"), ", ")
}

var anyOrigin = []string{"*"} // shared by all answers and never changed

func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	if status := ingest.Status(err); status >= http.StatusInternalServerError {
		a.opts.Log.ErrorContext(r.Context(), "request not answered", "path", r.URL.Path, "status", status, telemetry.Err, err)
	}
	refuse(w, err)
}

// applicantViewer is who an applicant is to the service: somebody whose own records may lie in any region.
func applicantViewer(id string) viewer.Viewer {
	return viewer.Viewer{ID: id, Regions: []string{viewer.All}, Roles: []string{ingest.Reader, ingest.Writer}}
}

// ttl is how long a token is good.
const ttl = time.Hour
