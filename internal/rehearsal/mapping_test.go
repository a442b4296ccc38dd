package rehearsal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/rehearsal"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// rec is a record of a stream in memory.
type rec struct {
	seq  int
	made time.Duration // after noon
	size int           // bytes of filling
}

// stand is a stream in memory, a function that notes what it is called with, and a clock.
type stand struct {
	t       *testing.T
	now     time.Time
	shards  []feed.Shard
	records map[string][]rec // by shard
	poller  *rehearsal.Poller

	calls  []string
	events [][]byte
	answer func(call) (string, error)
}

// call is what a function is told.
type call struct {
	Records []struct {
		DynamoDB struct {
			SequenceNumber string
		} `json:"dynamodb"`
	}
	Window *struct{ Start, End time.Time }
	State  json.RawMessage
	Shard  string `json:"shardId"`
	Final  bool   `json:"isFinalInvokeForWindow"`
	Early  bool   `json:"isWindowTerminatedEarly"`
}

func (c call) String() string {
	var seqs []string
	for _, r := range c.Records {
		seqs = append(seqs, strings.TrimLeft(r.DynamoDB.SequenceNumber, "0"))
	}
	text := c.Shard + "[" + strings.Join(seqs, " ") + "]"
	if len(c.State) < 100 {
		text += string(c.State)
	}
	if c.Window != nil {
		text += c.Window.Start.Format(" 15:04")
	}
	if c.Final {
		text += " final"
	}
	if c.Early {
		text += " early"
	}
	return text
}

// ours is how Tarn's mappings are.
func ours() rehearsal.Mapping {
	return rehearsal.Mapping{BatchSize: 3, TumblingWindow: time.Minute, RetryAttempts: -1, RecordAge: -1, ReportFailures: true}
}

func newStand(t *testing.T, m rehearsal.Mapping) *stand {
	t.Helper()
	s := &stand{t: t, now: noon, shards: []feed.Shard{{Label: "l", ID: "s"}}, records: map[string][]rec{}}
	s.answer = func(c call) (string, error) {
		state := string(c.State)
		if n := len(c.Records); n > 0 {
			state = fmt.Sprintf(`{"n":%s}`, strings.TrimLeft(c.Records[n-1].DynamoDB.SequenceNumber, "0"))
		}
		return `{"state":` + state + `,"batchItemFailures":[]}`, nil
	}
	var err error
	if s.poller, err = rehearsal.NewPoller(m, s, "stream", func(label string) string { return "arn/" + label }, s, func() time.Time { return s.now }); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stand) Shards(context.Context, string) ([]feed.Shard, error) { return s.shards, nil }

func (s *stand) Read(_ context.Context, _ string, shard feed.Shard, after lake.Seq, limit int) (feed.Page, error) {
	var p feed.Page
	var texts []string
	for i, r := range s.records[shard.ID] {
		seq, _ := lake.ParseSeq(fmt.Sprint(r.seq))
		if seq <= after || len(texts) == limit {
			continue
		}
		texts = append(texts, fmt.Sprintf(`{"dynamodb":{"SequenceNumber":"%021d","ApproximateCreationDateTime":%d},"filling":%q}`, r.seq, noon.Add(r.made).Unix(), strings.Repeat("x", r.size)))
		p.Last = seq
		p.End = shard.Closed && i == len(s.records[shard.ID])-1
	}
	if p.Records = len(texts); p.Records > 0 {
		p.Body = []byte(`{"Records":[` + strings.Join(texts, ",") + `]}`)
	} else {
		p.End = shard.Closed
	}
	return p, nil
}

func (s *stand) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	var c call
	if err := json.Unmarshal(payload, &c); err != nil {
		s.t.Fatal(err)
	}
	s.calls, s.events = append(s.calls, c.String()), append(s.events, payload)
	text, err := s.answer(c)
	return []byte(text), err
}

