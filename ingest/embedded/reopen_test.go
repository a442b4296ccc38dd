package embedded_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/ingest/storetest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/stream"
)

// clock is a time that tests move.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(time.Date(2026, 11, 20, 9, 0, 0, 123e6, time.UTC).UnixMilli())
	return c
}

func (c *clock) now() time.Time { return time.UnixMilli(c.ms.Load()).UTC() }

func (c *clock) add(d time.Duration) { c.ms.Add(d.Milliseconds()) }

func putPass(t testing.TB, s *embedded.Store, id string, attrs record.Item) {
	t.Helper()
	item := record.Item{"id": record.String(id)}
	for name, v := range attrs {
		item[name] = v
	}
	must(t, s.Write(context.Background(), ingest.Action{Kind: ingest.Put, Table: "passes", Item: item}))
}

func TestWhatIsWrittenStays(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := reopen(t, dir, embedded.Options{Now: c.now})
	for i := range 50 {
		putPass(t, s, fmt.Sprint("p", i), record.Item{"v": record.Number("1")})
	}
	must(t, s.Rotate(context.Background(), storetest.Stream))
	shards, err := s.Shards(context.Background(), storetest.Stream)
	must(t, err)
	bodies := readBodies(t, s)
	must(t, s.Close())
	c.add(-time.Hour) // a clock that goes back must not
	s = reopen(t, dir, embedded.Options{Now: c.now, Shards: 9})
	again, err := s.Shards(context.Background(), storetest.Stream)
	must(t, err)
	if fmt.Sprint(again) != fmt.Sprint(shards) {
		t.Errorf("shards %v became %v", shards, again)
	}
	if got := readBodies(t, s); got != bodies {
		t.Error("the feed reads otherwise than before")
	}
	putPass(t, s, "p0", record.Item{"v": record.Number("2")})
	var last stream.Page
	for _, sh := range again {
		page, err := s.Read(context.Background(), storetest.Stream, sh, "", 1000)
		must(t, err)
		if page.Last > last.Last {
			last = page
		}
		if !sh.Closed && page.Now.Before(time.Date(2026, 11, 20, 9, 0, 0, 123e6, time.UTC)) {
			t.Errorf("time went back to %v", page.Now)
		}
	}
	at := fmt.Sprintf(`"ApproximateCreationDateTime":%d.123`, newClock().now().Unix())
	if !strings.Contains(string(last.Body), at) || last.Last.Short() != "100000000000000000051" {
		t.Errorf("the newest record is %s", last.Body)
	}
	if st := s.Stats(); st.Writes != 1 || st.Changes != 1 || st.Sequence != 51 || st.DiskBytes == 0 {
		t.Errorf("stats %+v", st)
	}
}

func readBodies(t testing.TB, s *embedded.Store) string {
	t.Helper()
	shards, err := s.Shards(context.Background(), storetest.Stream)
	must(t, err)
	var all strings.Builder
	for _, sh := range shards {
		page, err := s.Read(context.Background(), storetest.Stream, sh, "", 1000)
		must(t, err)
		fmt.Fprintf(&all, "%s %v %s\n", sh.ID, page.End, page.Body)
	}
	return all.String()
}

