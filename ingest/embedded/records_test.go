package embedded_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
)

// told is what both ways of reading say of a record.
type told struct{ Seq, Name, At, Keys, Now, Was string }

// TestRecordsAreThoseOfTheFeed compares both ways of reading a shard: an insert, a change, what changes an image that no
// version holds, and a removal, page by page.
func TestRecordsAreThoseOfTheFeed(t *testing.T) {
	t.Parallel()
	s := openBench(t)
	put := func(id, name string) {
		item := record.Item{"id": record.String(id), "name": record.String(name)}
		if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Put, Table: "applicants", Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	put("a", "trimmed")
	put("b", "trimmed")
	if _, err := s.Trim(t.Context(), time.Now().Add(48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	put("a", "changed")
	put("a", "changed again")
	put("c", "new")
	if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Delete, Table: "applicants", Key: ingest.Key{Partition: record.String("b")}}); err != nil {
		t.Fatal(err)
	}
	shards, err := s.Shards(t.Context(), "applicants")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []told
	for _, shard := range shards {
		after := lake.Seq("")
		for {
			page, err := s.Read(t.Context(), "applicants", shard, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, events(t, page.Body)...)
			records, err := s.Records(t.Context(), "applicants", shard, after, 2, func(r *feed.Record) error {
				one := told{Seq: r.Seq.Short(), Name: strings.ToUpper(string(r.Op)), At: strconv.FormatFloat(float64(r.At.UnixMilli())/1000, 'f', 3, 64), Keys: string(r.Keys), Now: string(r.Now)}
				if r.Was != nil {
					was, err := r.Was()
					if err != nil {
						return err
					}
					one.Was = string(was)
				}
				got = append(got, one)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			page.Body, page.Now, records.Now = nil, time.Time{}, time.Time{}
			if diff := cmp.Diff(page, records); diff != "" {
				t.Errorf("the page: %s", diff)
			}
			if after = page.Last; page.Records == 0 {
				break
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 4 {
		t.Errorf("%d records: %s", len(got), diff)
	}
	first := shards[0]
	if _, err := s.Records(t.Context(), "applicants", first, "0000000000000000000100000000000000000000", 1, nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("what was trimmed: got %v, want NotFound", err)
	}
}

func events(tb testing.TB, body []byte) (all []told) {
	tb.Helper()
	if body == nil {
		return nil
	}
	var event struct {
		Records []struct {
			EventName string
			DynamoDB  struct {
				SequenceNumber              string
				ApproximateCreationDateTime json.Number
				Keys, NewImage, OldImage    json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(body, &event); err != nil {
		tb.Fatal(err)
	}
	for _, r := range event.Records {
		all = append(all, told{r.DynamoDB.SequenceNumber, r.EventName, r.DynamoDB.ApproximateCreationDateTime.String(), string(r.DynamoDB.Keys), string(r.DynamoDB.NewImage), string(r.DynamoDB.OldImage)})
	}
	return all
}
