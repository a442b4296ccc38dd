package decode

import (
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// write adds the rows of the record that was read: its own and, where it has moved, one that leaves the old partition.
func (d *Decoder) write(t *target, lane string) {
	h := &d.head
	d.locate()
	if d.area.left {
		d.again(t) // what went straight into the columns comes after it
		d.system(t, lane, record.Leave, d.area.oldDay, d.area.oldRegion)
		d.leave(t)
		t.batch.EndRow()
	}
	d.system(t, lane, h.op, d.area.day, d.area.region)
	if h.op.Gone() {
		d.removed(t)
	} else {
		d.extras(t.extra)
		late := t.late
		if d.into == nil || d.area.left {
			late = t.fields
		}
		for i := range late {
			d.field(&late[i], &d.now.slots[late[i].field])
		}
		d.olds(t, h.op == record.Modify && d.was.known)
	}
	d.changes(t.changed)
	t.batch.EndRow()
}

// again takes what went straight into the columns back, so that it can be written once more.
func (d *Decoder) again(t *target) {
	t.batch.DropRow()
	end := d.reader.pos
	for i := range d.now.slots {
		if s := &d.now.slots[i]; s.state == present && s.node == inColumn {
			d.reader.pos = int(s.from)
			d.value(&d.set.fields.all[i], s) // it was read before
		}
	}
	d.reader.pos = end
}

func (d *Decoder) system(t *target, lane string, op record.Op, day int32, region string) {
	t.op.AppendString(string(op))
	t.shard.AppendString(lane)
	t.seq.AppendBytes(d.head.seq[:])
	t.at.AppendInt64(d.head.at)
	t.day.AppendInt32(day)
	t.region.AppendString(region)
}

// leave fills a row that holds the key only.
func (d *Decoder) leave(t *target) {
	for i := range t.fields {
		if s := &t.fields[i]; s.key {
			d.field(s, &d.now.slots[s.field])
		}
	}
}

func (d *Decoder) removed(t *target) {
	for i := range t.fields {
		if s := &t.fields[i]; s.key {
			d.field(s, &d.keys.slots[s.field])
		}
	}
	d.olds(t, d.was.known)
}

func (d *Decoder) olds(t *target, known bool) {
	if !known {
		return
	}
	for i := range t.old {
		s := &t.old[i]
		d.field(s, d.old(s.field))
	}
}

// field adds a slot's value to its column. What is null gets its entry when the row ends.
func (d *Decoder) field(to *sink, s *slot) {
	if s.state != present || s.node == inColumn {
		return
	}
	switch f := to.of; {
	case to.private:
		to.leaf.AppendBytes(d.private(f, s))
	case f.class == nested:
		d.emit(to.node, f, s.node, 0)
	default:
		d.scalarTo(to.leaf, f, s)
	}
}

func (d *Decoder) scalarTo(l *columns.Leaf, f *field, s *slot) {
	switch f.class {
	case text:
		d.reader.appendTo(l, s.text)
	case int32s, days:
		l.AppendInt32(int32(s.num))
	case int64s, isoTimes, epochs, epochMillis:
		l.AppendInt64(s.num)
	case decimals:
		l.AppendDecimal(s.hi, uint64(s.num))
	case booleans:
		l.AppendBool(s.num != 0)
	case binaries:
		l.AppendBytes(d.reader.blob[s.num : s.num+s.hi])
	}
}

// emit adds a value below n; rep is its repetition level.
func (d *Decoder) emit(n *columns.Node, f *field, at int32, rep uint8) {
	v := &d.reader.nodes[at]
	switch {
	case v.kind == record.NULL:
		n.AppendNull(rep, n.Def-1)
	case f.class != nested:
		l := n.Leaves[0]
		d.scalarTo(l, f, &v.slot)
		if l.MaxRep > 0 {
			l.RepeatAt(rep)
		}
	case f.Type == schemas.Object:
		d.emitObject(n, f, at, rep)
	case v.next == at+1:
		n.AppendNull(rep, n.Def)
	default:
		for i := at + 1; i < v.next; i = d.reader.nodes[i].next {
			if f.Type == schemas.Map {
				key := n.Kids[0].Leaves[0]
				key.AppendBytes(d.reader.bytes(d.reader.nodes[i].name))
				key.RepeatAt(rep)
				d.emit(n.Kids[1], f.elem, i, rep)
			} else {
				d.emit(n.Kids[0], f.elem, i, rep)
			}
			rep = n.Rep + 1
		}
	}
}

func (d *Decoder) emitObject(n *columns.Node, f *field, at int32, rep uint8) {
	nodes := d.reader.nodes
	for k := range f.members.all {
		found := false
		for i := at + 1; i < nodes[at].next; i = nodes[i].next {
			if nodes[i].kid == int32(k) {
				d.emit(n.Kids[k], &f.members.all[k], i, rep)
				found = true
				break
			}
		}
		if !found {
			n.Kids[k].AppendNull(rep, n.Def)
		}
	}
}

// changes adds the names of what the change touched.
func (d *Decoder) changes(l *columns.Leaf) {
	if !d.told {
		return
	}
	if len(d.changed) == 0 {
		l.AppendNullAt(0, l.MaxDef-1)
	}
	for i, name := range d.changed {
		if l.AppendBytes(name); i > 0 {
			l.Repeat()
		}
	}
}

// extras adds what the schema does not know, as one JSON object. The attributes are sorted already.
func (d *Decoder) extras(l *columns.Leaf) {
	all := d.merged()
	if len(all) == 0 {
		return
	}
	b := append(d.scratch[:0], '{')
	for i := range all {
		e := &all[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e.quoted...)
		b = append(b, ':')
		b = append(b, d.reader.src[e.from:e.to]...)
	}
	d.scratch = append(b, '}')
	l.AppendBytes(d.scratch)
}
