package rehearsal

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// Proxy stands before a service and answers in its place where it is told to. Signatures stay right: the host is passed on.
type Proxy struct {
	URL string

	mu       sync.Mutex
	instead  func(w http.ResponseWriter, r *http.Request) bool
	requests map[string]int
}

// NewProxy starts a Proxy before the service at an address; it stops with the test.
func NewProxy(t testing.TB, service string) *Proxy {
	t.Helper()
	to, err := url.Parse(service)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{requests: map[string]int{}}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, r.In.Host
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		instead := p.instead
		p.requests[r.Method]++
		p.mu.Unlock()
		if instead == nil || !instead(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Instead makes answer stand in for the service wherever it returns true; nil: nowhere.
func (p *Proxy) Instead(answer func(w http.ResponseWriter, r *http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instead = answer
}

// Requests returns how many requests of a method have come.
func (p *Proxy) Requests(method string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[method]
}
