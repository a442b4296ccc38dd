// Package land makes one landed object of each batch of changes, whatever datasets, dates and regions it holds. One PUT
// is the whole cost of a batch; the same batch gives the same bytes under the same name.
package land

import (
	"context"
	"fmt"
	"sync"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

// Files is where land leaves what it wrote. Putting a key again is harmless. Put keeps no reference to body.
type Files interface {
	Put(ctx context.Context, key string, body []byte) error
}

// maxBatchBytes is far above what a stream delivers (6 MB) and bounds the memory of a batch.
const maxBatchBytes = 64 << 20

// Options tunes a Lander. The zero value works where no field is masked.
type Options struct {
	MaskKey       []byte // key of the hash that masked fields are kept as
	MaxBatchBytes int    // of a batch's event; 0: 64 MiB
}

// Lander lands batches. It is safe for concurrent use; the batches of one lane must come one after another.
type Lander struct {
	files   Files
	limit   int
	streams map[string]*stream
}

// stream is what the batches of one stream need; works are pooled, because shards come and go.
type stream struct {
	plan  *decode.Plan
	works sync.Pool // of *work
}

// work is the memory of one batch.
type work struct {
	decoder  *decode.Decoder
	out      *decode.Output
	encoders map[string]*columns.Encoder
	object   *lake.LandedWriter
	buf      []byte
}

// New returns a Lander for every stream of the registry and for every dataset without one. A dataset that cannot be decoded is Invalid.
func New(files Files, registry *schemas.Registry, opts Options) (*Lander, error) {
	l := &Lander{files: files, limit: opts.MaxBatchBytes, streams: map[string]*stream{}}
	if l.limit == 0 {
		l.limit = maxBatchBytes
	}
	for _, name := range registry.Streams() {
		plan, err := decode.Compile(registry.ByStream(name), decode.Options{MaskKey: opts.MaskKey})
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", name, err)
		}
		l.streams[name] = &stream{plan: plan}
	}
	for _, d := range registry.Datasets() {
		if d.Stream != "" {
			continue
		}
		plan, err := decode.Compile([]*schemas.Dataset{d}, decode.Options{MaskKey: opts.MaskKey})
		if err != nil {
			return nil, fmt.Errorf("dataset %s: %w", d.Name, err)
		}
		l.streams[d.Name] = &stream{plan: plan}
	}
	return l, nil
}

// Batch is one batch of a lane, as its reader took it.
type Batch struct {
	Stream string
	Lane   string
	After  lake.Seq // what was taken before it; empty: unknown, or nothing
	Begin  bool     // it starts at the shard's own beginning
	Body   []byte   // a DynamoDB stream event
}

// Land makes the batch durable as one object and returns what it is, without the sections' bytes. A batch without
// records leaves no object: its Records are 0. Landing a batch again is harmless.
//
// Errors: NotFound (no such stream), Exceeded (the batch is too large), Invalid (the batch has no sequence number, or
// the stream does not carry new images), and those of Files, Transient ones among them.
func (l *Lander) Land(ctx context.Context, b Batch) (*lake.Landed, error) {
	s, ok := l.streams[b.Stream]
	if !ok {
		return nil, fault.New(fault.NotFound, "no dataset is fed by the stream %s", b.Stream)
	}
	if len(b.Body) > l.limit {
		return nil, fault.New(fault.Exceeded, "a batch of %d bytes is larger than %d; read fewer records at once", len(b.Body), l.limit)
	}
	w := s.work()
	defer s.works.Put(w)
	w.out.Reset()
	info, err := w.decoder.Event(b.Body, b.Lane, w.out)
	if err != nil {
		return nil, fmt.Errorf("decode a batch of %s %s: %w", b.Stream, b.Lane, err)
	}
	landed := &lake.Landed{
		LandedName: lake.LandedName{Stream: b.Stream, Lane: b.Lane, First: info.First, Last: info.Last, Version: lake.LandedVersion},
		After:      b.After, Begin: b.Begin,
		Records: info.Records, Bad: info.Bad, Expired: info.Expired, Through: info.Through,
	}
	if info.Records == 0 {
		return landed, nil
	}
	return landed, l.put(ctx, w, landed)
}

func (s *stream) work() *work {
	if w, ok := s.works.Get().(*work); ok {
		return w
	}
	w := &work{decoder: s.plan.NewDecoder(), out: s.plan.NewOutput(), encoders: map[string]*columns.Encoder{}, object: lake.NewLandedWriter(nil)}
	for _, r := range w.out.Rows() {
		w.encoders[r.Dataset] = columns.NewEncoder(r.Batch.Columns(), columns.EncoderOptions{Codec: columns.Snappy})
	}
	return w
}

// put encodes what w has decoded and leaves it under the name of landed.
func (l *Lander) put(ctx context.Context, w *work, landed *lake.Landed) error {
	w.object.Reset(w.buf[:0])
	for _, r := range w.out.Rows() {
		if r.Batch.Rows() == 0 {
			continue
		}
		buf, _, err := w.encoders[r.Dataset].Encode(w.object.Begin(r.Dataset, r.Batch.Rows()), r.Batch)
		if err != nil {
			return fmt.Errorf("encode %s of %s: %w", r.Dataset, landed.Key(), err)
		}
		w.object.End(buf)
		landed.Sections = append(landed.Sections, lake.Section{Dataset: r.Dataset, Rows: r.Batch.Rows()})
	}
	w.buf = w.object.Finish(landed)
	if err := l.files.Put(ctx, landed.Key(), w.buf); err != nil {
		return fmt.Errorf("put %s: %w", landed.Key(), err)
	}
	return nil
}
