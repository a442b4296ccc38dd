package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/stream"
)

// Feed is a store with the change feed of its table "passes". What a nil function would do is not tested, aloud.
type Feed struct {
	Store  ingest.Store
	Feed   stream.Feed
	Rotate func(context.Context) error                     // replaces all shards
	Split  func(ctx context.Context, shard string) error   // halves an open shard
	Merge  func(ctx context.Context, a, b string) error    // joins open neighbours
	Trim   func(context.Context) error                     // drops all records that there are
	Expire func(ctx context.Context, at time.Time) error   // removes what has expired at that time
	Since  time.Time                                       // no change is made before
	Joined func(shards []stream.Shard) (a, b stream.Shard) // two open neighbours
	Grain  time.Duration                                   // how coarsely the records say when they were made
	Poll   bool                                            // records are those that a poller gets, which do not name their stream
}

// RunFeed holds a change feed against the contract of stream.Feed. Open returns an empty store with Tables, which it
// closes by the test's Cleanup.
func RunFeed(t *testing.T, open func(testing.TB) Feed) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Feed)
	}{
		{"each write appears once with both images", bothImages},
		{"what changes nothing leaves no record", noOps},
		{"a key's changes keep their order", keyOrder},
		{"sequence numbers increase, however pages are cut", paging},
		{"only streamed tables feed", otherTables},
		{"a transaction's changes are all there", transactionFeed},
		{"rotation", rotation},
		{"split and merge", splitMerge},
		{"what was trimmed is not found", trimming},
		{"waiting ends with news", waiting},
		{"expiry is the service's removal", expiry},
		{"an empty page says up to when it is empty", completeTo},
		{"unknown streams and shards", unknownShards},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

// change is a record as the tests look at it.
type change struct {
	Name     string `json:"eventName"`
	ID       string `json:"eventID"`
	Version  string `json:"eventVersion"`
	Source   string `json:"eventSource"`
	ARN      string `json:"eventSourceARN"`
	Identity struct {
		Type        string `json:"type"`
		PrincipalID string `json:"principalId"`
	} `json:"userIdentity"`
	Data struct {
		At   float64         `json:"ApproximateCreationDateTime"`
		Keys json.RawMessage `json:"Keys"`
		New  json.RawMessage `json:"NewImage"`
		Old  json.RawMessage `json:"OldImage"`
		Seq  string          `json:"SequenceNumber"`
		View string          `json:"StreamViewType"`
	} `json:"dynamodb"`
	shard stream.Shard
}

func (c change) seq(t testing.TB) lake.Seq {
	t.Helper()
	seq, err := lake.ParseSeq(c.Data.Seq)
	if err != nil || len(c.Data.Seq) < 21 {
		t.Fatalf("sequence number %q: %v", c.Data.Seq, err)
	}
	return seq
}

// image parses an image; nil where there is none.
func image(t testing.TB, text json.RawMessage) item {
	t.Helper()
	if text == nil {
		return nil
	}
	it, err := record.ParseItem(text)
	if err != nil {
		t.Fatalf("image %s: %v", text, err)
	}
	return it
}

func shards(t testing.TB, f Feed) []stream.Shard {
	t.Helper()
	all, err := f.Feed.Shards(context.Background(), Stream)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, sh := range all {
		for _, p := range sh.Parents {
			if !seen[p] {
				t.Errorf("shard %s stands before its parent %s, or that is gone", sh.ID, p)
			}
		}
		seen[sh.ID] = true
	}
	return all
}

// readShard reads a shard after a position to its present end, so many records at a time.
func readShard(t testing.TB, f Feed, sh stream.Shard, after lake.Seq, limit int) (all []change, ended bool) {
	t.Helper()
	for {
		page, err := f.Feed.Read(context.Background(), Stream, sh, after, limit)
		if err != nil {
			t.Fatalf("read %s after %q: %v", sh.ID, after, err)
		}
		got := parse(t, page, limit)
		for i := range got {
			got[i].shard = sh
			if seq := got[i].seq(t); seq <= after {
				t.Fatalf("sequence number %s does not follow %s", seq, after)
			} else {
				after = seq
			}
		}
		all = append(all, got...)
		if page.End || page.Records == 0 {
			if page.Now.IsZero() && !page.End {
				t.Errorf("an empty page does not say up to when it is empty")
			}
			return all, page.End
		}
	}
}

func parse(t testing.TB, page stream.Page, limit int) []change {
	t.Helper()
	if page.Records == 0 {
		if page.Body != nil || page.First != "" || page.Last != "" {
			t.Errorf("a page without records: %+v", page)
		}
		return nil
	}
	var event struct{ Records []change }
	if err := json.Unmarshal(page.Body, &event); err != nil {
		t.Fatalf("page %s: %v", page.Body, err)
	}
	got := event.Records
	if len(got) != page.Records || len(got) > limit || got[0].seq(t) != page.First || got[len(got)-1].seq(t) != page.Last {
		t.Fatalf("a page of %d records from %s to %s holds %d", page.Records, page.First, page.Last, len(got))
	}
	return got
}

// readAll reads all shards, parents first.
func readAll(t testing.TB, f Feed, limit int) []change {
	t.Helper()
	var all []change
	for _, sh := range shards(t, f) {
		got, ended := readShard(t, f, sh, "", limit)
		if ended != sh.Closed {
			t.Errorf("shard %s: closed %t but ended %t", sh.ID, sh.Closed, ended)
		}
		all = append(all, got...)
	}
	return all
}

// story returns what happened to a key, in the order read.
func story(t testing.TB, all []change, id string) []change {
	t.Helper()
	want := item{"id": str(id)}
	return slices.DeleteFunc(slices.Clone(all), func(c change) bool { return !image(t, c.Data.Keys).Equal(want) })
}

// wantStory holds a key's records against name, old value of v, new value of v.
func wantStory(t testing.TB, all []change, id string, want ...string) {
	t.Helper()
	var got []string
	for _, c := range story(t, all, id) {
		v := func(it item) string {
			if it == nil {
				return "-"
			}
			return it["v"].Text
		}
		got = append(got, fmt.Sprint(c.Name, " ", v(image(t, c.Data.Old)), " ", v(image(t, c.Data.New))))
	}
	if !slices.Equal(got, want) {
		t.Errorf("story of %s: got %q, want %q", id, got, want)
	}
}

func v(n int) item { return item{"v": num(fmt.Sprint(n))} }

func unknownShards(t *testing.T, f Feed) {
	ctx := context.Background()
	_, err := f.Feed.Shards(ctx, "nothing")
	wantKind(t, err, fault.NotFound)
	wantKind(t, f.Feed.Wait(ctx, "nothing"), fault.NotFound)
	sh := shards(t, f)[0]
	sh.ID += "0"
	_, err = f.Feed.Read(ctx, Stream, sh, "", 10)
	wantKind(t, err, fault.NotFound)
	sh = shards(t, f)[0]
	sh.Label += "0"
	_, err = f.Feed.Read(ctx, Stream, sh, "", 10)
	wantKind(t, err, fault.NotFound)
}
