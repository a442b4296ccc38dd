package dynamo_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/ingest/storetest"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/stream/dynamo"
)

// service speaks the protocol of DynamoDB Streams over the feed of an embedded store, which rotates, splits and trims
// its shards as the service does and DynamoDB Local never.
type service struct {
	t     testing.TB
	store *embedded.Store
	table string
	gaps  int // empty pages that come before records, after each new iterator

	mu    sync.Mutex
	calls []string
	// before, where set, may answer in place of the service: an error code, or empty. It is asked under the lock.
	before func(op string, calls []string) (status int, code string)
	view   string // of the streams
}

// iterator is a place in a shard, as the fake writes it.
type iterator struct {
	Shard feed.Shard
	After lake.Seq
	Gaps  int
}

func (i iterator) String() string {
	text, err := json.Marshal(i)
	if err != nil {
		panic(err)
	}
	return base64.URLEncoding.EncodeToString(text)
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "DynamoDBStreams_20120810.")
	if status, code := s.refused(op); code != "" {
		s.refuse(w, status, code)
		return
	}
	var in map[string]any
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		s.t.Errorf("%s: %v", op, err)
	}
	do, ok := map[string]func(context.Context, map[string]any) (any, string){
		"ListStreams": s.list, "DescribeStream": s.describe, "GetShardIterator": s.iterator, "GetRecords": s.records,
	}[op]
	if !ok {
		s.t.Errorf("unknown operation %s", op)
		return
	}
	out, code := do(r.Context(), in)
	if code != "" {
		s.refuse(w, http.StatusBadRequest, code)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if err := json.NewEncoder(w).Encode(out); err != nil {
		s.t.Logf("answer %s: %v", op, err)
	}
}

func (s *service) refused(op string) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, op)
	if s.before == nil {
		return 0, ""
	}
	return s.before(op, s.calls)
}

func (s *service) refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"says the fake"}`))
}

// count returns how often an operation was asked.
func (s *service) count(op string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if c == op {
			n++
		}
	}
	return n
}

func (s *service) list(_ context.Context, in map[string]any) (any, string) {
	if in["TableName"] != s.table {
		return nil, "ResourceNotFoundException"
	}
	all, err := s.store.Shards(context.Background(), storetest.Stream)
	if err != nil {
		s.t.Error(err)
	}
	label := all[0].Label
	return map[string]any{"Streams": []any{map[string]any{"StreamArn": "arn:" + label, "StreamLabel": label, "TableName": s.table}}}, ""
}

// describe gives two shards a page, children first, to hold the reader to its own order.
func (s *service) describe(_ context.Context, in map[string]any) (any, string) {
	all, err := s.store.Shards(context.Background(), storetest.Stream)
	if err != nil {
		s.t.Error(err)
	}
	slices.Reverse(all)
	from := 0
	if start, ok := in["ExclusiveStartShardId"].(string); ok {
		from = 1 + slices.IndexFunc(all, func(sh feed.Shard) bool { return sh.ID == start })
	}
	d := map[string]any{"StreamArn": in["StreamArn"], "StreamStatus": "ENABLED", "StreamViewType": s.view}
	var shards []any
	for _, sh := range all[from:min(from+2, len(all))] {
		one := map[string]any{"ShardId": sh.ID}
		spans := map[string]any{"StartingSequenceNumber": "100000000000000000001"}
		if sh.Closed {
			spans["EndingSequenceNumber"] = "100000000000000000002"
		}
		if one["SequenceNumberRange"] = spans; len(sh.Parents) > 0 {
			one["ParentShardId"] = sh.Parents[0]
		}
		shards = append(shards, one)
	}
	if d["Shards"] = shards; from+2 < len(all) {
		d["LastEvaluatedShardId"] = all[from+1].ID
	}
	return map[string]any{"StreamDescription": d}, ""
}

func (s *service) iterator(_ context.Context, in map[string]any) (any, string) {
	all, err := s.store.Shards(context.Background(), storetest.Stream)
	if err != nil {
		s.t.Error(err)
	}
	i := slices.IndexFunc(all, func(sh feed.Shard) bool { return sh.ID == in["ShardId"] && "arn:"+sh.Label == in["StreamArn"] })
	if i < 0 {
		return nil, "ResourceNotFoundException"
	}
	it := iterator{Shard: all[i], Gaps: s.gaps}
	switch in["ShardIteratorType"] {
	case "TRIM_HORIZON":
	case "AFTER_SEQUENCE_NUMBER", "AT_SEQUENCE_NUMBER":
		text := in["SequenceNumber"].(string)
		if it.After, err = lake.ParseSeq(text); err != nil || len(text) < 21 {
			s.t.Errorf("sequence number %q: %v", text, err)
		}
		if in["ShardIteratorType"] == "AT_SEQUENCE_NUMBER" {
			it.After = it.After.Before()
		}
	default:
		s.t.Errorf("an iterator of the type %v loses records", in["ShardIteratorType"])
	}
	return map[string]any{"ShardIterator": it.String()}, ""
}

func (s *service) records(_ context.Context, in map[string]any) (any, string) {
	var it iterator
	text, err := base64.URLEncoding.DecodeString(in["ShardIterator"].(string))
	if err != nil || json.Unmarshal(text, &it) != nil {
		s.t.Errorf("iterator %v", in["ShardIterator"])
	}
	if limit := in["Limit"].(float64); limit < 1 || limit > 1000 {
		s.t.Errorf("a limit of %v records", limit)
	}
	if it.Gaps > 0 {
		it.Gaps--
		return map[string]any{"Records": []any{}, "NextShardIterator": it.String()}, ""
	}
	page, err := s.store.Read(context.Background(), storetest.Stream, it.Shard, it.After, int(in["Limit"].(float64)))
	switch {
	case fault.Is(err, fault.NotFound) && it.After != "":
		return nil, "TrimmedDataAccessException"
	case err != nil:
		return nil, "ResourceNotFoundException"
	}
	out := map[string]any{"Records": []any{}}
	if page.Records > 0 {
		// The service writes who removed a record in other letters than events have, and does not name the stream.
		body := bytes.ReplaceAll(page.Body, []byte(`"principalId":"`), []byte(`"PrincipalId":"`))
		body = bytes.ReplaceAll(body, []byte(`"type":"Service"`), []byte(`"Type":"Service"`))
		var event struct{ Records []map[string]json.RawMessage }
		if err := json.Unmarshal(body, &event); err != nil {
			s.t.Error(err)
		}
		for _, r := range event.Records {
			delete(r, "eventSourceARN")
		}
		out["Records"], it.After = event.Records, page.Last
	}
	if !page.End {
		out["NextShardIterator"] = it.String()
	}
	return out, ""
}

// mustServe returns a service over an empty store, and its feed.
func mustServe(t testing.TB, opts dynamo.Options) (*service, *dynamo.Feed) {
	t.Helper()
	store, err := embedded.Open(t.TempDir(), storetest.Tables(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &service{t: t, store: store, table: "passes", view: "NEW_AND_OLD_IMAGES"}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, mustFeed(t, server.URL, opts)
}

func mustFeed(t testing.TB, url string, opts dynamo.Options) *dynamo.Feed {
	t.Helper()
	c, err := cloud.Load(context.Background(), cloud.Settings{Region: "eu-west-1", Endpoint: url, Key: "KEY", Secret: "secret", Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if opts.Poll == 0 {
		opts.Poll = time.Millisecond
	}
	return dynamo.New(c, map[string]string{storetest.Stream: "passes"}, opts)
}
