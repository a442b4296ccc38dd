// Package athena is a proxy in front of Trino that speaks Athena's API: questions are started, looked at, paged, stopped,
// kept for reuse and left as CSV in a bucket as Athena does it, and Trino answers them. It is for tests. What it cannot
// show is what is Athena's own: capacity, prices, Lake Formation, and the differences of its engine from Trino.
package athena

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/integration"
)

// WorkGroup is what a workgroup allows. The zero WorkGroup sets no limit.
type WorkGroup struct {
	Results    string        // s3://bucket/folder/, where answers are left unless the question says where
	Enforced   bool          // what the question says of it does not count
	ScanBytes  int64         // a question that reads more is cancelled
	MaxTime    time.Duration // a question that runs longer fails
	Concurrent int           // questions that run at once; more are queued
}

// Server is the proxy. It is safe for concurrent use.
type Server struct {
	Endpoint string // of the API, over HTTP

	trino  string
	groups map[string]*group
	bucket *sdk.Client
	now    func() time.Time
	ctx    context.Context // of the questions that run, which outlive the requests that started them
	work   sync.WaitGroup

	mu        sync.Mutex
	questions map[string]*question
	tokens    map[string]*question
	throttled int
	refused   int
}

type group struct {
	WorkGroup
	name  string
	slots chan struct{} // nil: no limit
}

// Start starts a proxy on Trino with these workgroups, whose answers lie in objects. It ends with the test.
func Start(t testing.TB, engine *integration.Engine, objects integration.Objects, groups map[string]WorkGroup) *Server {
	t.Helper()
	config, err := cloud.Load(t.Context(), cloud.Settings{Region: integration.Region, Endpoint: objects.Endpoint, Key: integration.Key, Secret: integration.Secret})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{trino: engine.Endpoint(), groups: map[string]*group{}, bucket: s3.Client(config), now: time.Now, ctx: ctx,
		questions: map[string]*question{}, tokens: map[string]*question{}}
	for name, g := range groups {
		s.groups[name] = &group{WorkGroup: g, name: name}
		if g.Concurrent > 0 {
			s.groups[name].slots = make(chan struct{}, g.Concurrent)
		}
	}
	front := httptest.NewServer(s)
	s.Endpoint = front.URL
	t.Cleanup(func() {
		cancel()
		front.Close()
		s.work.Wait()
	})
	return s
}

// Throttle lets the next n requests be refused as too many.
func (s *Server) Throttle(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttled = n
}

// Refused returns how many requests were refused as too many.
func (s *Server) Refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// Later moves the proxy's clock, by which kept answers grow old.
func (s *Server) Later(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.now
	s.now = func() time.Time { return before().Add(by) }
}

// Ended returns the states of the questions that were asked, by their ids.
func (s *Server) Ended() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := map[string]string{}
	for id, q := range s.questions {
		states[id] = q.state
	}
	return states
}

// problem is an error as Athena answers it.
type problem struct {
	status int
	code   string
	text   string
}

func (p *problem) Error() string { return p.code + ": " + p.text }

func invalid(text string) error {
	return &problem{http.StatusBadRequest, "InvalidRequestException", text}
}

// ServeHTTP answers one request of AWS's JSON 1.1 protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := s.answer(r)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err != nil {
		p, ok := err.(*problem)
		if !ok {
			p = &problem{http.StatusInternalServerError, "InternalServerException", err.Error()}
		}
		w.WriteHeader(p.status)
		answer = map[string]string{"__type": p.code, "Message": p.text}
	}
	_ = json.NewEncoder(w).Encode(answer) // who has gone hears no answer
}

func (s *Server) answer(r *http.Request) (any, error) {
	if s.throttle() {
		return nil, &problem{http.StatusBadRequest, "TooManyRequestsException", "You have exceeded the limit for the number of queries you can run concurrently"}
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		return nil, &problem{http.StatusBadRequest, "MissingAuthenticationTokenException", "the request is not signed"}
	}
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "AmazonAthena.")
	in := json.NewDecoder(r.Body)
	switch action {
	case "StartQueryExecution":
		return call(in, s.start)
	case "GetQueryExecution":
		return call(in, s.look)
	case "GetQueryResults":
		return call(in, s.page)
	case "StopQueryExecution":
		return call(in, s.stop)
	case "GetWorkGroup":
		return call(in, s.workGroup)
	}
	return nil, &problem{http.StatusBadRequest, "UnknownOperationException", "the proxy does not know " + cmp.Or(action, "an action without a name")}
}

func (s *Server) throttle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.throttled == 0 {
		return false
	}
	s.throttled, s.refused = s.throttled-1, s.refused+1
	return true
}

func call[In, Out any](body *json.Decoder, do func(In) (Out, error)) (any, error) {
	var in In
	if err := body.Decode(&in); err != nil {
		return nil, &problem{http.StatusBadRequest, "SerializationException", err.Error()}
	}
	return do(in)
}
