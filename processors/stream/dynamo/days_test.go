package dynamo_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/storetest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/stream/dynamo"
)

func mustPut(t *testing.T, s *service, n int) {
	t.Helper()
	for i := range n {
		err := s.store.Write(t.Context(), ingest.Action{Kind: ingest.Put, Table: "passes", Item: record.Item{"id": record.String(fmt.Sprint("p", i)), "v": record.Number(fmt.Sprint(time.Now().UnixNano()))}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// drain reads all shards to their present end and returns how many records there were.
func drain(t *testing.T, f *dynamo.Feed, after map[string]lake.Seq) (n int) {
	t.Helper()
	shards, err := f.Shards(t.Context(), storetest.Stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, sh := range shards {
		for {
			page, err := f.Read(t.Context(), storetest.Stream, sh, after[sh.ID], 7)
			if err != nil {
				t.Fatal(err)
			}
			if n += page.Records; page.Records > 0 {
				after[sh.ID] = page.Last
			}
			if page.End || page.Records == 0 {
				break
			}
		}
	}
	return n
}

// failing answers the named operation with a code, so many times.
func (s *service) failing(op, code string, status, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = func(asked string, _ []string) (int, string) {
		if asked != op || times == 0 {
			return 0, ""
		}
		times--
		return status, code
	}
}

func TestExpiredIteratorsAreFetchedAgain(t *testing.T) {
	t.Parallel()
	s, f := mustServe(t, dynamo.Options{})
	after := map[string]lake.Seq{}
	mustPut(t, s, 40)
	if n := drain(t, f, after); n != 40 {
		t.Fatalf("%d records", n)
	}
	mustPut(t, s, 40)
	s.failing("GetRecords", "ExpiredIteratorException", 400, 3)
	if n := drain(t, f, after); n != 40 {
		t.Errorf("%d records after iterators expired, want 40", n)
	}
}

func TestATrimmedPositionIsNotFound(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"GetShardIterator", "GetRecords"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s, f := mustServe(t, dynamo.Options{})
			mustPut(t, s, 1)
			shards, err := f.Shards(t.Context(), storetest.Stream)
			if err != nil {
				t.Fatal(err)
			}
			s.failing(op, "TrimmedDataAccessException", 400, 1)
			_, err = f.Read(t.Context(), storetest.Stream, shards[0], "1"+lake.Seq(strings.Repeat("0", 39)), 10)
			if !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "older than 24 hours") {
				t.Errorf("got %s: %v", fault.Of(err), err)
			}
		})
	}
}

// The number before a shard's first record is none of the shard's, and the service says so; whoever asks for what comes after it
// gets the record.
func TestTheFirstRecordIsReadAlone(t *testing.T) {
	t.Parallel()
	s, f := mustServe(t, dynamo.Options{})
	mustPut(t, s, 40)
	shards, err := f.Shards(t.Context(), storetest.Stream)
	if err != nil {
		t.Fatal(err)
	}
	first, err := f.Read(t.Context(), storetest.Stream, shards[0], "", 10)
	if err != nil || first.Records == 0 {
		t.Fatalf("%d records, %v", first.Records, err)
	}
	s.failing("GetShardIterator", "ValidationException", 400, 1)
	again, err := f.Read(t.Context(), storetest.Stream, shards[0], first.First.Before(), 1)
	if err != nil || again.Records != 1 || again.First != first.First {
		t.Errorf("got %d records from %s, %v; want %s", again.Records, again.First.Short(), err, first.First.Short())
	}
	s.failing("GetShardIterator", "ValidationException", 400, 2)
	if _, err := f.Read(t.Context(), storetest.Stream, shards[0], first.First.Before().Before(), 1); err == nil {
		t.Error("a number that is none of the shard's at all is read from")
	}
}

// From the beginning nothing is too old: the horizon has only moved on.
func TestTheHorizonMovesOn(t *testing.T) {
	t.Parallel()
	s, f := mustServe(t, dynamo.Options{})
	mustPut(t, s, 10)
	s.failing("GetRecords", "TrimmedDataAccessException", 400, 2)
	if n := drain(t, f, map[string]lake.Seq{}); n != 10 {
		t.Errorf("%d records, want 10", n)
	}
}

func TestASplitIsFollowed(t *testing.T) {
	t.Parallel()
	s, f := mustServe(t, dynamo.Options{})
	after := map[string]lake.Seq{}
	mustPut(t, s, 20)
	before, err := f.Shards(t.Context(), storetest.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.Split(t.Context(), storetest.Stream, before[0].ID); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, 20)
	drain(t, f, after) // finds the shard's end, and so makes the list old
	now, err := f.Shards(t.Context(), storetest.Stream)
	if err != nil {
		t.Fatal(err)
	}
	children := slices.DeleteFunc(slices.Clone(now), func(sh feed.Shard) bool { return !slices.Contains(sh.Parents, before[0].ID) })
	if len(now) != len(before)+2 || len(children) != 2 {
		t.Errorf("%d shards became %d, of which %d are children", len(before), len(now), len(children))
	}
	drain(t, f, after)
	if len(after) != len(now) {
		t.Errorf("records of %d shards, want %d", len(after), len(now))
	}
}

func TestShardsAreNotAskedForAtEachBeat(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	s, f := mustServe(t, dynamo.Options{Now: func() time.Time { return now }})
	for range 50 {
		if _, err := f.Shards(t.Context(), storetest.Stream); err != nil {
			t.Fatal(err)
		}
	}
	asked := s.count("ListStreams")
	now = now.Add(11 * time.Second)
	if _, err := f.Shards(t.Context(), storetest.Stream); err != nil {
		t.Fatal(err)
	}
	if asked != 1 || s.count("ListStreams") != 2 {
		t.Errorf("asked %d times within 10 s, %d after", asked, s.count("ListStreams"))
	}
}

// A page without records says nothing until there have been a few in a row.
func TestOneEmptyPageIsNotTheEnd(t *testing.T) {
	t.Parallel()
	s, f := mustServe(t, dynamo.Options{Empty: 3})
	s.gaps = 2
	mustPut(t, s, 8)
	if n := drain(t, f, map[string]lake.Seq{}); n != 8 {
		t.Errorf("%d records, want 8", n)
	}
}

func TestAnIdleShardCostsOneRequestAPoll(t *testing.T) {
	t.Parallel()
	s, f := mustServe(t, dynamo.Options{})
	shards, err := f.Shards(t.Context(), storetest.Stream)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := f.Read(t.Context(), storetest.Stream, shards[0], "", 10); err != nil {
			t.Fatal(err)
		}
	}
	if n, it := s.count("GetRecords"), s.count("GetShardIterator"); n != 12 || it != 1 {
		t.Errorf("%d reads with %d iterators for ten polls, want 12 with 1", n, it)
	}
}

func TestBadDaysSayWhatToDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		op     string
		code   string
		status int
		want   fault.Kind
		says   string
	}{
		{"no table", "ListStreams", "ResourceNotFoundException", 400, fault.NotFound, "table passes is not there: create it"},
		{"wrong credentials", "ListStreams", "UnrecognizedClientException", 400, fault.ReadOnly, "AWS does not accept the credentials: check AWS_ACCESS_KEY_ID"},
		{"expired token", "GetRecords", "ExpiredTokenException", 400, fault.Transient, "the credentials have expired: sign in again"},
		{"no permission", "DescribeStream", "AccessDeniedException", 400, fault.ReadOnly, "give the credentials in use the right"},
		{"throttled list", "DescribeStream", "LimitExceededException", 400, fault.Transient, "AWS asks to slow down"},
		{"throttled reads", "GetRecords", "ProvisionedThroughputExceededException", 400, fault.Transient, "AWS asks to slow down"},
		{"down", "GetShardIterator", "InternalServerError", 500, fault.Transient, "AWS has a fault of its own"},
		{"shard gone", "GetShardIterator", "ResourceNotFoundException", 400, fault.NotFound, "has no shard"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, f := mustServe(t, dynamo.Options{})
			mustPut(t, s, 1)
			s.failing(c.op, c.code, c.status, 1)
			shards, err := f.Shards(t.Context(), storetest.Stream)
			for _, sh := range shards {
				if err == nil {
					_, err = f.Read(t.Context(), storetest.Stream, sh, "", 10)
				}
			}
			if !fault.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %s: %v\nwant %s: …%s…", fault.Of(err), err, c.want, c.says)
			}
			if n := drain(t, f, map[string]lake.Seq{}); n != 1 {
				t.Errorf("%d records once it works again", n)
			}
		})
	}
}

