// Package decode turns the bytes of change events into columns, by a plan compiled from the schema. It reads the JSON
// once, strictly and straight into reused buffers. A record that is not what the schema says is set aside with its bytes
// and the reason; the others go on.
package decode

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// Options tunes a Plan.
type Options struct {
	MaskKey []byte // key of the hash that masked fields are kept as; required where a field is masked
}

// Plan says how the records of one stream become columns. It is read-only and safe for concurrent use.
type Plan struct {
	stream string
	sets   []*dataset // by name
	shared bool       // a record's dataset must be told from its discriminator
	key    []byte
}

// Compile returns the plan of the datasets of one stream, or of one dataset that is only loaded. A dataset that cannot
// be decoded is Invalid.
func Compile(datasets []*schemas.Dataset, opts Options) (*Plan, error) {
	if len(datasets) == 0 || slices.ContainsFunc(datasets, func(d *schemas.Dataset) bool { return len(d.Fields) == 0 }) {
		return nil, fault.New(fault.Invalid, "there is nothing to decode: no dataset, or one without fields")
	}
	p := &Plan{stream: datasets[0].Stream, shared: len(datasets) > 1, key: opts.MaskKey}
	for _, d := range datasets {
		if d.Stream != p.stream {
			return nil, fault.New(fault.Invalid, "datasets %s and %s are not of one stream", datasets[0].Name, d.Name)
		}
		if len(datasets) > 1 && d.Discriminator == nil {
			return nil, fault.New(fault.Invalid, "dataset %s shares the stream %s and needs a discriminator", d.Name, d.Stream)
		}
		c, err := compile(d)
		if err != nil {
			return nil, err
		}
		if c.masks && len(opts.MaskKey) == 0 {
			return nil, fault.New(fault.Invalid, "dataset %s has masked fields and needs a mask key", d.Name)
		}
		p.shared = p.shared || d.Discriminator != nil
		p.sets = append(p.sets, c)
	}
	return p, nil
}

// Datasets returns the names of the datasets, in the order in which they were given.
func (p *Plan) Datasets() []string {
	names := make([]string, len(p.sets))
	for i, s := range p.sets {
		names[i] = s.Name
	}
	return names
}

// dataset is one dataset, compiled.
type dataset struct {
	*schemas.Dataset
	fields  members
	keys    []int // fields
	tracked []int // fields
	objects []int // fields that hold objects and are not dropped
	columns []schemas.Column
	place   Resolver
	masks   bool
	steps   []step // by field
	byName  []int  // fields
}

func compile(d *schemas.Dataset) (*dataset, error) {
	c := &dataset{Dataset: d, columns: d.LandedColumns()}
	var err error
	if c.fields, err = compileFields(d.Fields); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "dataset %s", d.Name)
	}
	find := func(name string) (int, error) {
		if i := c.fields.find([]byte(name)); i >= 0 {
			return i, nil
		}
		return 0, fault.New(fault.Invalid, "dataset %s has no field %s", d.Name, name)
	}
	names := append([]string{}, d.Track...)
	if names = append(names, d.Key.Partition, d.Key.Sort); d.Key.IsZero() {
		names = d.Track
	}
	for i, name := range names {
		if name == "" {
			continue
		}
		f, err := find(name)
		if err != nil {
			return nil, err
		}
		if i < len(d.Track) {
			c.tracked = append(c.tracked, f)
		} else {
			c.keys = append(c.keys, f)
		}
	}
	for i := range c.fields.all {
		f := &c.fields.all[i]
		c.masks = c.masks || f.Privacy.Rule == "mask"
		c.steps, c.byName = append(c.steps, stepOf(f)), append(c.byName, i)
		if f.objects && f.Privacy.Rule != "drop" {
			c.objects = append(c.objects, i)
		}
	}
	slices.SortFunc(c.byName, func(a, b int) int { return strings.Compare(c.fields.all[a].Name, c.fields.all[b].Name) })
	c.place, err = resolver(c)
	return c, err
}

// field is a declared attribute, compiled.
type field struct {
	*schemas.Field
	kind    record.Kind // of its values, for those that have one
	class   class
	label   []byte   // its name
	quoted  string   // its name as JSON text
	literal literal  // how it stands in an image that has no white space: `"district":{"N":"`
	valueAt int      // where in the literal the value begins
	ages    []string // labels of its bands
	elem    *field
	members members
	objects bool // it is an object or holds one
}

// class is how the content of a value is read.
type class uint8

const (
	text class = iota
	int32s
	int64s
	decimals
	booleans
	days
	isoTimes
	epochs
	epochMillis
	binaries
	nested
)

var classes = map[schemas.Type]class{
	schemas.String: text, schemas.Enum: text, schemas.Int32: int32s, schemas.Int64: int64s, schemas.Decimal: decimals,
	schemas.Boolean: booleans, schemas.Day: days, schemas.Timestamp: isoTimes, schemas.Binary: binaries,
	schemas.List: nested, schemas.Set: nested, schemas.Map: nested, schemas.Object: nested,
}

var kinds = [...]record.Kind{
	text: record.S, int32s: record.N, int64s: record.N, decimals: record.N, booleans: record.BOOL, days: record.S,
	isoTimes: record.S, epochs: record.N, epochMillis: record.N, binaries: record.B, nested: record.None,
}

func compileField(s *schemas.Field) (*field, error) {
	c, known := classes[s.Type]
	if !known {
		return nil, fault.New(fault.Invalid, "field %s has the unknown type %q", s.Name, s.Type)
	}
	if c == isoTimes && s.Format == "epoch" {
		c = epochs
	} else if c == isoTimes && s.Format == "epoch-ms" {
		c = epochMillis
	}
	f := &field{Field: s, class: c, kind: kinds[c], label: []byte(s.Name), ages: ages(s.Privacy.Bands)}
	name, err := json.Marshal(s.Name)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "field %q", s.Name)
	}
	f.quoted = string(name)
	head := f.quoted + `:`
	f.valueAt = len(head)
	switch head += `{"`; f.kind {
	case record.S, record.N, record.B:
		head += f.kind.String() + `":"`
	case record.BOOL:
		head += f.kind.String() + `":`
	}
	f.literal = literalOf(head)
	if s.Elem != nil {
		f.elem, err = compileField(s.Elem)
	}
	if err == nil && s.Type == schemas.Object {
		f.members, err = compileFields(s.Fields)
	}
	f.objects = s.Type == schemas.Object || f.elem != nil && f.elem.objects
	return f, err
}
