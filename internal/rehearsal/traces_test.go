//go:build integration

package rehearsal_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// traces is X-Ray's daemon as far as functions see it: it takes datagrams.
type traces struct {
	conn net.PacketConn
	mu   sync.Mutex
	came []string
}

func newTraces(t *testing.T) *traces {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d, done := &traces{conn: conn}, make(chan struct{})
	go func() {
		defer close(done)
		for {
			buffer := make([]byte, 4<<10)
			n, _, err := conn.ReadFrom(buffer)
			if err != nil {
				return // closed
			}
			d.mu.Lock()
			d.came = append(d.came, string(buffer[:n]))
			d.mu.Unlock()
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return d
}

func (d *traces) address() string { return d.conn.LocalAddr().String() }

// traced checks that requests to other services were told to X-Ray, each as a part of the call that made it, and without
// contents.
func traced(t *testing.T, w *world) {
	t.Helper()
	w.traces.mu.Lock()
	came := slices.Clone(w.traces.came)
	w.traces.mu.Unlock()
	count := map[string]int{}
	calls := map[string]bool{}
	for _, datagram := range came {
		_, body, _ := strings.Cut(datagram, "\n")
		var s struct {
			Name   string
			Trace  string `json:"trace_id"`
			Parent string `json:"parent_id"`
			AWS    struct{ Operation string }
		}
		if err := json.Unmarshal([]byte(body), &s); err != nil || !strings.HasPrefix(s.Trace, "1-") || len(s.Parent) != 16 {
			t.Fatalf("%v: %s", err, datagram)
		}
		count[s.Name+" "+s.AWS.Operation]++
		calls[s.Trace] = true
		for _, secret := range []string{"Person", "place ", "017000", "Grocery", "SELECT", "tarn-secret-key"} {
			if strings.Contains(body, secret) {
				t.Errorf("a trace holds %q: %s", secret, body)
			}
		}
	}
	for _, want := range []string{"DynamoDB PutItem", "DynamoDB TransactWriteItems", "S3 PutObject", "S3 GetObject", "Glue GetTable", "Glue UpdateTable", "Athena StartQueryExecution", "DynamoDB Streams DescribeStream"} {
		if count[want] == 0 {
			t.Errorf("no %s was told; there are %v", want, slices.Sorted(maps.Keys(count)))
		}
	}
	t.Logf("SUMMARY traces: %d requests of %d traces told to X-Ray: %s", len(came), len(calls), strings.Join(largest(count, 6), ", "))
}

// largest returns the entries with the highest counts.
func largest(count map[string]int, n int) []string {
	names := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return count[b] - count[a] })
	var all []string
	for _, name := range names[:min(n, len(names))] {
		all = append(all, fmt.Sprintf("%d %s", count[name], name))
	}
	return all
}