func TestViewsWithoutNewImagesAreRefused(t *testing.T) {
	t.Parallel()
	for _, view := range []string{"KEYS_ONLY", "OLD_IMAGE"} {
		s, f := mustServe(t, dynamo.Options{})
		s.view = view
		_, err := f.Shards(t.Context(), storetest.Stream)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "carries "+view) || !strings.Contains(err.Error(), "NEW_AND_OLD_IMAGES") {
			t.Errorf("got %s: %v", fault.Of(err), err)
		}
	}
}

// canned answers each operation with a text, by the stream or shard that it names.
func canned(t *testing.T, answers map[string]string) *dynamo.Feed {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		for about, text := range answers {
			if strings.Contains(r.Header.Get("X-Amz-Target")+string(body), about) {
				_, _ = io.WriteString(w, text)
				return
			}
		}
		t.Errorf("asked %s", body)
	}))
	t.Cleanup(server.Close)
	return mustFeed(t, server.URL, dynamo.Options{})
}

func TestAStreamThatIsOff(t *testing.T) {
	t.Parallel()
	f := canned(t, map[string]string{"ListStreams": `{"Streams":[]}`})
	_, err := f.Shards(t.Context(), storetest.Stream)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "aws dynamodb update-table --table-name passes --stream-specification StreamEnabled=true") {
		t.Errorf("got %s: %v", fault.Of(err), err)
	}
}

// A stream that was switched off and on again is two; the second waits for the first.
func TestTheNextStreamFollowsTheLast(t *testing.T) {
	t.Parallel()
	shard := func(id, parent, end string) string {
		text := `{"ShardId":"` + id + `","SequenceNumberRange":{"StartingSequenceNumber":"1"` + end + `}`
		if parent != "" {
			text += `,"ParentShardId":"` + parent + `"`
		}
		return text + "}"
	}
	describe := func(status string, shards ...string) string {
		return `{"StreamDescription":{"StreamStatus":"` + status + `","StreamViewType":"NEW_IMAGE","Shards":[` + strings.Join(shards, ",") + `]}}`
	}
	f := canned(t, map[string]string{
		"ListStreams": `{"Streams":[{"StreamArn":"arn:new","StreamLabel":"2026-11-02"},{"StreamArn":"arn:old","StreamLabel":"2026-11-01"}]}`,
		"arn:old":     describe("DISABLED", shard("c", "a", ""), shard("b", "", `,"EndingSequenceNumber":"2"`), shard("a", "gone", `,"EndingSequenceNumber":"2"`)),
		"arn:new":     describe("ENABLED", shard("e", "d", ""), shard("d", "", `,"EndingSequenceNumber":"3"`)),
	})
	got, err := f.Shards(t.Context(), storetest.Stream)
	if err != nil {
		t.Fatal(err)
	}
	want := []feed.Shard{
		{Label: "2026-11-01", ID: "a", Closed: true},
		{Label: "2026-11-01", ID: "c", Closed: true, Parents: []string{"a"}},
		{Label: "2026-11-01", ID: "b", Closed: true},
		{Label: "2026-11-02", ID: "d", Closed: true, Parents: []string{"c", "b"}},
		{Label: "2026-11-02", ID: "e", Parents: []string{"d"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := mustFeed(t, "http://127.0.0.1:1", dynamo.Options{Poll: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Wait(ctx, storetest.Stream); err == nil {
		t.Error("it did not end")
	}
}