func TestTablesGrow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	id := ingest.TableKey{Partition: "id", PartitionKind: record.S}
	byDay := ingest.TableIndex{Name: "byDay", Key: ingest.TableKey{Partition: "day", PartitionKind: record.S}}
	plain := ingest.Table{Name: "flights", Key: id}
	s, err := embedded.Open(dir, []ingest.Table{plain}, embedded.Options{})
	must(t, err)
	ctx := context.Background()
	for i := range 300 {
		must(t, s.Write(ctx, ingest.Action{Kind: ingest.Put, Table: "flights", Item: record.Item{
			"id": record.String(fmt.Sprint("f", i)), "day": record.String(fmt.Sprint(i % 3)), "until": record.Number("100"),
		}}))
	}
	must(t, s.Close())
	grown := ingest.Table{Name: "flights", Key: id, Indexes: []ingest.TableIndex{byDay}, Stream: "flights", TTL: "until"}
	s, err = embedded.Open(dir, []ingest.Table{grown, {Name: "more", Key: id}}, embedded.Options{})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	page, err := s.Query(ctx, ingest.Query{Table: "flights", Index: "byDay", Partition: record.String("1"), Limit: 1000})
	must(t, err)
	if len(page.Items) != 100 {
		t.Errorf("the new index holds %d items, want 100", len(page.Items))
	}
	// Items from before the stream feed it from their next change on, with the old image.
	must(t, s.Write(ctx, ingest.Action{Kind: ingest.Update, Table: "flights", Key: ingest.Key{Partition: record.String("f0")},
		Set: record.Item{"until": record.Number("200")}}))
	var body string
	shards, err := s.Shards(ctx, "flights")
	must(t, err)
	for _, sh := range shards {
		page, err := s.Read(ctx, "flights", sh, "", 10)
		must(t, err)
		body += string(page.Body)
	}
	if !strings.Contains(body, `"OldImage":{"day":{"S":"0"},"id":{"S":"f0"},"until":{"N":"100"}}`) || !strings.Contains(body, "MODIFY") {
		t.Errorf("feed: %s", body)
	}
	if n, err := s.SweepTTL(ctx, time.Unix(150, 0)); n != 299 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	names := []string{}
	for _, table := range s.Tables() {
		names = append(names, table.Name)
	}
	if !slices.Equal(names, []string{"flights", "more"}) {
		t.Errorf("tables %v", names)
	}
	for name, bad := range map[string]ingest.Table{
		"another key":             {Name: "flights", Key: ingest.TableKey{Partition: "no", PartitionKind: record.S}, Stream: "flights", TTL: "until"},
		"another stream":          {Name: "flights", Key: id, Stream: "other"},
		"another index of a name": {Name: "flights", Key: id, Stream: "flights", Indexes: []ingest.TableIndex{{Name: "byDay", Key: id}}},
		"no key":                  {Name: "empty"},
		"an index twice":          {Name: "twice", Key: id, Indexes: []ingest.TableIndex{byDay, byDay}},
	} {
		if err := s.AddTable(ctx, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := embedded.Open(dir, nil, embedded.Options{})
	must(t, err)
	must(t, embedded.SetFormat(s, 2))
	must(t, s.Close())
	if _, err := embedded.Open(dir, nil, embedded.Options{}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "newer program") {
		t.Errorf("got %v", err)
	}
}

func TestShardsRotateByAge(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, embedded.Options{Now: c.now, RotateEvery: 4 * time.Hour, Shards: 2})
	count := func() int {
		shards, err := s.Shards(context.Background(), storetest.Stream)
		must(t, err)
		return len(shards)
	}
	putPass(t, s, "a", nil)
	c.add(4*time.Hour - time.Millisecond)
	putPass(t, s, "b", nil)
	if n := count(); n != 2 {
		t.Errorf("%d shards before the age", n)
	}
	c.add(time.Millisecond)
	putPass(t, s, "c", nil)
	if n := count(); n != 4 {
		t.Errorf("%d shards at the age", n)
	}
	c.add(25 * time.Hour)
	putPass(t, s, "a", record.Item{"v": record.Number("1")})
	_, err := s.Trim(context.Background(), c.now())
	must(t, err)
	shards, err := s.Shards(context.Background(), storetest.Stream)
	must(t, err)
	// The first two were closed a day ago, the next two just now.
	if len(shards) != 4 || len(shards[0].Parents) != 0 || !shards[0].Closed || len(shards[2].Parents) != 1 {
		t.Errorf("shards after the old ones were trimmed: %+v", shards)
	}
	if got := readBodies(t, s); !strings.Contains(got, `"OldImage":{"id":{"S":"a"}}`) {
		t.Errorf("the old image of a change went with the trimmed shard: %s", got)
	}
	for _, id := range []string{"a", "b", "c"} {
		if _, err := s.Get(context.Background(), "passes", ingest.Key{Partition: record.String(id)}); err != nil {
			t.Error(err)
		}
	}
}

