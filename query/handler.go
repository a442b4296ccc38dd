package query

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// maxBody bounds a request.
const maxBody = 256 << 10

// The forms of an answer.
const (
	formJSON  = "application/json"
	formCSV   = "text/csv"
	formArrow = "application/vnd.apache.arrow.stream"
)

// Handler returns the HTTP API, everything of it below /api. The viewer must be in the request's context.
func Handler(s *Service) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/catalog", s.serve(s.getCatalog))
	mux.HandleFunc("POST /api/query", s.serve(s.postQuery))
	mux.HandleFunc("POST /api/sql", s.serve(s.postSQL))
	mux.HandleFunc("GET /api/live", s.serve(s.getLive))
	mux.HandleFunc("/api/", s.serve(func(_ http.ResponseWriter, r *http.Request) error {
		return fault.New(fault.NotFound, "there is no %s %s", r.Method, r.URL.Path)
	}))
	return mux
}

// serve answers what a handler returns as an error.
func (s *Service) serve(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out := &started{ResponseWriter: w}
		if err := handle(out, r); err != nil && !out.begun {
			Problem(w, err)
		}
	}
}

// started notes whether an answer has begun, after which no other can be given.
type started struct {
	http.ResponseWriter
	begun bool
}

func (w *started) WriteHeader(status int)      { w.begun = true; w.ResponseWriter.WriteHeader(status) }
func (w *started) Write(b []byte) (int, error) { w.begun = true; return w.ResponseWriter.Write(b) }
func (w *started) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Problem answers an error as a problem document. What is not a fault of the caller's is not told.
func Problem(w http.ResponseWriter, err error) {
	kind, detail := fault.Of(err), "something went wrong here"
	var f *fault.Error
	var fields []fault.Field
	if errors.As(err, &f) && kind != fault.Internal {
		detail, fields = f.Message, f.Fields
	}
	body, _ := json.Marshal(map[string]any{"type": "about:blank", "title": http.StatusText(kind.Status()), "status": kind.Status(),
		"detail": detail, "kind": kind.String(), "fields": append([]fault.Field{}, fields...)})
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(kind.Status())
	_, _ = w.Write(body)
}

// readJSON reads a request of one JSON object without members unknown to v.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return fault.New(fault.Exceeded, "the request is larger than %d bytes", maxBody)
		}
		return fault.Wrap(fault.Invalid, err, "the request is not the JSON that is asked for: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "the request holds more than one JSON value")
	}
	return nil
}

type filterJSON struct {
	Dimension string   `json:"dimension"`
	Values    []string `json:"values"`
	Not       bool     `json:"not"`
}

type queryJSON struct {
	plan.Query
	Filters []filterJSON `json:"filters"`
}

func (s *Service) postQuery(w http.ResponseWriter, r *http.Request) error {
	var in queryJSON
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	q := in.Query
	for _, f := range in.Filters {
		q.Filters = append(q.Filters, schemas.Filter{Dimension: f.Dimension, Values: f.Values, Not: f.Not})
	}
	ask, form := s.Metric, form(r)
	if form != formJSON {
		ask = s.ExportMetric
	}
	a, err := ask(r.Context(), q)
	if err != nil {
		return err
	}
	return write(w, a, form)
}

func (s *Service) postSQL(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		SQL   string `json:"sql"`
		Limit int    `json:"limit"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	ask, form := s.SQL, form(r)
	if form != formJSON {
		ask = s.ExportSQL
	}
	a, err := ask(r.Context(), in.SQL, in.Limit)
	if err != nil {
		return err
	}
	return write(w, a, form)
}

// form picks the first form of the request's Accept that there is; JSON for all else.
func form(r *http.Request) string {
	for _, one := range strings.Split(r.Header.Get("Accept"), ",") {
		one, _, _ = strings.Cut(strings.TrimSpace(one), ";")
		switch one {
		case formCSV, formArrow, formJSON:
			return one
		}
	}
	return formJSON
}

func write(w http.ResponseWriter, a *Answer, form string) error {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept")
	h.Set("Tarn-Held-Back", strconv.FormatInt(a.Meta.HeldBack, 10))
	if !a.Meta.CompleteTo.IsZero() {
		h.Set("Tarn-Complete-To", formatInstant(a.Meta.CompleteTo.UTC()))
	}
	if ids, err := json.Marshal(a.Meta.Snapshots); err == nil {
		h.Set("Tarn-Snapshots", string(ids))
	}
	if a.Meta.Truncated {
		h.Set("Tarn-Truncated", "true")
	}
	if note := a.Meta.HoleNote(); note != "" {
		h.Set("Tarn-Holes", note)
	}
	switch form {
	case formCSV:
		h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		return WriteCSV(w, a)
	case formArrow:
		h.Set("Content-Type", formArrow)
		return WriteArrow(w, a)
	}
	h.Set("Content-Type", formJSON)
	return WriteJSON(w, a)
}
