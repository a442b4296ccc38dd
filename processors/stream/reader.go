package stream

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/land"
)

// Lander makes batches durable. Landing a batch again is harmless.
type Lander interface {
	Land(ctx context.Context, b land.Batch) (*lake.Landed, error)
}

// Position is where a lane goes on: after the last sequence number that has landed.
type Position struct {
	Seq lake.Seq
	At  time.Time // the lane is in the tables up to here; zero: unknown

	Done bool // the shard was read to its end
}

// Options tune a Reader. The zero value works.
type Options struct {
	Limit   int                                        // records in a batch at most; 0: 1,000
	Gather  time.Duration                              // how long news is collected before it is read, so that batches are not tiny; 0: 50 ms
	Every   time.Duration                              // how often an idle shard is read, to know that it is empty; 0: 500 ms
	Landed  func()                                     // called after each landed batch
	Ended   func(lane string, last lake.Seq)           // called when a shard was read to its end
	Hole    func(context.Context, lake.Hole) error     // keeps holes that no later batch will show; the same may come again
	Keeps   time.Duration                              // how long the feed keeps records for certain: a shard that is seen late may have lost its beginning; 0: it says so itself
	Observe telemetry.Observe                          // told of holes and retries
	Wait    func(context.Context, time.Duration) error // waits between tries; nil: a timer
	Now     func() time.Time                           // a hole that a shard left behind is no newer than its finding; nil: time.Now
}

// Reader lands a stream: each shard in order, a child only after its parents.
type Reader struct {
	feed     Feed
	lander   Lander
	progress *Progress
	opts     Options
}

