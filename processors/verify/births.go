package verify

import (
	"encoding/binary"
	"strconv"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// AgeBands returns the fields of which current state keeps an age band, as the texts that it keeps of them, and last of all
// the instant that those are reckoned to, which is the row's own; none where no field has an age band.
func AgeBands(d *schemas.Dataset) (fields []schemas.Field) {
	for _, f := range d.Fields {
		if aged(&f) {
			f.Type = schemas.String
			fields = append(fields, f)
		}
	}
	if fields == nil {
		return nil
	}
	return append(fields, schemas.Field{Name: schemas.ColAt, Type: schemas.Timestamp})
}

// births is the fields of which current state keeps an age band, as the store has them. Only a row of the lake says to
// which instant its bands are reckoned, so the store's side keeps the births themselves until it meets that row.
type births []birth

type birth struct {
	slot  int
	field *schemas.Field
}

func newBirths(d *schemas.Dataset, slot func(string) int) (all births) {
	for i := range d.Fields {
		if f := &d.Fields[i]; aged(f) {
			all = append(all, birth{slot(f.Name), f})
		}
	}
	return all
}

// of returns the births of the record in the slots, in the canonical text of their types.
func (b births) of(slots []attribute) (all []Value) {
	for _, f := range b {
		v := Value{}
		if a := &slots[f.slot]; a.kind != record.None && a.kind != record.NULL {
			v = Value{string(appendCanonical(nil, f.field, a)), true}
		}
		all = append(all, v)
	}
	return all
}

// append appends the births of the record in the slots, each behind its length; nothing where no field has an age band.
func (b births) append(to []byte, slots []attribute) []byte {
	for _, f := range b {
		a := &slots[f.slot]
		if a.kind == record.None || a.kind == record.NULL {
			to = append(to, 0)
			continue
		}
		var plain [32]byte
		text := appendCanonical(plain[:0], f.field, a)
		to = append(binary.AppendUvarint(to, uint64(len(text))+1), text...)
	}
	return to
}

// bands appends the texts of the age bands at an instant, joined like those of a row, of births as append made them.
func (b births) bands(to, from []byte, at int64) []byte {
	for i, f := range b {
		if i > 0 {
			to = append(to, fieldMark)
		}
		n, w := binary.Uvarint(from)
		if from = from[w:]; n == 0 {
			to = append(to, nullText...)
			continue
		}
		start := len(to)
		to = ageFrom(append(to, from[:n-1]...), start, f.field, at)
		from = from[n-1:]
	}
	return to
}

// skip returns what is behind births as append made them.
func (b births) skip(from []byte) []byte {
	for range b {
		n, w := binary.Uvarint(from)
		from = from[w+max(int(n)-1, 0):]
	}
	return from
}

// asOf returns values of the store with their births as the age bands of a row of the lake: at the instant with which that
// ends, and ending with it too.
func (b births) asOf(store, lake []Value) []Value {
	if len(b) == 0 || store == nil || lake == nil {
		return store
	}
	at := lake[len(lake)-1]
	micros, _ := strconv.ParseInt(at.Text, 10, 64)
	own := len(store) - len(b)
	values := append(make([]Value, 0, len(store)+1), store...)
	for i, f := range b {
		if v := &values[own+i]; v.Set {
			v.Text = string(ageFrom([]byte(v.Text), 0, f.field, micros))
		}
	}
	return append(values, at)
}
