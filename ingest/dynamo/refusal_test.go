package dynamo_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/dynamo"
	"github.com/tarn-lake/tarn/ingest/storetest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// answers is a DynamoDB that says the same to everything of one kind.
type answers struct {
	status int
	body   string
	asked  atomic.Int64
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked.Add(1)
	_, _ = io.Copy(io.Discard, r.Body) // what is asked does not matter here
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func mustAnswer(t *testing.T, a *answers) (*dynamo.Store, string) {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return dynamo.New(mustClient(t, server.URL), storetest.Tables(), dynamo.Options{Tries: 3, Wait: noWait}), server.URL
}

func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

const namespace = "com.amazonaws.dynamodb.v20120810#"

func TestRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	a := ingest.Action{Kind: ingest.Put, Table: "passes", Item: record.Item{"id": record.String("a")}, If: []ingest.Condition{{Test: ingest.Missing}}}
	cancelled := func(reasons string) string {
		return `{"__type":"` + namespace + `TransactionCanceledException","Message":"cancelled","CancellationReasons":[` + reasons + `]}`
	}
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   fault.Kind
		says   string
	}{
		{"the table is gone", 400, `{"__type":"` + namespace + `ResourceNotFoundException","message":"x"}`, fault.NotFound, "the table passes, or an index of it, is not there: create it"},
		{"wrong credentials", 400, `{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"x"}`, fault.ReadOnly, "AWS does not accept the credentials: check AWS_ACCESS_KEY_ID"},
		{"wrong secret", 400, `{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"x"}`, fault.ReadOnly, "AWS does not accept the credentials"},
		{"expired token", 400, `{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"x"}`, fault.Transient, "the credentials have expired: sign in again"},
		{"no permission", 400, `{"__type":"com.amazon.coral.service#AccessDeniedException","message":"User: u is not authorized to perform: dynamodb:PutItem"}`, fault.ReadOnly, "dynamodb:PutItem"},
		{"throttled", 400, `{"__type":"` + namespace + `ProvisionedThroughputExceededException","message":"x"}`, fault.Transient, "AWS asks to slow down"},
		{"down", 503, `{"__type":"ServiceUnavailable","message":"x"}`, fault.Transient, "AWS has a fault of its own"},
		{"validation", 400, `{"__type":"com.amazon.coral.validate#ValidationException","message":"Type mismatch"}`, fault.Invalid, "Type mismatch"},
		{"too large", 400, `{"__type":"com.amazon.coral.validate#ValidationException","message":"Item size to update has exceeded the maximum allowed size"}`, fault.Exceeded, "400 KB"},
		{"a condition", 400, cancelled(`{"Code":"ConditionalCheckFailed","Item":{"id":{"S":"a"}}}`), fault.Conflict, "a condition did not hold"},
		{"a condition before a collision", 400, cancelled(`{"Code":"TransactionConflict"},{"Code":"ConditionalCheckFailed"}`), fault.Conflict, "a condition did not hold"},
		{"a collision", 400, cancelled(`{"Code":"TransactionConflict"}`), fault.Transient, "being written by others"},
		{"a slow table", 400, cancelled(`{"Code":"None"},{"Code":"ThrottlingError"}`), fault.Transient, "try again"},
		{"a bad item among good ones", 400, cancelled(`{"Code":"None"},{"Code":"ValidationError","Message":"Type mismatch"}`), fault.Invalid, "Type mismatch"},
		{"an item that grew", 400, cancelled(`{"Code":"ValidationError","Message":"Item size to update has exceeded the maximum allowed size"}`), fault.Exceeded, "400 KB"},
		{"something new", 418, `{"__type":"TeapotException","message":"short and stout"}`, fault.Internal, "short and stout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, _ := mustAnswer(t, &answers{status: c.status, body: c.body})
			err := s.Write(t.Context(), a)
			if !fault.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %s: %v\nwant %s: …%s…", fault.Of(err), err, c.want, c.says)
			}
		})
	}
}

func TestTheFirstRefusedActionIsNamed(t *testing.T) {
	t.Parallel()
	s, _ := mustAnswer(t, &answers{status: 400, body: `{"__type":"` + namespace + `TransactionCanceledException","CancellationReasons":[{"Code":"None"},` +
		`{"Code":"ConditionalCheckFailed","Item":{"id":{"S":"b"}}},{"Code":"ConditionalCheckFailed"}]}`})
	err := s.Write(t.Context(), ingest.Action{Kind: ingest.Check, Table: "passes", Key: ingest.Key{Partition: record.String("a")}})
	var refused *ingest.ConditionError
	if !errors.As(err, &refused) || refused.Action != 1 || refused.Item["id"].Text != "b" {
		t.Errorf("got %v, %+v", err, refused)
	}
}

