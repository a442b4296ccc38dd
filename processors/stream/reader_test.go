package stream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source is a feed in memory.
type source struct {
	mu     sync.Mutex
	shards []*shard
	news   chan struct{}
	errs   []error // what the next reads fail with
	fails  string  // a shard that cannot be read
	read   func(id string)
	now    time.Time
}

type shard struct {
	stream.Shard
	seqs    []int
	trimmed int // records up to here are gone
}

func newSource(shards ...*shard) *source {
	return &source{shards: shards, news: make(chan struct{}, 1), now: time.Unix(1000, 0)}
}

func (s *source) Shards(context.Context, string) ([]stream.Shard, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []stream.Shard
	for _, sh := range s.shards {
		all = append(all, sh.Shard)
	}
	return all, nil
}

func (s *source) Read(_ context.Context, _ string, want stream.Shard, after lake.Seq, limit int) (stream.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		return stream.Page{}, err
	}
	if s.read != nil {
		s.read(want.ID)
	}
	if want.ID == s.fails {
		return stream.Page{}, fault.New(fault.Transient, "throttled")
	}
	i := slices.IndexFunc(s.shards, func(sh *shard) bool { return sh.ID == want.ID })
	if i < 0 {
		return stream.Page{}, fault.New(fault.NotFound, "no shard %s", want.ID)
	}
	sh := s.shards[i]
	if after != "" && after < pad(sh.trimmed) {
		return stream.Page{}, fault.New(fault.NotFound, "trimmed")
	}
	var got []string
	page := stream.Page{Now: s.now}
	for _, n := range sh.seqs {
		if n <= sh.trimmed || pad(n) <= after || len(got) == limit {
			continue
		}
		if len(got) == 0 {
			page.First = pad(n)
		}
		page.Last = pad(n)
		got = append(got, fmt.Sprint(n))
	}
	page.Records, page.Body = len(got), []byte(strings.Join(got, ","))
	page.End = sh.Closed && (len(sh.seqs) == 0 || max(page.Last, after, pad(sh.trimmed)) >= pad(sh.seqs[len(sh.seqs)-1]))
	return page, nil
}

