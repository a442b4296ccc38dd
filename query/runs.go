package query

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// runs runs statements once: equal ones in flight share a run, equal ones later its result. A key names the snapshots,
// so what is kept is never stale.
type runs struct {
	engine  Engine
	timeout time.Duration
	slots   chan struct{}

	mu      sync.Mutex
	flights map[[32]byte]*flight
	kept    map[[32]byte]*list.Element
	order   *list.List // of *kept, the last used first
	bytes   int
	limit   int
}

type kept struct {
	key    [32]byte
	result *Result
	bytes  int
}

// flight is a run that somebody waits for. It is cancelled when nobody does any more.
type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	result  *Result
	err     error
}

func newRuns(engine Engine, timeout time.Duration, concurrency, limit int) *runs {
	return &runs{engine: engine, timeout: timeout, slots: make(chan struct{}, concurrency), flights: map[[32]byte]*flight{},
		kept: map[[32]byte]*list.Element{}, order: list.New(), limit: limit}
}

// do returns the request's result and whether it was kept from an earlier run. The rows that the request can see are
// named by over.
func (r *runs) do(ctx context.Context, q Request, over string) (*Result, bool, error) {
	key, err := requestKey(q, over)
	if err != nil {
		return nil, false, err
	}
	r.mu.Lock()
	if e, ok := r.kept[key]; ok {
		r.order.MoveToFront(e)
		r.mu.Unlock()
		return e.Value.(*kept).result, true, nil
	}
	f, ok := r.flights[key]
	if !ok {
		run, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.timeout)
		f = &flight{done: make(chan struct{}), cancel: cancel}
		r.flights[key] = f
		go r.fly(run, f, key, q)
	}
	f.waiting++
	r.mu.Unlock()
	select {
	case <-f.done:
		return f.result, false, f.err
	case <-ctx.Done():
		r.leave(key, f)
		return nil, false, ctx.Err()
	}
}

// leave stops waiting for a flight. The last to leave ends it, and the next to ask begins anew.
func (r *runs) leave(key [32]byte, f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.cancel()
		if r.flights[key] == f {
			delete(r.flights, key)
		}
	}
}

func (r *runs) fly(ctx context.Context, f *flight, key [32]byte, q Request) {
	defer close(f.done)
	defer f.cancel()
	select {
	case r.slots <- struct{}{}:
		f.result, f.err = r.engine.Run(ctx, q)
		<-r.slots
	case <-ctx.Done():
		f.err = fault.New(fault.Transient, "too many questions are being asked: try again in a moment")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flights[key] == f {
		delete(r.flights, key)
	}
	if f.err == nil {
		r.keep(key, f.result)
	}
}

// keep remembers a result and forgets the longest unused beyond the limit. A result over a quarter of it is not kept.
func (r *runs) keep(key [32]byte, result *Result) {
	bytes := 256
	for i := range result.Columns {
		bytes += result.Columns[i].Size()
	}
	if bytes > r.limit/4 || r.kept[key] != nil {
		return
	}
	r.kept[key] = r.order.PushFront(&kept{key: key, result: result, bytes: bytes})
	r.bytes += bytes
	for r.bytes > r.limit {
		oldest := r.order.Remove(r.order.Back()).(*kept)
		delete(r.kept, oldest.key)
		r.bytes -= oldest.bytes
	}
}

func requestKey(q Request, over string) ([32]byte, error) {
	text, err := json.Marshal([]any{q.SQL, q.Args, q.MaxRows, over})
	return sha256.Sum256(text), err
}
