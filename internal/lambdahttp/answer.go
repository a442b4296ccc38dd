package lambdahttp

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// head is what of an answer comes before its body.
type head struct {
	header http.Header
	status int
}

func (h *head) Header() http.Header { return h.header }
func (h *head) code() int           { return h.status }

// headers returns the answer's headers, several values of one joined by commas, and its cookies, which cannot be joined.
func headers(h http.Header) (joined map[string]string, cookies []string) {
	joined = map[string]string{}
	for name, values := range h {
		if name == "Set-Cookie" {
			cookies = values
			continue
		}
		joined[name] = strings.Join(values, ", ")
	}
	return joined, cookies
}

// response is an answer in payload format 2.0.
type response struct {
	Status  int               `json:"statusCode"`
	Headers map[string]string `json:"headers,omitempty"`
	Cookies []string          `json:"cookies,omitempty"`
	Body    string            `json:"body,omitempty"`
	Base64  bool              `json:"isBase64Encoded,omitempty"`
}

// buffer is an answer that is sent whole.
type buffer struct {
	head
	body bytes.Buffer
}

func newBuffer() *buffer { return &buffer{head: head{header: http.Header{}}} }

// WriteHeader implements http.ResponseWriter.
func (b *buffer) WriteHeader(status int) {
	if b.status == 0 && status >= 200 { // what is only information has no place in the one answer
		b.status = status
	}
}

// Write implements http.ResponseWriter.
func (b *buffer) Write(p []byte) (int, error) {
	b.sniff(p)
	return b.body.Write(p)
}

// sniff does what net/http does at the first write.
func (b *buffer) sniff(p []byte) {
	if b.status == 0 {
		b.WriteHeader(http.StatusOK)
	}
	if _, said := b.header["Content-Type"]; !said && b.body.Len() == 0 {
		b.header.Set("Content-Type", http.DetectContentType(p))
	}
}

func (b *buffer) response() response {
	r := response{Status: b.status}
	r.Headers, r.Cookies = headers(b.header)
	if body := b.body.Bytes(); utf8.Valid(body) && b.header.Get("Content-Encoding") == "" {
		r.Body = string(body)
	} else {
		r.Body, r.Base64 = base64.StdEncoding.EncodeToString(body), true
	}
	return r
}

// pipe is an answer whose body is read while it is written.
type pipe struct {
	head
	known chan struct{} // closed when the head is
	once  sync.Once
	sent  http.Header // the headers as they were then
	out   *io.PipeWriter
	in    body
}

// body ends the request when whoever reads it goes away.
type body struct {
	*io.PipeReader
	cancel context.CancelFunc
}

// Close implements io.Closer.
func (b body) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}

func newPipe(cancel context.CancelFunc) *pipe {
	p := &pipe{head: head{header: http.Header{}}, known: make(chan struct{})}
	in, out := io.Pipe()
	p.in, p.out = body{in, cancel}, out
	return p
}

// WriteHeader implements http.ResponseWriter.
func (p *pipe) WriteHeader(status int) {
	if status < 200 {
		return
	}
	p.once.Do(func() {
		p.status, p.sent = status, p.header.Clone()
		close(p.known)
	})
}

// Write implements http.ResponseWriter.
func (p *pipe) Write(b []byte) (int, error) {
	if p.status == 0 && p.header.Get("Content-Type") == "" {
		p.header.Set("Content-Type", http.DetectContentType(b))
	}
	p.WriteHeader(http.StatusOK)
	return p.out.Write(b)
}

// Flush implements http.Flusher: what is written is on its way already.
func (p *pipe) Flush() { p.WriteHeader(http.StatusOK) }

// end ends the body, with an error where it broke off.
func (p *pipe) end(err error) { _ = p.out.CloseWithError(err) } // never fails

func (p *pipe) response() *events.LambdaFunctionURLStreamingResponse {
	<-p.known
	r := &events.LambdaFunctionURLStreamingResponse{StatusCode: p.status, Body: p.in}
	r.Headers, r.Cookies = headers(p.sent)
	return r
}