func (s *stand) step() {
	s.t.Helper()
	if err := s.poller.Step(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// want checks the calls since it was asked last.
func (s *stand) want(calls ...string) {
	s.t.Helper()
	if diff := cmp.Diff(calls, s.calls); diff != "" {
		s.t.Errorf("calls (-want +got):\n%s", diff)
	}
	s.calls = nil
}

func (s *stand) put(shard string, records ...rec) {
	s.records[shard] = append(s.records[shard], records...)
}

func plain() rehearsal.Mapping {
	m := ours()
	m.TumblingWindow = 0
	return m
}

func TestABatchHasAtMostBatchSizeRecords(t *testing.T) {
	t.Parallel()
	s := newStand(t, plain())
	s.put("s", rec{seq: 1}, rec{seq: 2}, rec{seq: 3}, rec{seq: 4})
	s.step()
	s.want("[1 2 3]", "[4]")
	if got := string(s.events[1]); strings.Contains(got, "window") || strings.Contains(got, "shardId") {
		t.Errorf("without a tumbling window an event is its records: %.200s", got)
	}
}

func TestABatchHasAtMostSixMegabytes(t *testing.T) {
	t.Parallel()
	m := plain()
	m.BatchSize = 10_000
	s := newStand(t, m)
	const mb = 1 << 20
	s.put("s", rec{seq: 1, size: 4 * mb}, rec{seq: 2, size: mb}, rec{seq: 3, size: 3 * mb}, rec{seq: 4, size: mb})
	s.step()
	s.want("[1 2]", "[3 4]")
	for _, e := range s.events {
		if len(e) > 6*mb {
			t.Errorf("an event has %d bytes", len(e))
		}
	}
}

func TestABatchIsGatheredForItsWindow(t *testing.T) {
	t.Parallel()
	m := plain()
	m.BatchingWindow = 10 * time.Second
	s := newStand(t, m)
	s.put("s", rec{seq: 1})
	s.step()
	s.want()
	s.now = s.now.Add(9 * time.Second)
	s.put("s", rec{seq: 2})
	s.step()
	s.want()
	s.now = s.now.Add(time.Second)
	s.step()
	s.want("[1 2]")
	s.put("s", rec{seq: 3}, rec{seq: 4}, rec{seq: 5}) // full: it goes at once
	s.step()
	s.want("[3 4 5]")
}

func TestStateGoesFromBatchToBatchOfAWindow(t *testing.T) {
	t.Parallel()
	s := newStand(t, ours())
	s.put("s", rec{seq: 1}, rec{seq: 2}, rec{seq: 3}, rec{seq: 4})
	s.step()
	s.want("s[1 2 3]{} 12:00", `s[4]{"n":3} 12:00`)
}

func TestAWindowEndsWithAFinalCallAndTheNextBeginsAnew(t *testing.T) {
	t.Parallel()
	s := newStand(t, ours())
	s.put("s", rec{seq: 1}, rec{seq: 2, made: 59 * time.Second}, rec{seq: 3, made: time.Minute}, rec{seq: 4, made: 5 * time.Minute})
	s.step()
	s.want("s[1 2]{} 12:00", `s[]{"n":2} 12:00 final`, "s[3]{} 12:01", `s[]{"n":3} 12:01 final`, "s[4]{} 12:05")
}

func TestAQuietWindowEndsAfterTwoMinutes(t *testing.T) {
	t.Parallel()
	s := newStand(t, ours())
	s.put("s", rec{seq: 1})
	s.step()
	s.now = noon.Add(119 * time.Second)
	s.step()
	s.want("s[1]{} 12:00")
	s.now = noon.Add(2 * time.Minute)
	s.step()
	s.want(`s[]{"n":1} 12:00 final`)
	s.now = noon.Add(time.Hour)
	s.step()
	s.want()
}

func TestAStateAboveAMegabyteEndsTheWindowEarly(t *testing.T) {
	t.Parallel()
	s := newStand(t, ours())
	large := true
	s.answer = func(c call) (string, error) {
		if large && len(c.Records) > 0 {
			large = false
			return `{"state":{"x":"` + strings.Repeat("x", 1<<20) + `"}}`, nil
		}
		return `{"state":{}}`, nil
	}
	s.put("s", rec{seq: 1}, rec{seq: 2}, rec{seq: 3}, rec{seq: 4})
	s.step()
	s.want("s[1 2 3]{} 12:00", "s[] 12:00 final early", "s[4]{} 12:00")
}

func TestAnAnswerWithoutStateIsAFailure(t *testing.T) {
	t.Parallel()
	s := newStand(t, ours())
	good := s.answer
	s.answer = func(call) (string, error) { return `{"batchItemFailures":[]}`, nil }
	s.put("s", rec{seq: 1})
	s.step()
	s.answer = good
	s.step()
	s.want("s[1]{} 12:00", "s[1]{} 12:00")
}

func TestFailuresRestartFromTheLowestSequence(t *testing.T) {
	t.Parallel()
	s := newStand(t, ours())
	good := s.answer
	s.answer = func(call) (string, error) {
		return `{"state":{"n":1},"batchItemFailures":[{"itemIdentifier":"000000000000000000003"},{"itemIdentifier":"000000000000000000002"}]}`, nil
	}
	s.put("s", rec{seq: 1}, rec{seq: 2}, rec{seq: 3}, rec{seq: 4})
	s.step()
	s.answer = good
	s.step()
	s.want("s[1 2 3]{} 12:00", `s[2 3]{"n":1} 12:00`, `s[4]{"n":3} 12:00`)
}

func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answer string
		err    error
		comes  bool // the batch again, whole
	}{
		{answer: `{"batchItemFailures":[]}`}, {answer: `{"batchItemFailures":null}`}, {answer: `{}`}, {answer: `null`}, {answer: ``},
		{answer: `{"batchItemFailures":[{"itemIdentifier":""}]}`, comes: true}, {answer: `{"batchItemFailures":[{"itemIdentifier":null}]}`, comes: true},
		{answer: `{"batchItemFailures":[{"bad":"000000000000000000002"}]}`, comes: true}, {answer: `{"batchItemFailures":[{"itemIdentifier":"9"}]}`, comes: true},
		{answer: `[1]`, comes: true}, {err: errors.New("down"), comes: true},
	} {
		s := newStand(t, plain())
		s.answer = func(call) (string, error) { return c.answer, c.err }
		s.put("s", rec{seq: 1}, rec{seq: 2})
		s.step()
		s.step()
		want := []string{"[1 2]"}
		if c.comes {
			want = append(want, "[1 2]")
		}
		s.want(want...)
	}
}

