package decode

import "github.com/tarn-lake/tarn/internal/record"

// area is where a record belongs, and the region of the text seen last, because regions repeat.
type area struct {
	region string
	day    int32
	// Where the record was before, if it has moved.
	left      bool
	oldRegion string
	oldDay    int32

	set   *dataset
	text  []byte
	means string
}

// locate tells where the record belongs and whether it has moved.
func (d *Decoder) locate() {
	h, a, v := &d.head, &d.area, &d.set.place
	change := v.dayOf(floorDiv(h.at, dayMicros))
	a.left = false
	if h.op.Gone() {
		a.region, a.day, _ = d.spot(&d.was, change)
		return
	}
	a.region, a.day, _ = d.spot(&d.now, change)
	if h.op != record.Modify || !d.was.known {
		return
	}
	region, day, told := d.spot(&d.was, change)
	a.left = region != a.region || told && day != a.day
	a.oldRegion, a.oldDay = region, day
}

// spot returns the region and dt of an image; told says that the image itself gives dt, not the change.
func (d *Decoder) spot(im *image, change int32) (region string, day int32, told bool) {
	v := &d.set.place
	region, day = d.regionOf(im), change
	if v.day < 0 || !im.known || d.slot(im, v.day).state != present {
		return region, day, false
	}
	at := d.slot(im, v.day).num
	if d.set.fields.all[v.day].class != days {
		at = floorDiv(at, dayMicros)
	}
	return region, v.dayOf(at), true
}

// slot returns the slot of a field in an image.
func (d *Decoder) slot(im *image, field int) *slot {
	if im == &d.was {
		return d.old(field)
	}
	return &im.slots[field]
}

func (d *Decoder) regionOf(im *image) string {
	v := &d.set.place
	switch v.rule.From {
	case "constant":
		return v.rule.Value
	case "metadata":
		return d.regionOfText(d.head.region)
	}
	if !im.known || len(v.path) == 0 {
		return v.rule.Unknown
	}
	s, f := d.slot(im, v.path[0]), &d.set.fields.all[v.path[0]]
	for _, step := range v.path[1:] {
		if s.state != present {
			return v.rule.Unknown
		}
		if s = d.inside(s.node, step); s == nil {
			return v.rule.Unknown
		}
		f = &f.members.all[step]
	}
	switch {
	case s.state != present:
		return v.rule.Unknown
	case f.class == int32s || f.class == int64s:
		return v.number(s.num)
	}
	return d.regionOfText(d.reader.bytes(s.text))
}

// inside returns the member of an object that is the given field of it, or nil.
func (d *Decoder) inside(at int32, kid int) *slot {
	nodes := d.reader.nodes
	for i, end := at+1, nodes[at].next; i < end; i = nodes[i].next {
		if nodes[i].kid == int32(kid) {
			if nodes[i].node = i; nodes[i].kind == record.NULL {
				return nil
			}
			return &nodes[i].slot
		}
	}
	return nil
}

func (d *Decoder) regionOfText(b []byte) string {
	a := &d.area
	if a.set != d.set || string(b) != string(a.text) {
		a.set, a.text = d.set, append(a.text[:0], b...)
		a.means = d.set.place.Region(string(b))
	}
	return a.means
}
