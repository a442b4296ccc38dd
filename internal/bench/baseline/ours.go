package baseline

import (
	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

// Ours is Tarn's own way, with all of its checks: what land does between an event and an object.
type Ours struct {
	Dataset *schemas.Dataset
	decoder *decode.Decoder
	out     *decode.Output
	encoder *columns.Encoder
	file    []byte
}

// NewOurs compiles the stream's plan.
func NewOurs() (*Ours, error) {
	registry, err := synthetic.Registry()
	if err != nil {
		return nil, err
	}
	d, ok := registry.Dataset(synthetic.Dataset)
	if !ok {
		return nil, fault.New(fault.NotFound, "the stream's schema has no dataset %s", synthetic.Dataset)
	}
	plan, err := decode.Compile([]*schemas.Dataset{d}, decode.Options{})
	if err != nil {
		return nil, err
	}
	return &Ours{Dataset: d, decoder: plan.NewDecoder(), out: plan.NewOutput(), encoder: columns.NewEncoder(d.LandedColumns(), columns.EncoderOptions{Codec: columns.Snappy})}, nil
}

// Decode reads an event into columns, which are the Ours's own until the next call.
func (o *Ours) Decode(body []byte, lane string) (*columns.Batch, error) {
	o.out.Reset()
	info, err := o.decoder.Event(body, lane, o.out)
	if err != nil {
		return nil, err
	}
	if info.Bad > 0 {
		return nil, fault.New(fault.Invalid, "%d of %d records were set aside", info.Bad, info.Records)
	}
	return o.out.Batch(o.Dataset.Name), nil
}

// Parquet returns the event's rows as a Parquet file, with snappy. The bytes are the Ours's own until the next call.
func (o *Ours) Parquet(body []byte, lane string) ([]byte, error) {
	batch, err := o.Decode(body, lane)
	if err != nil {
		return nil, err
	}
	o.file, _, err = o.encoder.Encode(o.file[:0], batch)
	return o.file, err
}
