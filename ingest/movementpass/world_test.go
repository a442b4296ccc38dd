package movementpass_test

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

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/memory"
	"github.com/tarn-lake/tarn/ingest/movementpass"
	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/schemas"
)

var _ movementpass.Photos = (*dir.Dir)(nil)

var (
	noon   = time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	secret = bytes.Repeat([]byte("s"), 64)
)

var movement = sync.OnceValues(func() (*schemas.Registry, error) { return schemas.Load(schemas.Embedded()) })

func registry(tb testing.TB) *schemas.Registry {
	tb.Helper()
	r, err := movement()
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// world is the contract behind a real server.
type world struct {
	tb       testing.TB
	url      string
	service  *ingest.Service
	clock    *clock
	mu       sync.Mutex
	rejected []movementpass.Rejected
	logged   *bytes.Buffer
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

func newWorld(tb testing.TB, mode schemas.Mode, store ingest.Store) *world {
	tb.Helper()
	reg := registry(tb)
	if store == nil {
		store = memory.NewStore(ingest.Tables(reg)...)
	}
	rules, err := ingest.CompileRules(reg, movementpass.Waived()...)
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{tb: tb, clock: &clock{at: noon}, logged: new(bytes.Buffer)}
	w.service, err = ingest.New(reg, store, ingest.Options{Now: w.clock.now, Rules: rules, Profile: mode})
	if err != nil {
		tb.Fatal(err)
	}
	photos, err := dir.Open(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	h, err := movementpass.NewHandler(w.service, reg, photos, movementpass.Options{
		Secret: secret, Log: slog.New(slog.NewTextHandler(&locked{w: w.logged}, nil)),
		Observe: func(r movementpass.Rejected) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.rejected = append(w.rejected, r)
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(h)
	tb.Cleanup(server.Close)
	w.url = server.URL
	return w
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(tb testing.TB) map[string]any {
	tb.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		tb.Fatalf("%v: %s", err, a.body)
	}
	return m
}

// errors returns the texts of an error answer.
func (a answer) errors(tb testing.TB) string {
	tb.Helper()
	var texts []string
	list, ok := a.json(tb)["errors"].([]any)
	if !ok {
		tb.Errorf("no errors in %d %s", a.status, a.body)
	}
	for _, one := range list {
		texts = append(texts, one.(string))
	}
	return strings.Join(texts, "; ")
}

func (w *world) do(method, path, body string, headers ...string) answer {
	w.tb.Helper()
	if !strings.HasPrefix(path, "http") {
		path = w.url + path
	}
	r, err := http.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	if err != nil {
		w.tb.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json;charset=utf-8")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		w.tb.Fatal(err)
	}
	return answer{status: got.StatusCode, header: got.Header, body: string(raw)}
}

func (w *world) want(status int, method, path, body string, headers ...string) answer {
	w.tb.Helper()
	a := w.do(method, path, body, headers...)
	if a.status != status {
		w.tb.Fatalf("%s %s: got %d, want %d: %s", method, path, a.status, status, a.body)
	}
	return a
}

const phone = "01512345678"

func person(phone string) string {
	return `{"mobilePhone":"` + phone + `","name":"Applicant","district":1001,"thana":10001,"dateOfBirth":"1990-02-03","gender":"F",` +
		`"idType":"NID","idNumber":"0123456789012345","photo":"https://photos.movement-pass.com/a.jpg"}`
}

// application is what the load client sends; more is put in front of the last brace.
func application(more string) string {
	return `{"fromLocation":"Location A, Bagerhat, Bagerhat","toLocation":"Location B","district":1002,"thana":10001,` +
		`"dateTime":"2026-11-20T08:00:00.000Z","durationInHour":3,"type":"R","reason":"Grocery","includeVehicle":false` + more + `}`
}

// join registers somebody and returns the token.
func (w *world) join(phone string) string {
	w.tb.Helper()
	return w.want(200, "POST", "/v1/identity/register", person(phone)).json(w.tb)["token"].(string)
}
