//go:build unix

package movementpass_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/schemas"
)

// BenchmarkHTTPCreatePass applies for passes over loopback, client and server in one process: 64 connections, each of
// which waits for its answer.
func BenchmarkHTTPCreatePass(b *testing.B) {
	b.Run("memory", func(b *testing.B) { bench(b, newWorld(b, schemas.Lenient, nil)) })
	b.Run("embedded", func(b *testing.B) { bench(b, newWorld(b, schemas.Lenient, openStore(b))) })
}

func bench(b *testing.B, w *world) {
	b.Helper()
	const conns = 64
	requests := make([][]byte, conns)
	for i := range requests {
		token := w.join("015" + strconv.Itoa(10_000_000+i))
		body := application(`,"token":"` + token + `"`)
		requests[i] = []byte("POST /v1/passes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
			strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	}
	b.ReportAllocs()
	before := cpu(b)
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan error, conns)
	for _, request := range requests {
		go func() { done <- client(strings.TrimPrefix(w.url, "http://"), request, &left) }()
	}
	for range conns {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
}

func client(addr string, request []byte, left *atomic.Int64) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	for left.Add(-1) >= 0 {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		got, err := http.ReadResponse(r, nil)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != http.StatusOK {
			return &badAnswer{status: got.StatusCode, body: string(body), err: err}
		}
	}
	return nil
}

type badAnswer struct {
	status int
	body   string
	err    error
}

func (e *badAnswer) Error() string { return strconv.Itoa(e.status) + " " + e.body }

// cpu returns the processor time that the process has used: on a busy machine it says more than the clock.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