func TestPartialFailuresCountOnlyWhereTheyAreAskedFor(t *testing.T) {
	t.Parallel()
	m := plain()
	m.ReportFailures = false
	s := newStand(t, m)
	s.answer = func(call) (string, error) { return `{"batchItemFailures":[{"itemIdentifier":"2"}]}`, nil }
	s.put("s", rec{seq: 1}, rec{seq: 2})
	s.step()
	s.step()
	s.want("[1 2]")
}

func TestAFailedBatchComesAgainAsItWas(t *testing.T) {
	t.Parallel()
	s := newStand(t, ours())
	good := s.answer
	s.answer = func(call) (string, error) { return "", errors.New("down") }
	s.put("s", rec{seq: 1}, rec{seq: 2})
	s.step()
	s.put("s", rec{seq: 3})
	for range 5 { // for ever, and never in halves
		s.step()
	}
	s.answer = good
	s.step()
	once := "s[1 2]{} 12:00"
	s.want(once, once, once, once, once, once, once, `s[3]{"n":2} 12:00`)
}

func TestABatchIsDiscardedAfterItsRetries(t *testing.T) {
	t.Parallel()
	m := plain()
	m.RetryAttempts = 1
	s := newStand(t, m)
	s.answer = func(c call) (string, error) {
		if c.Records[0].DynamoDB.SequenceNumber == "000000000000000000001" {
			return "", errors.New("down")
		}
		return "", nil
	}
	s.put("s", rec{seq: 1}, rec{seq: 2}, rec{seq: 3}, rec{seq: 4})
	for range 3 {
		s.step()
	}
	s.want("[1 2 3]", "[1 2 3]", "[4]")
}

func TestOldRecordsAreDiscarded(t *testing.T) {
	t.Parallel()
	m := plain()
	m.RecordAge = time.Minute
	s := newStand(t, m)
	s.now = noon.Add(90 * time.Second)
	s.put("s", rec{seq: 1}, rec{seq: 2, made: 30 * time.Second}, rec{seq: 3, made: time.Minute})
	s.step()
	s.want("[2 3]")
}

func TestParentsComeBeforeChildren(t *testing.T) {
	t.Parallel()
	s := newStand(t, ours())
	s.shards = []feed.Shard{{Label: "l", ID: "p", Closed: true}, {Label: "l", ID: "c", Parents: []string{"p"}}, {Label: "l", ID: "d", Parents: []string{"p"}}}
	s.put("p", rec{seq: 1}, rec{seq: 2})
	s.put("c", rec{seq: 3})
	s.put("d", rec{seq: 4})
	good := s.answer
	s.answer = func(call) (string, error) { return "", errors.New("down") }
	s.step()
	s.want("p[1 2]{} 12:00")
	s.answer = good
	s.step()
	s.want("p[1 2]{} 12:00", `p[]{"n":2} 12:00 final`, "c[3]{} 12:00", "d[4]{} 12:00")
}

func TestShardsDoNotHoldEachOtherUp(t *testing.T) {
	t.Parallel()
	s := newStand(t, ours())
	s.shards = []feed.Shard{{Label: "l", ID: "a"}, {Label: "l", ID: "b"}}
	s.put("a", rec{seq: 1})
	s.put("b", rec{seq: 2})
	good := s.answer
	s.answer = func(c call) (string, error) {
		if c.Shard == "a" {
			return "", errors.New("down")
		}
		return good(c)
	}
	s.step()
	s.put("b", rec{seq: 3})
	s.step()
	s.want("a[1]{} 12:00", "b[2]{} 12:00", "a[1]{} 12:00", `b[3]{"n":2} 12:00`)
}

func TestSettingsThatAWSRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*rehearsal.Mapping){
		"BatchSize":                      func(m *rehearsal.Mapping) { m.BatchSize = 10_001 },
		"MaximumBatchingWindowInSeconds": func(m *rehearsal.Mapping) { m.BatchingWindow = 301 * time.Second },
		"TumblingWindowInSeconds":        func(m *rehearsal.Mapping) { m.TumblingWindow = 901 * time.Second },
		"MaximumRetryAttempts":           func(m *rehearsal.Mapping) { m.RetryAttempts = -2 },
	} {
		m := ours()
		change(&m)
		if err := m.Judge(); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
