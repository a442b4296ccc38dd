package decode

import (
	"slices"

	"github.com/tarn-lake/tarn/internal/record"
)

const unclaimed = "no dataset of the stream claims it"

// claim finds the record's dataset by its discriminator, in the new image, the old one or the keys. All of them have been
// read over once and are sound JSON.
func (d *Decoder) claim() bool {
	if !d.plan.shared {
		return true
	}
	for i, s := range d.plan.sets {
		for _, from := range []int32{d.head.now, d.head.was, d.head.keys} {
			if from != 0 && d.says(from, s.Discriminator.Attribute, s.Discriminator.Values) {
				d.choose(i)
				return true
			}
		}
	}
	return d.reader.fail(d.reader.pos, unclaimed)
}

// says reports whether the image at from has an attribute with one of the values.
func (d *Decoder) says(from int32, attribute string, values []string) bool {
	r := &d.reader
	r.pos = int(from)
	if !r.take('{') {
		return false
	}
	for first := true; ; first = false {
		another, ok := r.more(first, '}')
		if !ok || !another {
			return false
		}
		name, _, ok := d.attributeName()
		if !ok {
			return false
		}
		if string(name) != attribute {
			if !r.skip(3) {
				return false
			}
			continue
		}
		at, ok := r.tree(1)
		if !ok {
			return false
		}
		n := r.nodes[at]
		return (n.kind == record.S || n.kind == record.N) && slices.Contains(values, string(r.bytes(n.text)))
	}
}
