package verify

import (
	"unicode/utf8"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// RegionField is the name under which a record's region is compared: it says in which partition a record has to be.
const RegionField = "region()"

// Comparable returns the fields of records that have one text, last of all the region where it follows from the record:
// those that the lake keeps as they are, masked, or as the beginning of a text. AgeBands returns the others that are compared.
func Comparable(d *schemas.Dataset) []schemas.Field { return fieldsOf(d, false) }

// ComparableChanges returns those of changes, of which both sides say when they were made: age bands too, as the texts that
// the lake keeps of them.
func ComparableChanges(d *schemas.Dataset) []schemas.Field { return fieldsOf(d, true) }

func fieldsOf(d *schemas.Dataset, dated bool) []schemas.Field {
	var fields []schemas.Field
	for _, f := range d.Fields {
		if comparable(&f) {
			fields = append(fields, f)
		} else if dated && aged(&f) {
			f.Type = schemas.String
			fields = append(fields, f)
		}
	}
	if d.Region.From == "field" || d.Region.From == "constant" {
		fields = append(fields, schemas.Field{Name: RegionField, Type: schemas.String})
	}
	return fields
}

// Skipped returns the names of the fields that are not compared, each with the reason.
func Skipped(d *schemas.Dataset) []string {
	names := []string{}
	for _, f := range d.Fields {
		if !comparable(&f) && !aged(&f) {
			names = append(names, f.Name+" ("+why(&f)+")")
		}
	}
	return names
}

// why says why a field is not compared.
func why(f *schemas.Field) string {
	switch f.Privacy.Rule {
	case "drop":
		return "the lake does not keep it"
	case "mask":
		return "the lake keeps a hash of it in a form that only texts have one of"
	}
	return "it holds binary or protected values in values"
}

// comparable reports whether a field of a record has the same text on both sides.
func comparable(f *schemas.Field) bool {
	switch f.Privacy.Rule {
	case "mask":
		return text(f.Type)
	case "band":
		return f.Type == schemas.String
	}
	return kept(f) && plain(f)
}

// aged reports whether the lake keeps an age band of a field.
func aged(f *schemas.Field) bool { return f.Privacy.Rule == "band" && f.Type != schemas.String }

func plain(f *schemas.Field) bool {
	switch f.Type {
	case schemas.List, schemas.Set, schemas.Map:
		return inner(f.Elem)
	case schemas.Object:
		for i := range f.Fields {
			if !inner(&f.Fields[i]) {
				return false
			}
		}
	}
	return true
}

// inner reports the same of what lies in a list, a map or an object.
func inner(f *schemas.Field) bool { return kept(f) && f.Type != schemas.Binary && plain(f) }

func kept(f *schemas.Field) bool { return f.Privacy.Rule == "" || f.Privacy.Rule == "keep" }

func text(t schemas.Type) bool { return t == schemas.String || t == schemas.Enum }

// reader turns records of the store into the texts that are compared. It is not safe for concurrent use.
type reader struct {
	d      *schemas.Dataset
	fields []schemas.Field
	masks  *masks
	index  map[string]int // by attribute name: the slot
	names  []string       // of slots: the comparable fields', then others that are needed
	slots  []attribute
	keys   []int // slots of the key
	claim  int   // slot of the discriminator; -1: none
	place  *region
	plain  image
	born   map[string]*schemas.Field // of changes: fields of which the lake keeps an age band, as the store has them
	at     int64                     // when the change was made, in microseconds: what ages are reckoned to
	births births                    // of records: the same fields
	buf    []byte
	ends   []int

	attributes int // of the record that was read
}

// newReader returns a reader of records.
func newReader(d *schemas.Dataset, mask func(string) string) *reader {
	r := readerOf(d, Comparable(d), mask)
	r.births = newBirths(d, r.slot)
	return r
}

// newChangeReader returns a reader of changes.
func newChangeReader(d *schemas.Dataset, mask func(string) string) *reader {
	r := readerOf(d, ComparableChanges(d), mask)
	r.born = map[string]*schemas.Field{}
	for i := range d.Fields {
		if aged(&d.Fields[i]) {
			r.born[d.Fields[i].Name] = &d.Fields[i]
		}
	}
	return r
}

func readerOf(d *schemas.Dataset, fields []schemas.Field, mask func(string) string) *reader {
	r := &reader{d: d, fields: fields, masks: newMasks(mask), index: map[string]int{}, claim: -1}
	for i := range r.fields {
		if r.fields[i].Name != RegionField {
			r.slot(r.fields[i].Name)
		} else {
			r.names = append(r.names, RegionField)
			r.slots = append(r.slots, attribute{})
		}
	}
	for _, name := range keyNames(d) {
		r.keys = append(r.keys, r.slot(name))
	}
	if d.Discriminator != nil {
		r.claim = r.slot(d.Discriminator.Attribute)
	}
	r.place = newRegion(d, r.slot)
	return r
}

func keyNames(d *schemas.Dataset) []string {
	if d.Key.Sort == "" {
		return []string{d.Key.Partition}
	}
	return []string{d.Key.Partition, d.Key.Sort}
}

// slot returns the slot of an attribute, which is made where there is none.
func (r *reader) slot(name string) int {
	if at, ok := r.index[name]; ok {
		return at
	}
	r.index[name] = len(r.names)
	r.names = append(r.names, name)
	r.slots = append(r.slots, attribute{})
	return len(r.names) - 1
}

// image reads a record from DynamoDB JSON and reports whether it is the dataset's.
func (r *reader) image(src []byte) (bool, error) {
	clear(r.slots)
	var plain bool
	if r.attributes, plain = r.plain.each(src, r.slotOf, r.slots); plain {
		return r.claimed(), nil
	}
	item, err := record.ParseItem(src)
	if err != nil {
		return false, err
	}
	return r.item(item), nil
}

// slotOf returns the slot of an attribute; -1: it has none.
func (r *reader) slotOf(name []byte) int {
	if at, ok := r.index[string(name)]; ok {
		return at
	}
	return -1
}

// item reads a record and reports whether it is the dataset's.
func (r *reader) item(item record.Item) bool {
	clear(r.slots)
	r.attributes = len(item)
	for name, v := range item {
		if at, ok := r.index[name]; ok {
			r.slots[at] = of(v)
		}
	}
	return r.claimed()
}

func (r *reader) claimed() bool {
	if r.claim < 0 {
		return true
	}
	for _, v := range r.d.Discriminator.Values {
		if string(r.slots[r.claim].text) == v {
			return true
		}
	}
	return false
}

// row returns the canonical text of the record that was read, which the next call overwrites.
func (r *reader) row() []byte {
	b := r.buf[:0]
	r.ends = r.ends[:0]
	for i := range r.fields {
		if i > 0 {
			b = append(b, fieldMark)
		}
		b = r.appendField(b, i)
		r.ends = append(r.ends, len(b))
	}
	r.buf = b
	return b
}

func (r *reader) appendField(b []byte, i int) []byte {
	f := &r.fields[i]
	if f.Name == RegionField {
		return append(b, r.place.of(r.slots)...)
	}
	from := len(b)
	if born := r.born[f.Name]; born != nil {
		return appendAge(b, born, &r.slots[i], r.at)
	}
	b = appendCanonical(b, f, &r.slots[i])
	if r.slots[i].kind == record.None || r.slots[i].kind == record.NULL {
		return b
	}
	switch f.Privacy.Rule {
	case "band":
		return b[:from+leading(b[from:], f.Privacy.Length)]
	case "mask":
		return r.masks.replace(b, from)
	}
	return b
}

// leading returns how many bytes the first characters of a text have.
func leading(text []byte, characters int) int {
	at := 0
	for range characters {
		_, n := utf8.DecodeRune(text[at:])
		at += n
	}
	return at
}

// values returns the record's fields one by one, and after them its births.
func (r *reader) values() []Value {
	row := string(r.row())
	values := make([]Value, len(r.fields), len(r.fields)+len(r.births))
	from := 0
	for i, to := range r.ends {
		if t := row[from:to]; t != nullText {
			values[i] = Value{t, true}
		}
		from = to + 1
	}
	return append(values, r.births.of(r.slots)...)
}

// appendKey appends the record's key as the lake has it.
func (r *reader) appendKey(b []byte) []byte {
	for i, at := range r.keys {
		if i > 0 {
			b = append(b, keyMark)
		}
		from := len(b)
		f, declared := r.d.Field(r.names[at])
		if !declared {
			b = append(b, r.slots[at].text...)
			continue
		}
		b = appendCanonical(b, f, &r.slots[at])
		if f.Privacy.Rule == "mask" {
			b = r.masks.replace(b, from)
		}
	}
	return b
}
