package decode

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// strangers collects the members of objects that the schema does not know. They go to _extra under their dotted path,
// items of a list by their index, so that nothing of a record is lost.
func (d *Decoder) strangers() bool {
	d.strange = d.strange[:0]
	for _, i := range d.set.objects {
		f := &d.set.fields.all[i]
		if s := &d.now.slots[i]; s.state == present {
			d.stray(f, s.node, f.label, f.quoted[1:len(f.quoted)-1])
		}
	}
	if len(d.strange) == 0 {
		return true
	}
	slices.SortFunc(d.strange, byName)
	for i := range d.strange {
		if _, twice := slices.BinarySearchFunc(d.now.extra, d.strange[i], byName); twice || i > 0 && bytes.Equal(d.strange[i].name, d.strange[i-1].name) {
			return d.reader.fail(int(d.strange[i].from), "two attributes have the same path")
		}
	}
	return true
}

func byName(a, b attribute) int { return bytes.Compare(a.name, b.name) }

// stray walks through a value; path is where it stands, and quoted the same as JSON text.
func (d *Decoder) stray(f *field, at int32, path []byte, quoted string) {
	nodes := d.reader.nodes
	if nodes[at].kind == record.NULL {
		return
	}
	n := 0
	for i, end := at+1, nodes[at].next; i < end; i = nodes[i].next {
		kid := &nodes[i]
		step, raw := strconv.AppendInt(nil, int64(n), 10), strconv.Itoa(n)
		if nodes[at].kind == record.M {
			step, raw = d.reader.bytes(kid.name), string(d.reader.src[kid.name.from:kid.name.to])
		}
		n++
		below, text := append(append(slices.Clip(path), '.'), step...), quoted+"."+raw
		switch {
		case f.Type != schemas.Object:
			if f.elem.objects {
				d.stray(f.elem, i, below, text)
			}
		case kid.kid < 0:
			d.strange = append(d.strange, attribute{name: below, quoted: []byte(`"` + text + `"`), from: kid.from, to: kid.to})
		case f.members.all[kid.kid].objects:
			d.stray(&f.members.all[kid.kid], i, below, text)
		}
	}
}

// merged returns the unknown attributes and the strangers, by name.
func (d *Decoder) merged() []attribute {
	if len(d.strange) == 0 {
		return d.now.extra
	}
	d.strange = append(d.strange, d.now.extra...)
	slices.SortFunc(d.strange, byName)
	return d.strange
}
