package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/memory"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
	"github.com/tarn-lake/tarn/schemas/check"
)

var noon = time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)

// movement loads the embedded schemas once for all tests.
var movement = sync.OnceValues(func() (*schemas.Registry, error) { return schemas.Load(schemas.Embedded()) })

func registry(tb testing.TB) *schemas.Registry {
	tb.Helper()
	r, err := movement()
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// world is a service over a store in memory and its API, whose every request and answer is held against its own
// description.
type world struct {
	tb      testing.TB
	store   *memory.Store
	service *ingest.Service
	handler http.Handler
	clock   *clock
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// setup says what a test's world differs in.
type setup struct {
	registry *schemas.Registry
	mode     schemas.Mode
	opts     ingest.HandlerOptions
	options  func(*ingest.Options)
}

func newWorld(tb testing.TB, s setup) *world {
	tb.Helper()
	if s.registry == nil {
		s.registry = registry(tb)
	}
	known := known(tb, s.registry)
	w := &world{tb: tb, clock: &clock{at: noon}, store: memory.NewStore(ingest.Tables(s.registry)...)}
	opts := ingest.Options{Now: w.clock.now, Rules: known.rules, Profile: s.mode}
	if s.options != nil {
		s.options(&opts)
	}
	var err error
	if w.service, err = ingest.New(s.registry, w.store, opts); err != nil {
		tb.Fatal(err)
	}
	if s.opts.Log == nil {
		s.opts.Log = slog.New(slog.NewTextHandler(tb.Output(), nil))
	}
	api, err := ingest.Handler(w.service, s.opts)
	if err != nil {
		tb.Fatal(err)
	}
	w.handler = described(tb, known, signedIn(api))
	return w
}

// signedIn makes the viewer that the header Test-Viewer names: all roles, or those named; "nobody" is none.
func signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := viewer.System()
		switch name := r.Header.Get("Test-Viewer"); {
		case name == "nobody":
			next.ServeHTTP(w, r)
			return
		case strings.HasPrefix(name, "region:"):
			v = viewer.Viewer{ID: name, Regions: []string{strings.TrimPrefix(name, "region:")}, Roles: []string{viewer.All}}
		case name != "":
			v = viewer.Viewer{ID: name, Regions: []string{viewer.All}, Roles: strings.Split(name, "+")}
		}
		next.ServeHTTP(w, r.WithContext(viewer.With(r.Context(), v)))
	})
}

// described holds every request and answer against the description.
func described(tb testing.TB, known *derived, next http.Handler) http.Handler {
	tb.Helper()
	doc, router := known.doc, known.router
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			tb.Error(err)
		}
		rec := httptest.NewRecorder()
		asked := r.Clone(r.Context())
		asked.Body = io.NopCloser(bytes.NewReader(body))
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(rec, r)
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())

		route, params, err := router.FindRoute(asked)
		if err != nil || rec.Code == http.StatusMethodNotAllowed {
			undescribed(tb, doc, asked, rec)
			return
		}
		in := &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route, Options: options}
		bad := openapi3filter.ValidateRequest(context.Background(), in)
		if bad != nil && rec.Code < 400 {
			tb.Errorf("%s %s was answered %d, but the description forbids it: %v\n%s", r.Method, r.URL, rec.Code, bad, body)
		}
		out := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: rec.Code, Header: rec.Header(), Options: options,
			Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())),
		}
		if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
			tb.Errorf("%s %s: the answer %d is not as described: %v\n%s", r.Method, r.URL, rec.Code, err, rec.Body)
		}
	})
}

// undescribed holds an answer to something that the description does not know against the problem's schema.
func undescribed(tb testing.TB, doc *openapi3.T, r *http.Request, rec *httptest.ResponseRecorder) {
	tb.Helper()
	if r.Method == http.MethodOptions || r.Method == http.MethodHead {
		return
	}
	if rec.Code < 400 {
		tb.Errorf("%s %s was answered %d, but is not described", r.Method, r.URL, rec.Code)
		return
	}
	var value any
	if err := json.Unmarshal(rec.Body.Bytes(), &value); err != nil {
		tb.Errorf("%s %s: %v: %s", r.Method, r.URL, err, rec.Body)
		return
	}
	if err := doc.Components.Schemas["Problem"].Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		tb.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
}

// derived is what is made of a registry once for all tests.
type derived struct {
	rules  map[string]*check.Rules
	doc    *openapi3.T
	router routers.Router
}

var all sync.Map // registry to its derived

func known(tb testing.TB, reg *schemas.Registry) *derived {
	tb.Helper()
	if d, ok := all.Load(reg); ok {
		return d.(*derived)
	}
	rules, err := ingest.CompileRules(reg)
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := ingest.OpenAPI(reg)
	if err != nil {
		tb.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		tb.Fatal(err)
	}
	router, err := legacy.NewRouter(doc, openapi3.IsOpenAPI31OrLater())
	if err != nil {
		tb.Fatal(err)
	}
	d, _ := all.LoadOrStore(reg, &derived{rules: rules, doc: doc, router: router})
	return d.(*derived)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(tb testing.TB) map[string]any {
	tb.Helper()
	var m map[string]any
	d := json.NewDecoder(strings.NewReader(a.body))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		tb.Fatalf("%v: %s", err, a.body)
	}
	return m
}

// fields returns the names of the problem's bad fields.
func (a answer) fields(tb testing.TB) []string {
	tb.Helper()
	var names []string
	list, _ := a.json(tb)["fields"].([]any)
	for _, f := range list {
		names = append(names, f.(map[string]any)["field"].(string))
	}
	return names
}

// do asks; headers come in pairs.
func (w *world) do(method, path, body string, headers ...string) answer {
	w.tb.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return answer{status: rec.Code, header: rec.Header(), body: rec.Body.String()}
}

func (w *world) want(status int, method, path, body string, headers ...string) answer {
	w.tb.Helper()
	a := w.do(method, path, body, headers...)
	if a.status != status {
		w.tb.Fatalf("%s %s: got %d, want %d: %s", method, path, a.status, status, a.body)
	}
	return a
}

const (
	people = "/v1/datasets/applicants/records"
	passes = "/v1/datasets/passes/records"
	phone  = "01712345678"
)

const person = `{"id":"01712345678","name":"Rahima Begum","district":1001,"thana":10001,"dateOfBirth":"1990-02-03","gender":"F",` +
	`"idType":"NID","idNumber":"123","photo":"https://photos.example.org/a.jpg"}`

const pass = `{"fromLocation":"Home","toLocation":"Market","district":1001,"thana":10001,"startAt":"2026-11-20T08:00:00Z","endAt":"2026-11-20T10:00:00Z",` +
	`"type":"R","reason":"Grocery","includeVehicle":false,"applicantId":"01712345678"}`

// withPass makes a world with one applicant and one pass, and returns the pass's path.
func withPass(tb testing.TB, s setup) (*world, string) {
	tb.Helper()
	w := newWorld(tb, s)
	w.want(201, "POST", people, person)
	return w, w.want(201, "POST", passes, pass).header.Get("Location")
}

func (w *world) item(table, id string) record.Item {
	w.tb.Helper()
	item, err := w.store.Get(context.Background(), table, ingest.Key{Partition: record.String(id)})
	if err != nil {
		w.tb.Fatal(err)
	}
	return item
}