func TestCollisionsAreTriedAgainAndNotForEver(t *testing.T) {
	t.Parallel()
	a := &answers{status: 400, body: `{"__type":"` + namespace + `TransactionCanceledException","CancellationReasons":[{"Code":"TransactionConflict"}]}`}
	s, _ := mustAnswer(t, a)
	err := s.Write(t.Context(), ingest.Action{Kind: ingest.Check, Table: "passes", Key: ingest.Key{Partition: record.String("a")}})
	if !fault.Is(err, fault.Transient) || a.asked.Load() != 3 {
		t.Errorf("got %v after %d tries, want Transient after 3", err, a.asked.Load())
	}
}

// A conditional put whose answer is lost must not be refused by what it wrote itself.
func TestALostAnswerIsAskedForByTheSameToken(t *testing.T) {
	t.Parallel()
	var tokens []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("X-Amz-Target") != "DynamoDB_20120810.TransactWriteItems" {
			t.Errorf("asked %s, %v", r.Header.Get("X-Amz-Target"), err)
		}
		_, after, _ := strings.Cut(string(body), `"ClientRequestToken":"`)
		token, _, _ := strings.Cut(after, `"`)
		if tokens = append(tokens, token); len(tokens) == 1 {
			w.WriteHeader(http.StatusInternalServerError) // done, but nobody hears of it
			return
		}
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(server.Close)
	s := dynamo.New(mustClient(t, server.URL), storetest.Tables(), dynamo.Options{})
	err := s.Write(t.Context(), ingest.Action{Kind: ingest.Put, Table: "passes", Item: record.Item{"id": record.String("a")}, If: []ingest.Condition{{Test: ingest.Missing}}})
	if err != nil || len(tokens) != 2 || tokens[0] == "" || tokens[0] != tokens[1] {
		t.Errorf("got %v with the tokens %q", err, tokens)
	}
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	s := dynamo.New(mustClient(t, server.URL), storetest.Tables(), dynamo.Options{})
	_, err := s.Get(t.Context(), "passes", ingest.Key{Partition: record.String("a")})
	if !fault.Is(err, fault.Transient) || !strings.Contains(err.Error(), "AWS cannot be reached: check the endpoint") {
		t.Errorf("got %s: %v", fault.Of(err), err)
	}
}

func TestTablesThatCannotServe(t *testing.T) {
	t.Parallel()
	const head = `{"Table":{"TableName":"passes","TableStatus":"ACTIVE","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"day","AttributeType":"N"}],"KeySchema":[`
	const id = `{"AttributeName":"id","KeyType":"HASH"}`
	passes := []ingest.Table{{Name: "passes", Stream: "passes", Key: ingest.TableKey{Partition: "id", PartitionKind: record.S}}}
	indexed := []ingest.Table{{Name: "passes", Key: ingest.TableKey{Partition: "id", PartitionKind: record.S},
		Indexes: []ingest.TableIndex{{Name: "byDay", Key: ingest.TableKey{Partition: "day", PartitionKind: record.N}}}}}
	for _, c := range []struct {
		name   string
		tables []ingest.Table
		body   string
		says   string // empty: it serves
	}{
		{"sound", passes, head + id + `],"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}}}`, ""},
		{"new images will do", passes, head + id + `],"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}}}`, ""},
		{"stream never on", passes, head + id + `]}}`, "table passes has no stream"},
		{"stream off", passes, head + id + `],"StreamSpecification":{"StreamEnabled":false}}}`, "update-table --table-name passes --stream-specification"},
		{"keys only", passes, head + id + `],"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}}}`, "carries KEYS_ONLY"},
		{"old images only", passes, head + id + `],"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"OLD_IMAGE"}}}`, "carries OLD_IMAGE"},
		{"another key", passes, head + id + `,{"AttributeName":"day","KeyType":"RANGE"}]}}`, "has the key id (S), day (N), and its schema says id (S)"},
		{"no index", indexed, head + id + `]}}`, "lacks the index byDay on day (N)"},
		{"another index", indexed, head + id + `],"GlobalSecondaryIndexes":[{"IndexName":"byDay","KeySchema":[` + id + `]}]}}`, "index byDay of table passes is on id (S), and its schema says day (N)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, url := mustAnswer(t, &answers{status: 200, body: c.body})
			err := dynamo.Ensure(t.Context(), mustClient(t, url), c.tables, dynamo.EnsureOptions{})
			switch {
			case c.says == "" && err != nil:
				t.Errorf("got %v", err)
			case c.says != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says)):
				t.Errorf("got %s: %v\nwant …%s…", fault.Of(err), err, c.says)
			}
		})
	}
}
