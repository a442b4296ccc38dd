package ingest

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Status returns the HTTP status that answers the error.
func Status(err error) int {
	switch {
	case errors.Is(err, ErrStale) && fault.Is(err, fault.Conflict):
		return http.StatusPreconditionFailed
	case errors.Is(err, ErrReused):
		return http.StatusUnprocessableEntity
	case errors.Is(err, errMedia):
		return http.StatusUnsupportedMediaType
	case errors.Is(err, errAccept):
		return http.StatusNotAcceptable
	case errors.Is(err, errMethod):
		return http.StatusMethodNotAllowed
	case fault.Of(err) == fault.Internal && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)):
		return http.StatusServiceUnavailable
	default:
		return fault.Of(err).Status()
	}
}

// What is wrong with a request apart from its record.
var (
	errMedia  = errors.New("the body is of a type that is not read here")
	errAccept = errors.New("no answer of an accepted type exists")
	errMethod = errors.New("the method is not one of this path")
)

// WriteProblem answers the error as a problem document (RFC 9457), with every bad field. What nobody foresaw is
// answered without its chain, which is the operator's.
func WriteProblem(w http.ResponseWriter, err error) {
	status := Status(err)
	kind := fault.Of(err)
	var f *fault.Error
	detail, fields := "", []fault.Field(nil)
	if errors.As(err, &f) {
		detail, fields = f.Message, f.Fields
	}
	switch {
	case status == http.StatusServiceUnavailable && kind == fault.Internal:
		kind, detail = fault.Transient, "the request took too long; try again"
	case kind == fault.Internal:
		detail = "something went wrong on our side"
	}
	h := w.Header()
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable, http.StatusInsufficientStorage:
		h.Set("Retry-After", "1")
	}
	h.Del("ETag")
	h.Del("Location")
	h.Set("Cache-Control", "no-store")
	respond(w, status, "application/problem+json", problem(status, kind, detail, fields))
}

func problem(status int, kind fault.Kind, detail string, fields []fault.Field) []byte {
	b := append([]byte(nil), `{"type":"about:blank","title":`...)
	b = appendText(b, http.StatusText(status))
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"detail":`...)
	b = appendText(b, detail)
	b = append(b, `,"kind":`...)
	b = appendText(b, kind.String())
	if len(fields) > 0 {
		b = append(b, `,"fields":[`...)
		for i, f := range fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"field":`...)
			b = appendText(b, f.Name)
			b = append(b, `,"message":`...)
			b = append(appendText(b, f.Message), '}')
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// respond writes a whole answer at once.
func respond(w http.ResponseWriter, status int, mediaType string, body []byte) {
	h := w.Header()
	h["Content-Type"] = []string{mediaType}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	h["X-Content-Type-Options"] = nosniff
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone needs no answer
}

var nosniff = []string{"nosniff"} // shared by all answers and never changed
