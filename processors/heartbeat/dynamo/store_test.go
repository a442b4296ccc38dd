package dynamo_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/heartbeat"
	"github.com/tarn-lake/tarn/processors/heartbeat/dynamo"
)

var _ heartbeat.Store = (*dynamo.Store)(nil)

// table is a DynamoDB that notes what it is asked, and refuses from the refuse-th request on.
type table struct {
	mu     sync.Mutex
	asked  []string // operation and body
	refuse int
}

func (d *table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	d.mu.Lock()
	d.asked = append(d.asked, op+" "+string(body))
	refused := d.refuse > 0 && len(d.asked) >= d.refuse
	d.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if refused {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazon.coral.service#AccessDeniedException","message":"no"}`)
		return
	}
	_, _ = io.WriteString(w, `{}`)
}

// requests returns what was asked so far.
func (d *table) requests() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked)
}

func mustStore(t *testing.T, d *table) *dynamo.Store {
	t.Helper()
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	return dynamo.New(aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")},
		func(name string) string { return "deployed-" + name })
}

// TestEachHeartbeatIsOnePut: nothing but PutItem is asked for, which is the one right that the writer has.
func TestEachHeartbeatIsOnePut(t *testing.T) {
	t.Parallel()
	d := &table{}
	store := mustStore(t, d)
	var items []record.Item
	for i := range 22 {
		item, err := heartbeat.Item(heartbeat.Key{Partition: "id", PartitionKind: record.S, Sort: "n", SortKind: record.N}, i, time.UnixMilli(1_800_000_000_123))
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	if err := store.Put(t.Context(), "passes", items); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, text := range d.requests() {
		op, body, _ := strings.Cut(text, " ")
		var in struct {
			TableName string
			Item      map[string]struct{ S, N string }
		}
		if err := json.Unmarshal([]byte(body), &in); err != nil || op != "PutItem" || in.TableName != "deployed-passes" || len(in.Item) != 3 || in.Item["tarn_heartbeat"].N != "1800000000123" || !strings.HasPrefix(in.Item["n"].N, "-922337203685477") {
			t.Fatalf("asked %s (%v)", text, err)
		}
		keys = append(keys, in.Item["id"].S)
	}
	slices.Sort(keys)
	if keys = slices.Compact(keys); len(keys) != len(items) || keys[0] != "tarn_heartbeat#0" {
		t.Errorf("got the keys %v", keys)
	}
}

func TestARefusalEndsTheRound(t *testing.T) {
	t.Parallel()
	d := &table{refuse: 3}
	items := make([]record.Item, 500)
	for i := range items {
		items[i] = record.Item{"id": record.String(record.HeartbeatKey), record.Heartbeat: record.Sent(time.Now())}
	}
	err := mustStore(t, d).Put(t.Context(), "passes", items)
	if !fault.Is(err, fault.ReadOnly) || !strings.Contains(err.Error(), "deployed-passes") || len(d.requests()) > 30 {
		t.Errorf("got %v after %d requests", err, len(d.requests()))
	}
}

// TestNothingButHeartbeatsIsWritten: a record has more than its key and the attribute.
func TestNothingButHeartbeatsIsWritten(t *testing.T) {
	t.Parallel()
	d := &table{}
	for _, item := range []record.Item{{"id": record.String("a")}, {"id": record.String("a"), "b": record.String("b"), "c": record.String("c"), record.Heartbeat: record.Sent(time.Now())}} {
		if err := mustStore(t, d).Put(t.Context(), "passes", []record.Item{item}); !fault.Is(err, fault.Internal) {
			t.Errorf("%v: got %v", item, err)
		}
	}
	if asked := d.requests(); len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
}
