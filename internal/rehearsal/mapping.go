package rehearsal

import (
	"context"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
)

// Lambda's own limits.
const (
	maxBatchRecords = 10_000
	maxPayload      = 6 << 20
	maxState        = 1 << 20
	maxBatching     = 5 * time.Minute
	maxTumbling     = 15 * time.Minute
	quietWindow     = 2 * time.Minute // without a record after which a window is taken for over
	pollEvery       = 250 * time.Millisecond
)

// Mapping is the settings of an event source mapping of a DynamoDB stream, by the names that AWS gives them. Of two
// settings one value is played: ParallelizationFactor 1 and BisectBatchOnFunctionError false, which are Tarn's.
type Mapping struct {
	BatchSize      int           // records of a batch at most
	BatchingWindow time.Duration // how long a batch is gathered; 0: it goes as it comes
	TumblingWindow time.Duration // 0: none
	RetryAttempts  int           // after which a batch is discarded; -1: never
	RecordAge      time.Duration // after which a record is discarded; -1: never
	ReportFailures bool          // FunctionResponseTypes has ReportBatchItemFailures
}

// Judge refuses what AWS refuses.
func (m Mapping) Judge() error {
	switch {
	case m.BatchSize < 1 || m.BatchSize > maxBatchRecords:
		return fault.New(fault.Invalid, "BatchSize is %d; 1 to %d are taken", m.BatchSize, maxBatchRecords)
	case m.BatchingWindow < 0 || m.BatchingWindow > maxBatching:
		return fault.New(fault.Invalid, "MaximumBatchingWindowInSeconds is %s; 0 to %s are taken", m.BatchingWindow, maxBatching)
	case m.TumblingWindow < 0 || m.TumblingWindow > maxTumbling || m.TumblingWindow%time.Second != 0:
		return fault.New(fault.Invalid, "TumblingWindowInSeconds is %s; whole seconds up to %s are taken", m.TumblingWindow, maxTumbling)
	case m.RetryAttempts < -1 || m.RetryAttempts > 10_000:
		return fault.New(fault.Invalid, "MaximumRetryAttempts is %d; -1 to 10000 are taken", m.RetryAttempts)
	}
	return nil
}

// Source is a table's stream.
type Source interface {
	Shards(ctx context.Context, stream string) ([]feed.Shard, error)
	Read(ctx context.Context, stream string, shard feed.Shard, after lake.Seq, limit int) (feed.Page, error)
}

// Caller is a function that is called with events.
type Caller interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Poller delivers a stream to a function as an event source mapping does, from the oldest record that is there. Its
// methods are for one goroutine.
type Poller struct {
	mapping  Mapping
	source   Source
	stream   string
	arn      func(label string) string
	function Caller
	now      func() time.Time

	shards map[string]*reader // by lane
	order  []*reader
	asked  time.Time
}

// NewPoller returns a Poller. The arn of a stream is made of its label.
func NewPoller(m Mapping, source Source, stream string, arn func(label string) string, function Caller, now func() time.Time) (*Poller, error) {
	if err := m.Judge(); err != nil {
		return nil, err
	}
	return &Poller{mapping: m, source: source, stream: stream, arn: arn, function: function, now: now, shards: map[string]*reader{}}, nil
}

// Run polls until ctx is done.
func (p *Poller) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if err := p.Step(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Step polls every shard once and makes the calls that are due. A shard is begun when its parents are done with.
func (p *Poller) Step(ctx context.Context) error {
	if err := p.discover(ctx); err != nil {
		return err
	}
	for _, r := range p.order {
		if !p.due(r) {
			continue
		}
		if err := r.step(ctx); err != nil {
			return err
		}
		if r.done {
			p.asked = time.Time{} // its children are there by now
		}
	}
	return nil
}

// due reports whether a shard may be read: it is not done, and its parents are.
func (p *Poller) due(r *reader) bool {
	for _, parent := range r.shard.Parents {
		for _, other := range p.order {
			if other.shard.ID == parent && !other.done {
				return false
			}
		}
	}
	return !r.done
}

// discoverEvery is how often the stream is asked for shards.
const discoverEvery = time.Second

func (p *Poller) discover(ctx context.Context) error {
	if now := p.now(); now.Sub(p.asked) < discoverEvery {
		return nil
	}
	found, err := p.source.Shards(ctx, p.stream)
	if err != nil {
		return err
	}
	p.asked = p.now()
	for _, s := range found {
		if p.shards[s.Lane()] == nil {
			r := &reader{poller: p, shard: s}
			p.shards[s.Lane()] = r
			p.order = append(p.order, r)
		}
	}
	return nil
}

// Idle reports whether everything that was read has been delivered.
func (p *Poller) Idle() bool {
	for _, r := range p.order {
		if len(r.queue) > 0 || !r.caught && !r.done {
			return false
		}
	}
	return len(p.order) > 0
}