// New returns a Reader that notes in progress what it has landed.
func New(feed Feed, lander Lander, progress *Progress, opts Options) *Reader {
	if opts.Limit == 0 {
		opts.Limit = 1000
	}
	if opts.Gather == 0 {
		opts.Gather = 50 * time.Millisecond
	}
	if opts.Every == 0 {
		opts.Every = 500 * time.Millisecond
	}
	if opts.Landed == nil {
		opts.Landed = func() {}
	}
	if opts.Ended == nil {
		opts.Ended = func(string, lake.Seq) {}
	}
	if opts.Hole == nil {
		opts.Hole = func(context.Context, lake.Hole) error { return nil }
	}
	if opts.Observe == nil {
		opts.Observe = telemetry.Discard
	}
	if opts.Wait == nil {
		opts.Wait = wait
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Reader{feed, lander, progress, opts}
}

// Run reads the stream until ctx is done, each lane from its position; a lane without one is read from its beginning.
// Only a fault that trying again cannot mend ends it earlier.
func (r *Reader) Run(ctx context.Context, stream string, from map[string]Position) error {
	g, ctx := errgroup.WithContext(ctx)
	run := &run{Reader: r, stream: stream, from: from, known: newest(from), pulse: newPulse(), state: map[string]state{}, seen: map[string]Shard{}, ended: make(chan string)}
	g.Go(func() error { return run.listen(ctx) })
	g.Go(func() error { return run.supervise(ctx, g) })
	err := g.Wait()
	if ctx.Err() != nil && fault.Of(err) == fault.Internal && context.Cause(ctx) == err {
		return nil
	}
	return err
}

type state uint8

const (
	waiting state = iota
	reading
	ended
)

// run is one Run: which shards it reads and which it has read to their end.
type run struct {
	*Reader
	stream string
	from   map[string]Position
	known  time.Time // the newest instant that any shard of from is complete to
	pulse  *pulse
	state  map[string]state // by shard id; only supervise touches it
	looked bool             // the shards were listed once; only supervise touches it
	seen   map[string]Shard // by shard id, those of the last look; only supervise touches it
	ended  chan string
}

// listen turns the feed's news into pulses, and makes one now and then when there is no news.
func (r *run) listen(ctx context.Context) error {
	for ctx.Err() == nil {
		brief, cancel := context.WithTimeout(ctx, r.opts.Every)
		err := r.feed.Wait(brief, r.stream)
		cancel()
		pause := r.opts.Gather
		if err != nil && brief.Err() == nil {
			pause = r.opts.Every // the feed itself is in trouble
		}
		if r.opts.Wait(ctx, pause) != nil {
			return nil
		}
		r.pulse.beat()
	}
	return nil
}

// supervise starts a follower for each shard whose parents have ended.
func (r *run) supervise(ctx context.Context, g *errgroup.Group) error {
	for {
		next := r.pulse.next()
		shards, err := r.feed.Shards(ctx, r.stream)
		if err != nil && ctx.Err() == nil && !retryable(err) {
			return err
		}
		if err == nil {
			if err := r.vanished(ctx, shards); err != nil {
				return quiet(ctx, err)
			}
		}
		t := newTree(shards)
		for _, s := range shards {
			if r.state[s.ID] == waiting && t.ready(s, r.state) {
				r.state[s.ID] = reading
				late := r.late(s)
				at := r.open(s)
				g.Go(func() error {
					if err := r.lostBeginning(ctx, s, late); err != nil {
						return quiet(ctx, err)
					}
					return r.follow(ctx, s, at)
				})
			}
		}
		r.closeEnded(t)
		select {
		case <-ctx.Done():
			return nil
		case id := <-r.ended:
			r.end(id)
		case <-next:
		}
	}
}

// end notes that a shard was read to its end, and those that wait to say so too: one look is enough for all of them.
func (r *run) end(id string) {
	for {
		r.state[id] = ended
		select {
		case id = <-r.ended:
		default:
			return
		}
	}
}

// open begins the lane's progress: where it has none of its own it is as complete as the whole stream is.
func (r *run) open(s Shard) Position {
	at, ok := r.from[s.Lane()]
	if !ok || at.At.IsZero() {
		at.At = r.progress.Complete()
	}
	r.progress.Open(s.Lane(), at.Seq, at.At)
	return at
}

// closeEnded forgets the lanes of ended shards whose children, if any, have been opened.
func (r *run) closeEnded(t *tree) {
	for _, s := range t.shards {
		if r.state[s.ID] == ended && !slices.ContainsFunc(t.children[s.ID], func(id string) bool { return r.state[id] == waiting }) {
			r.progress.Close(s.Lane())
		}
	}
}

// follow lands one shard to its end.
func (r *run) follow(ctx context.Context, s Shard, at Position) error {
	after, begin := at.Seq, at.Seq == ""
	for ctx.Err() == nil {
		next := r.pulse.next()
		page, err := r.page(ctx, s, &after)
		if err != nil {
			return quiet(ctx, err)
		}
		if page.Records > 0 {
			b := land.Batch{Stream: r.stream, Lane: s.Lane(), After: after, Begin: begin, Body: page.Body}
			if err := r.land(ctx, b); err != nil {
				return quiet(ctx, err)
			}
			after, begin = page.Last, false
		}
		r.progress.Landed(s.Lane(), after, page.Now)
		if page.Records > 0 {
			r.opts.Landed() // only now: a commit that begins at once has to know what it takes the lane to
		}
		if page.End {
			r.opts.Ended(s.Lane(), after)
			select {
			case r.ended <- s.ID:
			case <-ctx.Done():
			}
			return nil
		}
		if page.Records < r.opts.Limit {
			select {
			case <-next:
			case <-ctx.Done():
			}
		}
	}
	return nil
}

// page reads the records after *after. Where retention has passed it, the page starts at the oldest record there is, and
// *after moves up to it: the committer sees the gap in the chain.
func (r *run) page(ctx context.Context, s Shard, after *lake.Seq) (Page, error) {
	var page Page
	err := r.persist(ctx, s.Lane(), func() (err error) {
		page, err = r.feed.Read(ctx, r.stream, s, *after, r.opts.Limit)
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		page, err = r.feed.Read(ctx, r.stream, s, "", r.opts.Limit)
		if fault.Is(err, fault.NotFound) || err == nil && page.Records == 0 && page.End { // nothing will show the gap
			page = Page{End: true}
			return r.hole(ctx, lake.Hole{Lane: s.Lane(), After: *after, From: r.progress.Complete(), To: r.opts.Now().UTC(), Reason: "its shard vanished before all of it was read"})
		}
		if err != nil || page.Records == 0 {
			return err
		}
		r.opts.Observe(Trimmed{Lane: s.Lane(), After: *after, Next: page.First})
		*after = page.First.Before()
		return nil
	})
	return page, err
}

func (r *run) land(ctx context.Context, b land.Batch) error {
	return r.persist(ctx, b.Lane, func() error {
		_, err := r.lander.Land(ctx, b)
		return err
	})
}

const (
	firstPause = 50 * time.Millisecond
	maxPause   = 5 * time.Second
)

// persist tries until it works, is hopeless, or ctx is done.
func (r *run) persist(ctx context.Context, lane string, do func() error) error {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := do()
		if err == nil || ctx.Err() != nil || !retryable(err) {
			return err
		}
		r.opts.Observe(Retried{Lane: lane, Err: err})
		if err := r.opts.Wait(ctx, pause); err != nil {
			return err
		}
	}
}

// retryable says which faults may mend themselves: those of the disk and the network, not those of the configuration.
func retryable(err error) bool {
	kind := fault.Of(err)
	return kind.Retryable() || kind == fault.ReadOnly
}

// quiet drops the error that only says that the reader was told to stop.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Trimmed tells that records were lost to retention before they were read.
type Trimmed struct {
	Lane        string
	After, Next lake.Seq // the last record that landed; the oldest that is left
}

// Attrs returns the event as a log line.
func (e Trimmed) Attrs() (string, []slog.Attr) {
	return "records were trimmed before they were read", []slog.Attr{
		slog.String(telemetry.Lane, e.Lane), slog.String("after", e.After.Short()), slog.String("next", e.Next.Short()),
	}
}

// Retried tells that reading or landing failed and is tried again.
type Retried struct {
	Lane string
	Err  error
}

// Attrs returns the event as a log line.
func (e Retried) Attrs() (string, []slog.Attr) {
	return "the lane is tried again", []slog.Attr{slog.String(telemetry.Lane, e.Lane), slog.String(telemetry.Err, e.Err.Error())}
}