func (s *source) Wait(ctx context.Context, _ string) error {
	select {
	case <-s.news:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *source) change(do func()) {
	s.mu.Lock()
	do()
	s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// shore keeps what lands, and tells when.
type shore struct {
	mu     sync.Mutex
	landed []string
	errs   []error
	each   chan string
}

func (s *shore) Land(_ context.Context, b land.Batch) (*lake.Landed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		return nil, err
	}
	text := fmt.Sprintf("%s after %s begin %t: %s", b.Lane, b.After.Short(), b.Begin, b.Body)
	s.landed = append(s.landed, text)
	s.each <- text
	return &lake.Landed{}, nil
}

func pad(n int) lake.Seq { return lake.Seq(fmt.Sprintf("%040d", n)) }

func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// run reads until want batches have landed, and returns them.
func run(t *testing.T, src *source, sh *shore, p *stream.Progress, from map[string]stream.Position, want int, o stream.Options) []string {
	t.Helper()
	sh.each = make(chan string, 100)
	o.Wait, o.Every = noWait, 5*time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- stream.New(src, sh, p, o).Run(ctx, "s", from) }()
	var got []string
	for len(got) < want {
		select {
		case text := <-sh.each:
			got = append(got, text)
		case err := <-done:
			t.Fatalf("Run ended early: %v", err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatalf("Run: %v", err)
	}
	return got
}

func TestParentsComeBeforeChildren(t *testing.T) {
	t.Parallel()
	src := newSource(
		&shard{Shard: stream.Shard{Label: "l", ID: "parent", Closed: true}, seqs: []int{1, 2, 3}},
		&shard{Shard: stream.Shard{Label: "l", ID: "child", Parents: []string{"parent"}}, seqs: []int{4, 5}},
		&shard{Shard: stream.Shard{Label: "l", ID: "orphan", Parents: []string{"long gone"}, Closed: true}, seqs: []int{}},
	)
	got := run(t, src, &shore{}, stream.NewProgress(), nil, 3, stream.Options{Limit: 2})
	want := []string{"l/parent after 0 begin true: 1,2", "l/parent after 2 begin false: 3", "l/child after 0 begin true: 4,5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLanesGoOnWhereTheyWere(t *testing.T) {
	t.Parallel()
	src := newSource(&shard{Shard: stream.Shard{Label: "l", ID: "a"}, seqs: []int{1, 2, 3}})
	got := run(t, src, &shore{}, stream.NewProgress(), map[string]stream.Position{"l/a": {Seq: pad(2)}}, 1, stream.Options{})
	if diff := cmp.Diff([]string{"l/a after 2 begin false: 3"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFaultsThatMendAreTriedAgain(t *testing.T) {
	t.Parallel()
	src := newSource(&shard{Shard: stream.Shard{Label: "l", ID: "a"}, seqs: []int{1}})
	src.errs = []error{fault.New(fault.Transient, "throttled")}
	sh := &shore{errs: []error{fault.New(fault.Full, "no room"), fault.New(fault.Transient, "slow")}}
	var retried int
	got := run(t, src, sh, stream.NewProgress(), nil, 1, stream.Options{Observe: func(telemetry.Event) { retried++ }})
	if len(got) != 1 || retried != 3 {
		t.Errorf("landed %v after %d retries, want one batch after 3", got, retried)
	}
}

func TestFaultsThatDoNotMendEndTheRun(t *testing.T) {
	t.Parallel()
	src := newSource(&shard{Shard: stream.Shard{Label: "l", ID: "a"}, seqs: []int{1}})
	sh := &shore{errs: []error{fault.New(fault.Invalid, "the stream has no new images")}, each: make(chan string, 1)}
	err := stream.New(src, sh, stream.NewProgress(), stream.Options{Wait: noWait}).Run(t.Context(), "s", nil)
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("Run gave %v", err)
	}
}

func TestTrimmedRecordsBreakTheChain(t *testing.T) {
	t.Parallel()
	src := newSource(&shard{Shard: stream.Shard{Label: "l", ID: "a"}, seqs: []int{1, 2, 7, 8}, trimmed: 5})
	var seen []stream.Trimmed
	got := run(t, src, &shore{}, stream.NewProgress(), map[string]stream.Position{"l/a": {Seq: pad(1)}}, 1, stream.Options{
		Observe: func(e telemetry.Event) {
			if e, ok := e.(stream.Trimmed); ok {
				seen = append(seen, e)
			}
		},
	})
	if diff := cmp.Diff([]string{"l/a after 6 begin false: 7,8"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]stream.Trimmed{{Lane: "l/a", After: pad(1), Next: pad(7)}}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestNewShardsAreFound(t *testing.T) {
	t.Parallel()
	a := &shard{Shard: stream.Shard{Label: "l", ID: "a"}, seqs: []int{1}}
	src := newSource(a)
	sh, p := &shore{each: make(chan string, 10)}, stream.NewProgress()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- stream.New(src, sh, p, stream.Options{Wait: noWait, Every: time.Millisecond}).Run(ctx, "s", nil)
	}()
	<-sh.each
	src.change(func() {
		a.Closed = true
		src.shards = append(src.shards, &shard{Shard: stream.Shard{Label: "l", ID: "b", Parents: []string{"a"}}, seqs: []int{2}})
	})
	if got, want := <-sh.each, "l/b after 0 begin true: 2"; got != want {
		t.Errorf("landed %q, want %q", got, want)
	}
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A shard that has just been found is as complete as the stream was: until it is read for the first time, and that may fail, the
// age of the data does not become unknown.
func TestANewShardIsAsCompleteAsTheStream(t *testing.T) {
	t.Parallel()
	src := newSource(&shard{Shard: stream.Shard{Label: "l", ID: "a"}})
	p, failing, release := stream.NewProgress(), make(chan struct{}), make(chan struct{})
	hold := sync.OnceFunc(func() { close(failing); <-release })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- stream.New(src, &shore{}, p, stream.Options{Wait: noWait, Every: time.Millisecond, Observe: func(e telemetry.Event) {
			if r, ok := e.(stream.Retried); ok && r.Lane == "l/b" {
				hold()
			}
		}}).Run(ctx, "s", nil)
	}()
	for p.Complete().IsZero() { // until the first shard was read
		src.change(func() {})
	}
	src.change(func() {
		src.fails = "b"
		src.shards = append(src.shards, &shard{Shard: stream.Shard{Label: "l", ID: "b"}})
	})
	<-failing
	if got := p.Complete(); !got.Equal(src.now) {
		t.Errorf("the stream is complete to %v, want %v", got, src.now)
	}
	cancel()
	close(release)
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A shard that has ended holds the stream back until its child is read, which may have to wait for another parent: what is in the
// child is newer than the end of the first.
func TestAnEndedShardHoldsBackUntilItsChildIsRead(t *testing.T) {
	t.Parallel()
	src := newSource(
		&shard{Shard: stream.Shard{Label: "l", ID: "a", Closed: true}},
		&shard{Shard: stream.Shard{Label: "l", ID: "b"}},
		&shard{Shard: stream.Shard{Label: "l", ID: "c", Parents: []string{"a", "b"}}, seqs: []int{1}},
	)
	p, ended := stream.NewProgress(), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		o := stream.Options{Wait: noWait, Every: time.Millisecond, Ended: func(string, lake.Seq) { close(ended) }}
		done <- stream.New(src, &shore{}, p, o).Run(ctx, "s", nil)
	}()
	<-ended
	was := src.now
	reads, enough := 0, make(chan struct{})
	src.change(func() {
		src.now = was.Add(time.Hour)
		src.read = func(id string) {
			if reads++; id == "b" && reads == 10 {
				close(enough)
			}
		}
	})
	<-enough
	if got := p.Complete(); !got.Equal(was) {
		t.Errorf("the stream is complete to %v, and the child is not read: want %v", got, was)
	}
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A commit that begins as soon as something landed takes the lane to where it landed: nobody would wake another one for it.
func TestACommitAtOncePassesWhatLanded(t *testing.T) {
	t.Parallel()
	src := newSource(&shard{Shard: stream.Shard{Label: "l", ID: "a"}, seqs: []int{1, 2, 3}})
	p := stream.NewProgress()
	run(t, src, &shore{}, p, nil, 2, stream.Options{Limit: 2, Landed: func() {
		for lane, seq := range p.Landings() {
			p.Passed(lane, seq)
		}
	}})
	if !p.Idle() || p.Landings()["l/a"] != pad(3) {
		t.Errorf("after a commit that passed all that had landed, %v has not passed", p.Landings())
	}
}
