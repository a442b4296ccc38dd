// Command query-lambda answers questions about the lake by Athena, and serves the console: behind an HTTP API of API
// Gateway, or a function URL.
package main

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"os"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/athena"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/function"
	"github.com/tarn-lake/tarn/internal/lambdahttp"
	"github.com/tarn-lake/tarn/internal/oidc"
	"github.com/tarn-lake/tarn/internal/warehouse"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/athena"
	"github.com/tarn-lake/tarn/query/console"
)

// again is how often an open page asks whether there is something new: each time is a call of the function.
const again = 30 * time.Second

// version is set when the program is linked.
var version = "unknown"

func main() { os.Exit(function.Main(run)) }

// run opens what the function needs, once, and returns what answers its events.
func run(ctx context.Context, getenv func(string) string, out io.Writer) (any, error) {
	settings, err := config.Load[config.Query](getenv)
	if err != nil {
		return nil, err
	}
	base, err := function.Open(ctx, settings.Function, out)
	if err != nil {
		return nil, err
	}
	if base, err = narrow(base, settings.Datasets); err != nil {
		return nil, err
	}
	service, err := open(ctx, settings, base)
	if err != nil {
		return nil, err
	}
	pages, err := pages(ctx, settings, base, service)
	if err != nil {
		return nil, err
	}
	h := lambdahttp.New(pages, lambdahttp.Options{Log: base.Log, Observe: base.Observe, Grace: settings.Grace})
	if settings.Stream {
		return h.Stream, nil
	}
	return h, nil
}

// narrow leaves of the datasets those that may be asked about: of the others nothing is offered, and nothing is looked up.
func narrow(base *function.Base, datasets []string) (*function.Base, error) {
	if len(datasets) == 0 {
		return base, nil
	}
	only, err := base.Registry.Only(datasets)
	if err != nil {
		return nil, config.Refuse([]fault.Field{{Name: "TARN_DATASETS", Message: err.Error()}})
	}
	narrowed := *base
	narrowed.Registry = only
	return &narrowed, nil
}

// open returns the service that answers questions.
func open(ctx context.Context, s config.Query, base *function.Base) (*query.Service, error) {
	lake, err := warehouse.Open(ctx, base, s.Lake, s.Database)
	if err != nil {
		return nil, err
	}
	client := sdk.NewFromConfig(base.AWS)
	engine := func(group string) (*athena.Engine, error) {
		return athena.New(client, athena.Options{Database: s.Database, WorkGroup: group, Results: s.Results.Folder(), Read: base.Read})
	}
	dashboards, err := engine(s.WorkGroup)
	if err != nil {
		return nil, err
	}
	typed, err := engine(cmp.Or(s.AdHoc, s.WorkGroup))
	if err != nil {
		return nil, err
	}
	opts := query.Options{Timeout: s.Timeout, AdHoc: typed, Holes: lake.Holes}
	if !s.Stream {
		opts.Again = again
	}
	return query.New(base.Registry, query.NewLake(lake.Catalog, base.Registry, query.Marked{}), dashboards, opts), nil
}

// pages returns everything that people and machines ask: they come in with a token of the issuer, or with the session
// that it was changed for.
func pages(ctx context.Context, s config.Query, base *function.Base, service *query.Service) (http.Handler, error) {
	secret, err := base.Secret(ctx, s.SessionSecret)
	if err != nil {
		return nil, err
	}
	keys := oidc.NewKeys(cmp.Or(s.Keys, s.Issuer+"/.well-known/jwks.json"), nil, nil)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("/", console.Handler(query.Handler(service), console.Options{
		Issuer:     oidc.NewVerifier(oidc.Trust{Issuer: s.Issuer, Clients: s.Clients}, keys, nil),
		SessionKey: secret.Key("session"), Version: version,
	}))
	return mux, nil
}
