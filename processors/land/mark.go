package land

import (
	"math/big"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

// Mark is a row that holds no record, only its key: it is gone, or has left a partition.
type Mark struct {
	decode.Identity           // its Op is remove, expire or leave
	Day             time.Time // the partition where the record is or was
	Region          string
	Key             map[string]string // by key attribute, as the lake has it: what is masked is, instants are microseconds
}

// Mark adds such a row to the batch. A key that does not fit its columns is Invalid, and nothing has been added.
func (r *Rows) Mark(m Mark) error {
	if !m.Op.Gone() && m.Op != record.Leave {
		return fault.New(fault.Invalid, "a row without a record is no %s", m.Op)
	}
	if !r.repair {
		m.Lane = r.lane
	}
	b := r.w.out.Batch(r.dataset.Name)
	var fill []func()
	for _, name := range []string{r.dataset.Key.Partition, r.dataset.Key.Sort} {
		if name == "" {
			continue
		}
		f, err := filler(b, r.dataset, name, m.Key[name])
		if err != nil {
			return err
		}
		fill = append(fill, f)
	}
	b.Leaf(schemas.ColOp).AppendString(string(m.Op))
	b.Leaf(schemas.ColShard).AppendString(m.Lane)
	b.Leaf(schemas.ColSeq).AppendString(string(m.Seq))
	b.Leaf(schemas.ColAt).AppendInt64(m.At.UnixMicro())
	b.Leaf(schemas.ColDate).AppendInt32(int32(m.Day.Unix() / 86_400))
	b.Leaf(schemas.ColRegion).AppendString(m.Region)
	for _, f := range fill {
		f()
	}
	b.EndRow()
	r.note(m.Seq, m.At)
	return nil
}

// filler returns what puts the text into the key's column.
func filler(b *columns.Batch, d *schemas.Dataset, name, text string) (func(), error) {
	f, ok := d.Field(name)
	l := b.Leaf(name)
	if !ok || l == nil {
		return nil, fault.New(fault.Invalid, "the key attribute %s of %s is not in the lake", name, d.Name)
	}
	bad := fault.New(fault.Invalid, "%q is no key of %s: %s is %s", text, d.Name, name, f.Type)
	if f.Privacy.Rule == "mask" || f.Type == schemas.String || f.Type == schemas.Enum {
		return func() { l.AppendString(text) }, nil
	}
	switch f.Type {
	case schemas.Int32:
		n, err := strconv.ParseInt(text, 10, 32)
		return func() { l.AppendInt32(int32(n)) }, either(bad, err)
	case schemas.Int64, schemas.Timestamp:
		n, err := strconv.ParseInt(text, 10, 64)
		return func() { l.AppendInt64(n) }, either(bad, err)
	case schemas.Day:
		day, err := time.Parse(time.DateOnly, text)
		return func() { l.AppendInt32(int32(day.Unix() / 86_400)) }, either(bad, err)
	case schemas.Decimal:
		q, ok := new(big.Rat).SetString(text)
		if !ok {
			return nil, bad
		}
		n := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(f.Scale)), nil)
		n.Mul(n, q.Num()).Quo(n, q.Denom())
		low := new(big.Int).And(n, new(big.Int).SetUint64(1<<64-1)) // of its two's complement
		high := new(big.Int).Rsh(n, 64)
		return func() { l.AppendDecimal(high.Int64(), low.Uint64()) }, nil
	}
	return nil, bad
}

func either(bad *fault.Error, err error) error {
	if err != nil {
		return bad
	}
	return nil
}
