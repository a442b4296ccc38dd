// Package xray tells AWS X-Ray of each request that a function makes of another service: a subsegment with the service, the
// operation, how long it took with all its tries, and how it ended. It speaks the daemon's documented protocol, one datagram
// of JSON each, to the daemon that Lambda runs beside every function. There are ids and codes in it and never contents. A
// call that is not sampled costs a look at its header.
package xray

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net"
	"strings"
	"sync"
)

// Variable is the setting in which Lambda says where its daemon listens.
const Variable = "AWS_XRAY_DAEMON_ADDRESS"

const (
	// prefix stands before each datagram's document, as the daemon wants it.
	prefix = `{"format":"json","version":1}` + "\n"
	// mostOfACall is how many subsegments one call has at most: a trace is bounded, and a commit may read a thousand objects.
	mostOfACall = 400
)

// Tracer sends subsegments. A nil Tracer sends none. It is safe for concurrent use.
type Tracer struct {
	daemon net.Conn

	mu   sync.Mutex
	call Header // the newest
	sent int    // of its subsegments
}

// Open returns a tracer that sends to the daemon at an address, as host:port or in the longer form udp:host:port
// tcp:host:port; nil where there is none. It sends nothing yet. What does not reach the daemon is lost: a trace is no
// reason for a call to fail.
func Open(address string) *Tracer {
	for part := range strings.FieldsSeq(address) {
		if rest, ok := strings.CutPrefix(part, "udp:"); ok {
			address = rest
		}
	}
	if address == "" {
		return nil
	}
	daemon, err := net.Dial("udp", address)
	if err != nil {
		return nil
	}
	return &Tracer{daemon: daemon}
}

// takes reports whether a subsegment of the call is still to be sent, and counts it.
func (t *Tracer) takes(h Header) bool {
	if t == nil || !h.Sampled || h.Root == "" || h.Parent == "" {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.call != h {
		t.call, t.sent = h, 0
	}
	t.sent++
	return t.sent <= mostOfACall
}

// send sends a document.
func (t *Tracer) send(s segment) {
	body, err := json.Marshal(s)
	if err != nil {
		panic("a segment cannot be written as JSON: " + err.Error())
	}
	_, _ = t.daemon.Write(append([]byte(prefix), body...)) // nobody listens: the trace lacks it
}

// segment is a subsegment's document (AWS X-Ray segment documents).
type segment struct {
	ID        string  `json:"id"`
	Trace     string  `json:"trace_id"`
	Parent    string  `json:"parent_id"`
	Type      string  `json:"type"`
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	Start     float64 `json:"start_time"` // seconds
	End       float64 `json:"end_time"`
	Error     bool    `json:"error,omitempty"`    // the request was refused
	Throttle  bool    `json:"throttle,omitempty"` // because it was one too many
	Fault     bool    `json:"fault,omitempty"`    // the service failed, or nobody answered
	HTTP      *answer `json:"http,omitempty"`
	AWS       service `json:"aws"`
}

type answer struct {
	Response struct {
		Status int `json:"status"`
	} `json:"response"`
}

type service struct {
	Operation string `json:"operation"`
	Region    string `json:"region,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	Code      string `json:"error_code,omitempty"`
	Tries     int    `json:"retries,omitempty"`
}

// newID returns an id as segments have them.
func newID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	return hex.EncodeToString(id[:])
}
