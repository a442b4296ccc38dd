package decode

import (
	"encoding/json"
	"math"
	"time"
	"unicode/utf8"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
)

// Identity is what a row says of itself beside its fields.
type Identity struct {
	Op   record.Op // Snapshot for what does not come from a stream
	Lane string
	Seq  lake.Seq
	At   time.Time // UTC
}

// Row builds one row of a dataset field by field, for what does not come as change events: files, scans, exports. It
// gives the same columns as the events of the same values: types, region and dt, privacy. Set fields, then Add, which
// begins the next row; fields that were not set are null. A Row is not safe for concurrent use.
type Row struct {
	d   *Decoder
	set int
	src []byte // what the slots point into
}

// NewRow returns a Row of the dataset; NotFound where the plan does not have it.
func (p *Plan) NewRow(dataset string) (*Row, error) {
	for i, s := range p.sets {
		if s.Name == dataset {
			r := &Row{d: p.NewDecoder(), set: i}
			r.d.choose(i)
			r.Clear()
			return r, nil
		}
	}
	return nil, fault.New(fault.NotFound, "the plan has no dataset %s", dataset)
}

// Clear forgets the fields that were set.
func (r *Row) Clear() {
	d := r.d
	r.src = append(r.src[:0], 0) // no value stands at 0
	d.reader.reset(r.src)
	d.head, d.name, d.told = head{}, "", false
	d.now.reset(len(d.set.fields.all))
	d.was.known, d.now.known = false, true
	d.strange = d.strange[:0]
}

// Field returns the number of the field of that name, or -1.
func (r *Row) Field(name string) int { return r.d.set.fields.find([]byte(name)) }

// Text sets a field from text, which is read as the field's type wants it: what S or N holds in DynamoDB, true or false,
// base64. Lists, sets, maps and objects have no text: use Value. A text that does not fit is Invalid and names the field.
func (r *Row) Text(field int, text string) error {
	f := &r.d.set.fields.all[field]
	s := slot{state: present}
	switch {
	case f.class == nested:
		return r.refuse(f, "a "+string(f.Type)+" has no text form")
	case !utf8.ValidString(text):
		return r.refuse(f, "the text is not valid UTF-8")
	case f.class == booleans:
		if text != "true" && text != "false" {
			return r.refuse(f, "it is neither true nor false")
		}
		if text == "true" {
			s.num = 1
		}
	}
	if len(r.src)+len(text) > math.MaxInt32 {
		return fault.New(fault.Exceeded, "a row of more than 2 GiB")
	}
	s.text, s.from = r.keep([]byte(text)), int32(len(r.src)-len(text))
	s.to = s.text.to
	if f.class != booleans && !r.d.convert(f, &s) {
		return r.refused(f)
	}
	return r.put(field, s)
}

// Number sets a field of a number's type from the number's text. Another field takes no number.
func (r *Row) Number(field int, text string) error {
	f := &r.d.set.fields.all[field]
	if f.kind != record.N {
		return r.refuse(f, "it is a number, but the field is "+string(f.Type))
	}
	return r.Text(field, text)
}

// Bool sets a boolean field.
func (r *Row) Bool(field int, v bool) error {
	f := &r.d.set.fields.all[field]
	if f.class != booleans {
		return r.refuse(f, "it is a boolean, but the field is "+string(f.Type))
	}
	if v {
		return r.Text(field, "true")
	}
	return r.Text(field, "false")
}

// Null sets a field to null.
func (r *Row) Null(field int) error {
	return r.put(field, slot{state: null, from: int32(len(r.src))})
}

// Value sets a field of any type from DynamoDB JSON, such as {"L":[{"S":"a"}]}.
func (r *Row) Value(field int, value []byte) error {
	f, d := &r.d.set.fields.all[field], r.d
	var s slot
	from := r.keep(value).from
	d.reader.pos = int(from)
	if !d.value(f, &s) || !r.ended() {
		return r.refused(f)
	}
	return r.put(field, s)
}

// Extra keeps an attribute that the schema does not know, as DynamoDB JSON, in _extra.
func (r *Row) Extra(name string, value []byte) error {
	d := r.d
	quoted, err := json.Marshal(name)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the name %q", name)
	}
	d.reader.pos = int(r.keep(value).from)
	if !d.unknown(&d.now, []byte(name), quoted, int32(d.reader.pos)) || !r.ended() {
		return r.fault(name)
	}
	return nil
}

// Add adds the row to out and begins the next one. A row without its key, or with an attribute twice, is Invalid; then
// it has not been added.
func (r *Row) Add(id Identity, out *Output) error {
	defer r.Clear()
	d := r.d
	if !id.Seq.Valid() {
		return fault.New(fault.Invalid, "a row needs a sequence number of %d digits, not %q", lake.SeqDigits, id.Seq)
	}
	d.head.op, d.head.at = id.Op, id.At.UnixMicro()
	copy(d.head.seq[:], id.Seq)
	if !d.keyed(&d.now) || !d.sortExtra(&d.now) || !d.strangers() {
		return r.fault(d.name)
	}
	d.write(out.sets[r.set], id.Lane)
	return nil
}

// keep copies b to where slots can point.
func (r *Row) keep(b []byte) span {
	from := len(r.src)
	r.src = append(r.src, b...)
	r.d.reader.src = r.src
	return span{from: int32(from), to: int32(len(r.src))}
}

// ended reports whether nothing follows.
func (r *Row) ended() bool {
	in := &r.d.reader
	if in.peek(); in.pos < len(in.src) {
		return in.fail(in.pos, "something follows the value")
	}
	return true
}

func (r *Row) put(field int, s slot) error {
	to := &r.d.now.slots[field]
	if to.state != absent {
		return r.refuse(&r.d.set.fields.all[field], "it is there twice")
	}
	*to = s
	return nil
}

func (r *Row) refuse(f *field, why string) error {
	return fault.WithFields(f.Name+": "+why, []fault.Field{{Name: f.Name, Message: why}})
}

func (r *Row) refused(f *field) error { return r.fault(f.Name) }

// fault returns the reader's failure as an error.
func (r *Row) fault(name string) error {
	why := r.d.reader.why
	r.d.reader.why = ""
	if name == "" {
		return fault.New(fault.Invalid, "%s", why)
	}
	return fault.WithFields(name+": "+why, []fault.Field{{Name: name, Message: why}})
}
