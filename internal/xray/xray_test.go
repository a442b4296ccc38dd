package xray_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tarn-lake/tarn/internal/xray"
)

const sampled = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a:0"

// document is what X-Ray documents of a subsegment.
type document struct {
	ID, Name, Type, Namespace string
	Trace                     string  `json:"trace_id"`
	Parent                    string  `json:"parent_id"`
	Start                     float64 `json:"start_time"`
	End                       float64 `json:"end_time"`
	Error, Throttle, Fault    bool
	HTTP                      struct{ Response struct{ Status int } }
	AWS                       struct {
		Operation, Region string
		RequestID         string `json:"request_id"`
		Code              string `json:"error_code"`
		Retries           int
	}
}

// daemon is X-Ray's: it takes datagrams.
type daemon struct {
	t    *testing.T
	conn net.PacketConn
	came chan []byte
}

func newDaemon(t *testing.T) *daemon {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{t, conn, make(chan []byte, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			buffer := make([]byte, 2<<10)
			n, _, err := conn.ReadFrom(buffer)
			if err != nil {
				return // closed
			}
			d.came <- buffer[:n]
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return d
}

func (d *daemon) next() (document, string) {
	d.t.Helper()
	var datagram []byte
	select {
	case datagram = <-d.came:
	case <-time.After(time.Minute):
		d.t.Fatal("nothing was sent")
	}
	head, body, _ := strings.Cut(string(datagram), "\n")
	var s document
	if err := json.Unmarshal([]byte(body), &s); err != nil || head != `{"format":"json","version":1}` {
		d.t.Fatalf("%v: %s", err, datagram)
	}
	return s, body
}

// table is a DynamoDB that answers so. Its client tells the daemon at the address.
func table(t *testing.T, address string, status int, body string) *dynamodb.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Requestid", "REQUEST")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	c := aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""), RetryMaxAttempts: 1}
	xray.Open(address).Watch(&c)
	return dynamodb.NewFromConfig(c, func(o *dynamodb.Options) { o.DisableValidateResponseChecksum = true })
}

func put(ctx context.Context, c *dynamodb.Client) error {
	_, err := c.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("people"), Item: map[string]types.AttributeValue{"name": &types.AttributeValueMemberS{Value: "Rahima"}}})
	return err
}

func in(ctx context.Context, header string) context.Context {
	//lint:ignore SA1029 this is the key under which the runtime keeps it
	return context.WithValue(ctx, "x-amzn-trace-id", header)
}

func TestEachRequestIsASubsegment(t *testing.T) {
	t.Parallel()
	refusal := func(code string) string {
		return `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"Rahima"}`
	}
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   document
	}{
		{"done", 200, `{}`, document{}},
		{"refused", 400, refusal("ConditionalCheckFailedException"), document{Error: true}},
		{"throttled", 429, refusal("ThrottlingException"), document{Error: true, Throttle: true}},
		{"failed", 500, refusal("InternalServerError"), document{Fault: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDaemon(t)
			address := d.conn.LocalAddr().String()
			client := table(t, map[bool]string{true: address, false: "tcp:127.0.0.1:9 udp:" + address}[c.name == "done"], c.status, c.body)
			before := time.Now()
			err := put(in(t.Context(), sampled), client)
			if (err != nil) != (c.status != 200) {
				t.Fatal(err)
			}
			got, text := d.next()
			want := c.want
			want.Name, want.Type, want.Namespace = "DynamoDB", "subsegment", "aws"
			want.Trace, want.Parent, want.HTTP.Response.Status = "1-67891233-abcdef012345678912345678", "53995c3f42cd8ad8", c.status
			want.AWS.Operation, want.AWS.Region, want.AWS.RequestID = "PutItem", "eu-west-1", "REQUEST"
			if _, code, ok := strings.Cut(c.body, "#"); ok {
				want.AWS.Code, _, _ = strings.Cut(code, `"`)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(document{}, "ID", "Start", "End")); diff != "" {
				t.Error(diff)
			}
			first, last := float64(before.UnixMicro())/1e6, float64(time.Now().UnixMicro())/1e6
			if len(got.ID) != 16 || got.Start < first || got.End < got.Start || got.End > last {
				t.Errorf("id %s, from %f to %f, made from %f to %f", got.ID, got.Start, got.End, first, last)
			}
			if strings.Contains(text, "Rahima") || strings.Contains(text, "people") {
				t.Errorf("there are contents in %s", text)
			}
		})
	}
}

// TestWhatIsNotSampledIsNotSent: the next datagram is that of the request that is.
func TestWhatIsNotSampledIsNotSent(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	client := table(t, d.conn.LocalAddr().String(), 200, `{}`)
	for _, header := range []string{"", "Root=1-2-3;Parent=4;Sampled=0", "Root=1-2-3;Parent=4", "Root=1-2-3;Sampled=1", "nonsense", sampled} {
		if err := put(in(t.Context(), header), client); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := d.next(); got.Trace != "1-67891233-abcdef012345678912345678" {
		t.Errorf("got a subsegment of %s", got.Trace)
	}
}

// TestACallHasABoundedTrace: a commit that reads a thousand objects is told of in part, and the next call again.
func TestACallHasABoundedTrace(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	client := table(t, d.conn.LocalAddr().String(), 200, `{}`)
	for range 500 {
		if err := put(in(t.Context(), sampled), client); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(in(t.Context(), strings.Replace(sampled, "53995c3f42cd8ad8", "next", 1)), client); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for got, _ := d.next(); got.Parent != "next"; got, _ = d.next() {
		sent++
	}
	if sent > 400 || sent < 100 { // the kernel may drop some: nobody waits for a daemon
		t.Errorf("%d subsegments of one call", sent)
	}
}

func TestWithoutADaemonNothingIsAdded(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "no address"} {
		c := aws.Config{}
		xray.Open(address).Watch(&c)
		if len(c.APIOptions) != 0 {
			t.Errorf("%q: clients are watched", address)
		}
	}
}

// TestACallThatIsNotSampledCostsNothing: reading the header allocates nothing.
func TestACallThatIsNotSampledCostsNothing(t *testing.T) {
	ctx := in(t.Context(), "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=0")
	if n := testing.AllocsPerRun(100, func() { _ = xray.From(ctx) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
