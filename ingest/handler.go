package ingest

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

// HandlerOptions tune the HTTP API. The zero value works.
type HandlerOptions struct {
	Limits Limits
	Log    *slog.Logger // nil: none
}

// Handler returns the HTTP API of every dataset under /v1/, which /v1/openapi.json describes. Who asks stands in the
// request's context (see viewer), put there by whoever mounts it; without a viewer everything but the description is
// answered 401.
func Handler(s *Service, opts HandlerOptions) (http.Handler, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	opts.Limits = opts.Limits.filled()
	doc, err := OpenAPI(s.registry)
	if err != nil {
		return nil, err
	}
	a := &api{service: s, opts: opts, doc: doc}
	mux := http.NewServeMux()
	mux.Handle("/v1/openapi.json", a.route(methods{"GET": a.describe}))
	mux.Handle("/v1/datasets/{dataset}/records", a.route(methods{"GET": a.list, "POST": a.create}))
	one := methods{"GET": a.read, "PUT": a.replace, "PATCH": a.patch, "DELETE": a.remove}
	mux.Handle("/v1/datasets/{dataset}/records/{key}", a.route(one))
	with := methods{"POST": a.transition} // {sort} of a key with two fields, or a step of one
	for m, h := range one {
		with[m] = h
	}
	mux.Handle("/v1/datasets/{dataset}/records/{key}/{sort}", a.route(with))
	mux.Handle("/v1/datasets/{dataset}/records/{key}/{sort}/{step}", a.route(methods{"POST": a.transition}))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		WriteProblem(w, fault.New(fault.NotFound, "there is nothing at this path; /v1/openapi.json says what there is"))
	})
	return Guard(mux, opts.Limits, opts.Log, WriteProblem), nil
}

// api answers requests. Each answer is written whole, after all that can fail.
type api struct {
	service *Service
	opts    HandlerOptions
	doc     []byte
}

// methods are the answers of one path by method.
type methods map[string]func(w http.ResponseWriter, r *http.Request) error

// route picks the method's answer and turns its error into a problem. HEAD is a GET whose body net/http leaves out.
func (a *api) route(m methods) http.Handler {
	allow := []string{"OPTIONS"}
	for name := range m {
		allow = append(allow, name)
	}
	if m["GET"] != nil {
		allow = append(allow, "HEAD")
		m["HEAD"] = m["GET"]
	}
	slices.Sort(allow)
	allowed := strings.Join(allow, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := m[r.Method]
		switch {
		case h != nil:
			if err := h(w, r); err != nil {
				a.fail(w, r, err)
			}
		case r.Method == http.MethodOptions:
			w.Header().Set("Allow", allowed)
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", allowed)
			WriteProblem(w, fault.Wrap(fault.Invalid, errMethod, "%s is not a method of this path; %s are", clip(r.Method), allowed))
		}
	})
}

func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	if status := Status(err); status >= http.StatusInternalServerError {
		a.opts.Log.ErrorContext(r.Context(), "request not answered", "path", r.URL.Path, "status", status, telemetry.Err, err)
	}
	WriteProblem(w, err)
}

func (a *api) describe(w http.ResponseWriter, r *http.Request) error {
	if err := accepts(r); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "max-age=60")
	respond(w, http.StatusOK, "application/json", a.doc)
	return nil
}