// TestTrimLeavesNoRubbish changes items over days and looks at what is stored after all has been trimmed.
func TestTrimLeavesNoRubbish(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, embedded.Options{Now: c.now, RotateEvery: 6 * time.Hour, Shards: 2})
	for day := range 40 {
		for i := range 10 {
			if day%7 == 6 && i%2 == 0 {
				must(t, s.Write(context.Background(), ingest.Action{Kind: ingest.Delete, Table: "passes", Key: ingest.Key{Partition: record.String(fmt.Sprint(i))}}))
			} else {
				putPass(t, s, fmt.Sprint(i), record.Item{"v": record.Number(fmt.Sprint(day)), "status": record.String("s")})
			}
		}
		c.add(2 * time.Hour)
		_, err := s.Trim(context.Background(), c.now())
		must(t, err)
		if day%5 == 0 {
			readBodies(t, s) // every old image must be there
		}
	}
	c.add(48 * time.Hour)
	_, err := s.Trim(context.Background(), c.now())
	must(t, err)
	items := len(itemsOf(t, s))
	n, err := embedded.CountVersions(s)
	must(t, err)
	if n != items || items == 0 {
		t.Errorf("%d versions are stored for %d items", n, items)
	}
}

func TestBulk(t *testing.T) {
	t.Parallel()
	s := open(t, embedded.Options{})
	at := time.Date(2026, 10, 1, 0, 0, 0, 5e6, time.UTC)
	var writes []embedded.Bulk
	for i := range 3500 {
		writes = append(writes, embedded.Bulk{At: at.Add(time.Duration(i) * time.Second), Actions: []ingest.Action{pass(i)}})
	}
	must(t, s.WriteBulk(context.Background(), writes))
	verifyFeed(t, s, itemsOf(t, s))
	if n := len(itemsOf(t, s)); n != 3500 {
		t.Errorf("%d items", n)
	}
	if got := readBodies(t, s); !strings.Contains(got, fmt.Sprintf(`"ApproximateCreationDateTime":%d.005`, at.Unix())) {
		t.Error("the injected time is not in the feed")
	}
	if n, err := s.Trim(context.Background(), time.Now()); n != 0 || err != nil {
		t.Errorf("retention counts from the write, not from the injected time: %d, %v", n, err)
	}
	again := pass(7)
	again.If = []ingest.Condition{{Test: ingest.Missing}}
	err := s.WriteBulk(context.Background(), []embedded.Bulk{{Actions: []ingest.Action{pass(4000)}}, {Actions: []ingest.Action{again}}, {Actions: []ingest.Action{pass(4001)}}})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "write 1") {
		t.Errorf("got %v", err)
	}
	wantPass(t, s, 4001)
}

func TestClosed(t *testing.T) {
	t.Parallel()
	s := open(t, embedded.Options{})
	putPass(t, s, "a", nil)
	waiting := make(chan error, 1)
	must(t, s.Wait(context.Background(), storetest.Stream))
	go func() { waiting <- s.Wait(context.Background(), storetest.Stream) }()
	must(t, s.Close())
	if err := <-waiting; !fault.Is(err, fault.Transient) {
		t.Errorf("wait: %v", err)
	}
	ctx := context.Background()
	_, getErr := s.Get(ctx, "passes", ingest.Key{Partition: record.String("a")})
	_, scanErr := s.Scan(ctx, ingest.Scan{Table: "passes"})
	_, queryErr := s.Query(ctx, ingest.Query{Table: "passes", Index: "byStatus", Partition: record.String("a")})
	shards, err := s.Shards(ctx, storetest.Stream)
	must(t, err)
	_, readErr := s.Read(ctx, storetest.Stream, shards[0], "", 1)
	_, trimErr := s.Trim(ctx, time.Now())
	for what, err := range map[string]error{
		"write": s.Write(ctx, pass(1)), "get": getErr, "scan": scanErr, "query": queryErr, "read": readErr, "trim": trimErr, "rotate": s.Rotate(ctx, storetest.Stream),
	} {
		if !fault.Is(err, fault.Transient) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_ = s.Stats()
	must(t, s.Close())
}
