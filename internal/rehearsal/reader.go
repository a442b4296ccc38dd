package rehearsal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
)

// reader delivers one shard: one call at a time, its records in order.
type reader struct {
	poller *Poller
	shard  feed.Shard
	read   lake.Seq // how far the shard was read; what lies above the checkpoint is in the queue
	ended  bool     // nothing is left to read
	caught bool     // the last read found nothing
	done   bool     // and all of it was delivered, windows ended too

	queue   []record
	since   time.Time // when the first record of the queue was gathered
	retries int       // of the batch at the head of the queue
	size    int       // records of the batch that failed, which comes again as it was; 0: none did

	window *window
	last   time.Time // when a record of the window came
}

// window is a tumbling window under way.
type window struct {
	start time.Time
	state json.RawMessage
	early bool // its state grew too large
	final bool // nothing more belongs to it: the final call is due
}

// step reads once, and makes the calls that are due.
func (r *reader) step(ctx context.Context) error {
	if err := r.fill(ctx); err != nil {
		return err
	}
	for {
		r.discardOld()
		switch called, failed := r.turn(ctx); {
		case ctx.Err() != nil:
			return ctx.Err()
		case !called || failed: // what failed comes again with the next step
			r.done = r.ended && len(r.queue) == 0 && r.window == nil
			return nil
		}
		if err := r.fill(ctx); err != nil {
			return err
		}
	}
}

// fill gathers records until a batch could be full.
func (r *reader) fill(ctx context.Context) error {
	m := r.poller.mapping
	for !r.ended && len(r.queue) < m.BatchSize && sizeOf(r.queue) < maxPayload {
		page, err := r.poller.source.Read(ctx, r.poller.stream, r.shard, r.read, min(m.BatchSize-len(r.queue), 1000))
		if err != nil {
			return err
		}
		r.ended, r.caught = page.End, page.Records == 0
		if page.Records == 0 {
			return nil
		}
		found, err := parseRecords(page.Body)
		if err != nil {
			return err
		}
		if len(r.queue) == 0 {
			r.since = r.poller.now()
		}
		r.queue, r.read = append(r.queue, found...), page.Last
	}
	return nil
}

// discardOld drops the records that are older than the mapping keeps them.
func (r *reader) discardOld() {
	age := r.poller.mapping.RecordAge
	if age < 0 {
		return
	}
	cut := r.poller.now().Add(-age)
	old := 0
	for old < len(r.queue) && r.queue[old].made.Before(cut) {
		old++
	}
	if old > 0 {
		r.drop(old)
		r.retries, r.size = 0, 0
	}
}

// turn makes the next call if one is due.
func (r *reader) turn(ctx context.Context) (called, failed bool) {
	if r.windowOver() {
		return true, !r.finish(ctx)
	}
	n := r.batch()
	if n == 0 {
		return false, false
	}
	if r.window == nil && r.poller.mapping.TumblingWindow > 0 {
		r.window = &window{start: r.startOf(r.queue[0].made), state: json.RawMessage("{}")}
	}
	return true, !r.deliver(ctx, n)
}

// batch returns how many records the next batch has; 0: it is not due. A batch goes when it is full, by records or bytes,
// when its time is over, when what follows belongs to another window, and when the shard has ended.
func (r *reader) batch() int {
	if r.size > 0 {
		return min(r.size, len(r.queue))
	}
	m, n := r.poller.mapping, 0
	bytes, full := envelope, false
	for n < len(r.queue) {
		x := r.queue[n]
		other := m.TumblingWindow > 0 && n > 0 && !r.startOf(x.made).Equal(r.startOf(r.queue[0].made))
		if full = n == m.BatchSize || n > 0 && bytes+len(x.raw)+1 > maxPayload || other; full {
			break
		}
		bytes += len(x.raw) + 1
		n++
	}
	if n == 0 || full || n == m.BatchSize || r.ended || r.poller.now().Sub(r.since) >= m.BatchingWindow {
		return n
	}
	return 0
}

// startOf returns the start of the window that an instant lies in.
func (r *reader) startOf(t time.Time) time.Time {
	return t.UTC().Truncate(r.poller.mapping.TumblingWindow)
}

// windowOver reports whether the final call of the window is due: a later record has come, none has come for two minutes
// after its end, the shard has ended, or its state grew too large.
func (r *reader) windowOver() bool {
	w := r.window
	if w == nil {
		return false
	}
	now, end := r.poller.now(), w.start.Add(r.poller.mapping.TumblingWindow)
	switch {
	case w.final || w.early:
	case len(r.queue) > 0 && !r.queue[0].made.Before(end):
	case len(r.queue) == 0 && r.ended:
	case len(r.queue) == 0 && !now.Before(end) && now.Sub(r.last) >= quietWindow:
	default:
		return false
	}
	w.final = true
	return true
}

// deliver calls with the first n records, and reports whether anything of them was taken.
func (r *reader) deliver(ctx context.Context, n int) bool {
	batch := r.queue[:n]
	answer, err := r.poller.function.Invoke(ctx, r.event(batch, false))
	out := judge(r.poller.mapping, batch, answer, err)
	r.last = r.poller.now()
	if out.taken > 0 || out.whole {
		r.keep(out.state)
		r.drop(out.taken)
		r.retries, r.size = 0, 0
	}
	if out.whole {
		return true
	}
	r.size = n - out.taken
	if r.retries++; r.poller.mapping.RetryAttempts >= 0 && r.retries > r.poller.mapping.RetryAttempts {
		r.drop(r.size) // discarded: on AWS it goes to the failure destination
		r.retries, r.size = 0, 0
	}
	return false
}

// finish makes the final call of the window.
func (r *reader) finish(ctx context.Context) bool {
	answer, err := r.poller.function.Invoke(ctx, r.event(nil, true))
	if out := judge(r.poller.mapping, nil, answer, err); !out.whole {
		if r.retries++; r.poller.mapping.RetryAttempts < 0 || r.retries <= r.poller.mapping.RetryAttempts {
			return false
		}
	}
	r.retries, r.window = 0, nil
	return true
}

// keep takes over the state that the function returned.
func (r *reader) keep(state json.RawMessage) {
	if r.window != nil {
		r.window.state, r.window.early = state, len(state) > maxState
	}
}

func (r *reader) drop(n int) {
	r.queue = r.queue[n:]
	r.since = r.poller.now()
}
