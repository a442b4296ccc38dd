package ingest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/tarn-lake/tarn/internal/fault"
)

// DefaultBody is how many bytes a request's body may have unless options say otherwise.
const DefaultBody = 1 << 20

// keptBody is how large a buffer is kept for the next request.
const keptBody = 64 << 10

// Body is a request's body in a buffer that is used again. Its bytes are good until Free.
type Body struct{ buf *bytes.Buffer }

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// ReadBody reads the whole body, up to limit bytes; Exceeded beyond. Nothing of a body that says it is longer is read.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) (Body, error) {
	if r.ContentLength > limit {
		return Body{}, tooLong(w, limit)
	}
	b := Body{buf: bodies.Get().(*bytes.Buffer)}
	n, err := b.buf.ReadFrom(io.LimitReader(r.Body, limit+1))
	switch {
	case n > limit:
		b.Free()
		return Body{}, tooLong(w, limit)
	case err != nil:
		b.Free()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return Body{}, malformed("", "breaks off at byte %d", n)
		}
		return Body{}, fault.Wrap(fault.Invalid, err, "the body could not be read")
	}
	return b, nil
}

// tooLong ends the connection with the answer: nobody wants to read the rest.
func tooLong(w http.ResponseWriter, limit int64) error {
	w.Header().Set("Connection", "close")
	e := fault.New(fault.Exceeded, "the body is longer than %d bytes", limit)
	e.Fields = []fault.Field{{Name: "body", Message: "must be at most " + strconv.FormatInt(limit, 10) + " bytes"}}
	return e
}

// Bytes returns the body.
func (b Body) Bytes() []byte {
	if b.buf == nil {
		return nil
	}
	return b.buf.Bytes()
}

// Free gives the buffer back.
func (b Body) Free() {
	if b.buf == nil || b.buf.Cap() > keptBody {
		return
	}
	b.buf.Reset()
	bodies.Put(b.buf)
}
