package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tarn-lake/tarn/internal/blob/blobtest"
	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
)

var _ blobtest.Store = (*s3.Bucket)(nil)

const tries = 3

// serve returns a bucket of a service that answers as handler does.
func serve(t *testing.T, handler http.HandlerFunc) *s3.Bucket {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := cloud.Load(t.Context(), cloud.Settings{Region: "eu-west-1", Endpoint: server.URL, Key: "k", Secret: "s", Attempts: tries})
	if err != nil {
		t.Fatal(err)
	}
	return s3.Open(s3.Client(c), "lake", s3.Options{})
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
}

// Every answer of S3 is a kind, with a message that says what to do; only what may pass is tried again. NotFound is
// nothing but a missing object: who believes an object gone forgets it.
func TestAnswersHaveKinds(t *testing.T) {
	t.Parallel()
	rows := []struct {
		code   string
		status int
		want   fault.Kind
		says   string
		tries  int32
	}{
		{"NoSuchKey", 404, fault.NotFound, "no such object", 1},
		{"NoSuchBucket", 404, fault.ReadOnly, "bucket lake does not exist: create it", 1},
		{"AccessDenied", 403, fault.ReadOnly, "bucket lake refuses it: give the credentials", 1},
		{"InvalidAccessKeyId", 403, fault.ReadOnly, "check AWS_ACCESS_KEY_ID", 1},
		{"SignatureDoesNotMatch", 403, fault.ReadOnly, "check AWS_ACCESS_KEY_ID", 1},
		{"ExpiredToken", 400, fault.Transient, "have expired", 1},
		{"RequestTimeTooSkewed", 403, fault.ReadOnly, "clock of this machine", 1},
		{"PermanentRedirect", 301, fault.ReadOnly, "in another region: set AWS_REGION", 1},
		{"AuthorizationHeaderMalformed", 400, fault.ReadOnly, "in another region: set AWS_REGION", 1},
		{"EntityTooLarge", 400, fault.Exceeded, "no object of that size", 1},
		{"SlowDown", 503, fault.Transient, "slow down", tries},
		{"InternalError", 500, fault.Transient, "fault of its own", tries},
		{"MethodNotAllowed", 405, fault.Internal, "MethodNotAllowed", 1},
	}
	for _, row := range rows {
		t.Run(row.code, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			b := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				refuse(w, row.status, row.code)
			})
			_, err := b.Get(t.Context(), "k")
			if fault.Of(err) != row.want || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %s: %v, want %s that says %q", fault.Of(err), err, row.want, row.says)
			}
			if got := asked.Load(); got != row.tries {
				t.Errorf("asked %d times, want %d", got, row.tries)
			}
		})
	}
}

// A put whose answer is lost is tried again by the client, and meets its own object: that is no conflict.
func TestLostAnswerOfPutNewIsNoConflict(t *testing.T) {
	t.Parallel()
	for _, theirs := range []bool{false, true} {
		t.Run(fmt.Sprintf("somebody else's object %v", theirs), func(t *testing.T) {
			t.Parallel()
			var mark atomic.Value
			b := serve(t, func(w http.ResponseWriter, r *http.Request) {
				const header = "X-Amz-Meta-Tarn-Put"
				switch {
				case r.Method == http.MethodHead:
					w.Header().Set(header, mark.Load().(string))
				case mark.Load() == nil:
					_, _ = io.Copy(io.Discard, r.Body)
					mark.Store(r.Header.Get(header))
					if theirs {
						mark.Store("another")
					}
					refuse(w, 500, "InternalError")
				default:
					refuse(w, 412, "PreconditionFailed")
				}
			})
			err := b.PutNew(t.Context(), "k", []byte("x"))
			if theirs != fault.Is(err, fault.Conflict) || !theirs && err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A body that breaks off is read on from where it ended, of the same version; a few times only.
func TestBrokenBodyIsReadOn(t *testing.T) {
	t.Parallel()
	body := bytes.Repeat([]byte("0123456789"), 1000)
	rows := []struct {
		name   string
		breaks int
		tag    func(n int) string
		want   fault.Kind
	}{
		{"breaks twice", 2, func(int) string { return `"a"` }, 0},
		{"breaks for ever", 100, func(int) string { return `"a"` }, fault.Transient},
		{"is replaced meanwhile", 1, func(n int) string { return fmt.Sprintf("%q", strconv.Itoa(n)) }, fault.Conflict},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			b := serve(t, func(w http.ResponseWriter, r *http.Request) {
				n := int(asked.Add(1))
				tag := row.tag(n)
				if want := r.Header.Get("If-Match"); want != "" && want != tag {
					refuse(w, 412, "PreconditionFailed")
					return
				}
				from := 0
				if text := r.Header.Get("Range"); text != "" {
					if _, err := fmt.Sscanf(text, "bytes=%d-", &from); err != nil {
						t.Error(err)
					}
					w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(body)-1, len(body)))
				}
				w.Header().Set("ETag", tag)
				w.Header().Set("Content-Length", strconv.Itoa(len(body)-from))
				if from > 0 {
					w.WriteHeader(http.StatusPartialContent)
				}
				if n <= row.breaks {
					_, _ = w.Write(body[from : from+100])
					_ = http.NewResponseController(w).Flush()
					panic(http.ErrAbortHandler)
				}
				_, _ = w.Write(body[from:])
			})
			got, err := b.Get(t.Context(), "k")
			if row.want != 0 {
				if !fault.Is(err, row.want) {
					t.Errorf("got %v, want %s", err, row.want)
				}
				return
			}
			if err != nil || !bytes.Equal(got, body) {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	}
}

// Parts that were uploaded and will never be an object are given up.
func TestFailedUploadIsAborted(t *testing.T) {
	t.Parallel()
	var aborted atomic.Bool
	b := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case r.Method == http.MethodPost && r.URL.Query().Has("uploads"):
			fmt.Fprint(w, "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>")
		case r.Method == http.MethodDelete && r.URL.Query().Get("uploadId") == "u1":
			aborted.Store(true)
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Query().Get("partNumber") == "2":
			refuse(w, 403, "AccessDenied")
		default:
			w.Header().Set("ETag", `"a"`)
		}
	})
	if err := b.Put(t.Context(), "k", make([]byte, 17<<20)); !fault.Is(err, fault.ReadOnly) || !aborted.Load() {
		t.Errorf("got %v, aborted %v", err, aborted.Load())
	}
}

// The hook's error is taken for the service's.
func TestFaultsCanBeInjected(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	b := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	b.Before = func(string, string) error { return down }
	_, err := b.Get(t.Context(), "k")
	for _, err := range []error{err, b.Put(t.Context(), "k", nil), b.Delete(t.Context(), "k"), b.Move(t.Context(), "k", "l")} {
		if !errors.Is(err, down) {
			t.Errorf("got %v", err)
		}
	}
}
