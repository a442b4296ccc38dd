package node

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/folder"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/console"
)

// shutdownIn is how long requests under way may take once the process is told to stop.
const shutdownIn = 300 * time.Millisecond

// Listen takes the address before anything else is opened, so that a taken port is the first thing that is said.
func Listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fault.Wrap(fault.Conflict, err, "the address %s is taken by another program: choose another with --addr HOST:PORT (--addr 127.0.0.1:0 takes any free port)", addr)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "cannot listen on %s", addr)
	}
	return l, nil
}

// Serve answers HTTP on the listener until ctx is done, and tells the data folder where.
func (n *Node) Serve(ctx context.Context, l net.Listener) error {
	handler, err := n.handler()
	if err != nil {
		return err
	}
	n.url = "http://" + l.Addr().String()
	if err := n.folder.Announce(folder.Running{PID: os.Getpid(), URL: n.url, Token: n.Token()}); err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", n.url, err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		brief, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownIn)
		defer cancel()
		if server.Shutdown(brief) != nil {
			_ = server.Close() // live pages never end by themselves
		}
		return nil
	})
	return g.Wait()
}

// Token returns the token that lets its bearer see and do everything on this machine.
func (n *Node) Token() string { return fmt.Sprintf("%x", n.folder.Key("token")[:16]) }

// URL returns where the node is served.
func (n *Node) URL() string { return n.url }

// handler is every path of the process.
func (n *Node) handler() (http.Handler, error) {
	service, err := n.service()
	if err != nil {
		return nil, err
	}
	records, err := ingest.Handler(service, ingest.HandlerOptions{Log: n.log})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", n.serveHealth)
	mux.Handle("GET /metrics", n.meters.handler())
	mux.Handle("POST /admin/{name}", n.guarded(http.HandlerFunc(n.serveOperation)))
	mux.Handle("GET /debug/pprof/", n.guarded(http.HandlerFunc(pprof.Index)))
	mux.Handle("GET /debug/pprof/profile", n.guarded(http.HandlerFunc(pprof.Profile)))
	mux.Handle("/v1/datasets/", n.measured("records", n.signed(records)))
	mux.Handle("/v1/", records) // the description, and what there is not
	if err := n.mountMovementPass(mux, service); err != nil {
		return nil, err
	}
	pages := console.Handler(query.Handler(n.query), console.Options{
		Token: n.Token(), Version: n.opts.Version,
		Viewer: viewer.Viewer{ID: "local", Regions: []string{viewer.All}, Roles: []string{"reader", "writer", "approver"}},
		Tokens: n.regionTokens(),
	})
	mux.Handle("/", n.measured("console", pages))
	return mux, nil
}

func (n *Node) mountMovementPass(mux *http.ServeMux, service *ingest.Service) error {
	if !n.HasDemo() {
		return nil
	}
	h, err := n.movementPass(service)
	if err != nil {
		return err
	}
	h = n.measured("movement-pass", h)
	for _, prefix := range []string{"", "/v1"} {
		mux.Handle(prefix+"/identity/", h)
		mux.Handle(prefix+"/passes", h)
		mux.Handle(prefix+"/passes/", h)
	}
	mux.Handle("/photos/", h)
	return nil
}

// guarded lets only the local token in.
func (n *Node) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !n.local(r) {
			http.Error(w, "the local token is missing or wrong", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// local reports whether the request bears the local token.
func (n *Node) local(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+n.Token())) == 1
}

// signed puts the viewer of a bearer token into the context; without one the API itself refuses.
func (n *Node) signed(next http.Handler) http.Handler {
	whole := viewer.Viewer{ID: "local", Regions: []string{viewer.All}, Roles: []string{viewer.All}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.local(r) {
			r = r.WithContext(viewer.With(r.Context(), whole))
		}
		next.ServeHTTP(w, r)
	})
}

// measured counts the time of requests by area.
func (n *Node) measured(area string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/live" {
			next.ServeHTTP(w, r) // stays open for hours
			return
		}
		began := time.Now()
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(s, r)
		n.meters.requests.WithLabelValues(area, strconv.Itoa(s.status)).Observe(time.Since(began).Seconds())
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
