// Command api-lambda takes records over HTTP, behind an HTTP API of API Gateway, and keeps them in DynamoDB. It links no
// table library, so that it starts in milliseconds.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/dynamo"
	"github.com/tarn-lake/tarn/ingest/movementpass"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/function"
	"github.com/tarn-lake/tarn/internal/lambdahttp"
	"github.com/tarn-lake/tarn/internal/oidc"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

func main() { os.Exit(function.Main(run)) }

// run opens what the function needs, once, and returns what answers its events.
func run(ctx context.Context, getenv func(string) string, out io.Writer) (any, error) {
	settings, err := config.Load[config.API](getenv)
	if err != nil {
		return nil, err
	}
	base, err := function.Open(ctx, settings.Function, out)
	if err != nil {
		return nil, err
	}
	if err := judge(settings, base.Registry); err != nil {
		return nil, err
	}
	handler, err := open(ctx, settings, base)
	if err != nil {
		return nil, err
	}
	return lambdahttp.New(handler, lambdahttp.Options{Log: base.Log, Observe: base.Observe, Grace: settings.Grace}), nil
}

// judge refuses settings that do not fit the schemas, all at once.
func judge(s config.API, registry *schemas.Registry) error {
	var faults []fault.Field
	refuse := func(name, message string) { faults = append(faults, fault.Field{Name: name, Message: message}) }
	if s.Profile != "lenient" && s.Profile != "strict" {
		refuse("TARN_PROFILE", fmt.Sprintf("%q is neither lenient nor strict", s.Profile))
	}
	if movementPass(registry) && s.Uploads == "" {
		refuse("TARN_UPLOADS", "missing: the Movement Pass datasets need a place for photos")
	}
	if movementPass(registry) && s.TokenSecret == "" {
		refuse("TARN_TOKEN_SECRET", "missing: the Movement Pass datasets need a secret to sign tokens with")
	}
	return config.Refuse(faults)
}

// movementPass reports whether the contract of the existing clients is spoken.
func movementPass(registry *schemas.Registry) bool {
	_, passes := registry.Dataset("passes")
	_, applicants := registry.Dataset("applicants")
	return passes && applicants
}

// open returns everything that the API answers.
func open(ctx context.Context, s config.API, base *function.Base) (http.Handler, error) {
	profile, waived := schemas.Lenient, []string(nil)
	if s.Profile == "strict" {
		profile = schemas.Strict
	}
	if movementPass(base.Registry) {
		waived = movementpass.Waived()
	}
	rules, err := ingest.CompileRules(base.Registry, waived...)
	if err != nil {
		return nil, err
	}
	store := dynamo.New(dynamo.Client(base.AWS), ingest.Tables(base.Registry), dynamo.Options{Deployed: s.Tables.Of})
	service, err := ingest.New(base.Registry, store, ingest.Options{Log: base.Log, Profile: profile, Rules: rules, Observe: base.Observe})
	if err != nil {
		return nil, err
	}
	records, err := ingest.Handler(service, ingest.HandlerOptions{Log: base.Log})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("/", signed(records, oidc.Trust{Issuer: s.Issuer, Clients: s.Clients}))
	if !movementPass(base.Registry) {
		return mux, nil
	}
	return mux, mountMovementPass(ctx, mux, s, base, service)
}

func mountMovementPass(ctx context.Context, mux *http.ServeMux, s config.API, base *function.Base, service *ingest.Service) error {
	secret, err := base.Secret(ctx, s.TokenSecret)
	if err != nil {
		return err
	}
	h, err := movementpass.NewHandler(service, base.Registry, base.Bucket(s.Uploads), movementpass.Options{
		Secret: secret.Key("movement-pass"), PublicURL: s.PublicURL, Log: base.Log, Observe: func(r movementpass.Rejected) { base.Observe(r) },
	})
	if err != nil {
		return err
	}
	for _, prefix := range []string{"", "/v1"} {
		for _, path := range []string{"/identity/", "/passes", "/passes/", "/photos/"} {
			mux.Handle(prefix+path, h)
		}
	}
	return nil
}

// signed puts whom the front's authoriser has let in into the context; without anybody the API itself refuses.
func signed(next http.Handler, trust oidc.Trust) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, ok := lambdahttp.Claims(r.Context())
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		who, err := trust.Viewer(claims)
		if err != nil {
			ingest.WriteProblem(w, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(viewer.With(r.Context(), who)))
	})
}
