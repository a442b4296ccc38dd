package embedded

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// transact decides a transaction: all steps are tested before the first is staged.
func (d *decider) transact(t *txn) error {
	for i := range t.steps {
		if err := d.test(&t.steps[i], i); err != nil {
			return err
		}
	}
	for i := range t.steps {
		if st := &t.steps[i]; st.new != nil {
			if err := d.stage(st, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// test reads the item, holds the conditions against it and works out what becomes of it.
func (d *decider) test(st *step, i int) (err error) {
	if now := d.cat.tables[st.Table]; now != st.table {
		// The table got an index after the step was prepared.
		if err := st.prepare(d.cat, st.Action); err != nil {
			return err
		}
	}
	if st.old, err = d.cells.load(st.key); err != nil {
		return err
	}
	for _, c := range st.If {
		ok, err := holds(c, st.old)
		if err != nil {
			return err
		}
		if !ok {
			item, err := st.old.attributes()
			if err != nil {
				return err
			}
			refused := &ingest.ConditionError{Action: i, Item: item.Clone()}
			return fault.Wrap(fault.Conflict, refused, "an item of table %s is not as expected", st.Table)
		}
	}
	switch st.Kind {
	case ingest.Put:
		st.new = &cell{image: st.image, entries: st.entries, indexed: true}
	case ingest.Update:
		return d.update(st)
	case ingest.Delete:
		st.new = &cell{}
	}
	return nil
}

// holds reports whether the condition is true of the item.
func holds(c ingest.Condition, of *cell) (bool, error) {
	if c.Attribute == "" {
		return of.exists() == (c.Test == ingest.Exists), nil
	}
	item, err := of.attributes()
	if err != nil {
		return false, err
	}
	v, there := item[c.Attribute]
	switch c.Test {
	case ingest.Exists:
		return there, nil
	case ingest.Missing:
		return !there, nil
	default:
		return there && same(v, c.Value), nil
	}
}

// same is equality as DynamoDB has it: 1 and 1.0 are one number.
func same(v, w record.Value) bool {
	if v.Kind != record.N || w.Kind != record.N || v.Text == w.Text {
		return v.Equal(w)
	}
	a, errA := record.ParseDecimal(v.Text)
	b, errB := record.ParseDecimal(w.Text)
	return errA == nil && errB == nil && a == b
}

// update works out the item that an Update leaves.
func (d *decider) update(st *step) error {
	old, err := st.old.attributes()
	if err != nil {
		return err
	}
	item := old.Clone()
	if item == nil {
		item = st.table.keyItem(st.Key)
	}
	for name, v := range st.Set {
		item[name] = v
	}
	for _, name := range st.Unset {
		delete(item, name)
	}
	for name, n := range st.Add {
		v, there := item[name]
		if !there {
			v = record.Number("0")
		}
		if v.Kind != record.N {
			return badField(name, "%s is %s and cannot be added to", name, v.Kind)
		}
		sum, err := record.AddInt(v.Text, n)
		if err != nil {
			return badField(name, "%s: %v", name, err)
		}
		item[name] = record.Number(sum)
	}
	st.new = &cell{image: record.AppendItem(make([]byte, 0, len(st.old.image)+64), item), item: item, indexed: true}
	if err := checkSize(st.table, item, st.new.image); err != nil {
		return err
	}
	st.new.entries, err = st.table.entries(item, st.key)
	return err
}

// stage puts a step's effect into the group. A write that changes nothing leaves no trace.
func (d *decider) stage(st *step, t *txn) error {
	if string(st.old.image) == string(st.new.image) && st.old.exists() == st.new.exists() {
		return nil
	}
	d.seq++
	d.g.changes++
	if err := d.stageEntries(st); err != nil {
		return err
	}
	if err := d.stageItem(st, t); err != nil {
		return errEngine(err)
	}
	d.cells.keep(st.key, st.new, st.Kind == ingest.Update)
	return nil
}

func (d *decider) stageItem(st *step, t *txn) error {
	b := d.g.batch
	if st.table.Def.Stream != "" {
		if err := d.stageVersion(st, t); err != nil {
			return err
		}
	}
	switch {
	case !st.new.exists():
		return b.Delete(st.key, nil)
	case st.new.place != place{}:
		d.buf = st.new.place.appendTo(append(d.buf[:0], itemPlaced))
	default:
		d.buf = append(append(d.buf[:0], itemInline), st.new.image...)
	}
	return b.Set(st.key, d.buf, nil)
}

// stageVersion writes the change's feed record, which holds the image.
func (d *decider) stageVersion(st *step, t *txn) error {
	stream := st.table.Def.Stream
	d.g.streams[stream] = struct{}{}
	p := place{d.cat.streams[stream].find(st.hash), d.seq}
	v := version{op: opModify, table: st.table.ID, at: d.g.at, written: d.g.at, image: st.new.image}
	v.keys = record.AppendItem(nil, st.table.keyItem(st.Key))
	if t.at != 0 {
		v.at = t.at
	}
	switch {
	case !st.old.exists():
		v.op = opInsert
	case !st.new.exists() && t.ttl:
		v.op = opExpire
	case !st.new.exists():
		v.op = opRemove
	}
	if st.old.place != (place{}) {
		v.before.place = st.old.place
	} else {
		v.before.image = st.old.image
	}
	d.buf = v.appendTo(d.buf[:0])
	if st.new.exists() {
		st.new.place = p
	}
	return d.g.batch.Set(p.key(), d.buf, nil)
}

// stageEntries moves the item in its table's indexes and in the order of expiry.
func (d *decider) stageEntries(st *step) error {
	olds, err := st.old.places(st.table, st.key)
	if err != nil {
		return err
	}
	news := st.new.entries
	for i := range max(len(olds), len(news)) {
		var was, is []byte
		if i < len(olds) {
			was = olds[i]
		}
		if i < len(news) {
			is = news[i]
		}
		if err := moveEntry(d.g.batch, was, is, st.key); err != nil {
			return errEngine(err)
		}
	}
	return nil
}

func moveEntry(b *pebble.Batch, was, is, item []byte) error {
	if string(was) == string(is) {
		return nil
	}
	if was != nil {
		if err := b.Delete(was, nil); err != nil {
			return err
		}
	}
	if is == nil {
		return nil
	}
	return b.Set(is, item, nil)
}
