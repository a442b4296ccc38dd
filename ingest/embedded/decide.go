package embedded

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// What one group may hold. More would make those who came first wait for those who came last.
const (
	maxGroupRequests = 128
	maxGroupBytes    = 1 << 20
)

// group is what one batch of the engine holds: the decisions that are made durable and answered together.
type group struct {
	batch    *pebble.Batch
	requests []*request
	at       int64               // change time of its changes, and no earlier than those of the group before
	last     uint64              // the newest sequence number after it
	streams  map[string]struct{} // that got records
	catalog  *catalog            // non-nil where it changed
	low      bool                // there is no room for writes
	applied  bool
	writes   uint64
	refused  uint64
	changes  uint64
}

// decider is the goroutine through which all writes go. It alone knows the newest state; everybody else sees it once it
// is durable.
type decider struct {
	s     *Store
	cat   *catalog
	seq   uint64 // the newest one given
	cells *cells
	g     *group
	buf   []byte
}

// decide takes requests until the store is closed.
func (s *Store) decide(d *decider) {
	defer close(s.groups)
	defer s.disk.catch()
	for {
		select {
		case <-s.closed:
			return
		case r := <-s.queue:
			d.gather(r)
			s.groups <- d.g
		}
	}
}

// gather makes a group of the request and of those that wait behind it.
func (d *decider) gather(r *request) {
	g := &group{batch: d.s.db.NewBatch(), streams: map[string]struct{}{}, low: d.s.disk.low()}
	g.at = d.s.begin()
	d.g = g
	d.rotateOld()
	d.take(r)
	for len(g.requests) < maxGroupRequests && g.batch.Len() < maxGroupBytes {
		select {
		case r := <-d.s.queue:
			d.take(r)
			continue
		default:
		}
		break
	}
	g.last = d.seq
	if g.batch.Empty() {
		return
	}
	if err := d.apply(); err != nil {
		d.s.disk.fail(err)
	}
	d.cells.applied()
}

// apply hands the group to the engine, which begins to make it durable.
func (d *decider) apply() error {
	if err := d.count(); err != nil {
		return err
	}
	if err := d.s.db.ApplyNoSyncWait(d.g.batch, pebble.Sync); err != nil {
		return fmt.Errorf("apply a batch: %w", err)
	}
	d.g.applied = true
	return nil
}

// count puts the counters beside the changes they count.
func (d *decider) count() error {
	counters := binary.BigEndian.AppendUint64(nil, d.seq)
	counters = binary.BigEndian.AppendUint64(counters, uint64(d.g.at))
	if err := d.g.batch.Set([]byte(countersKey), counters, nil); err != nil {
		return fmt.Errorf("set the counters: %w", err)
	}
	return nil
}

// flush hands what the group holds so far to the engine, so that it can be read there.
func (d *decider) flush() error {
	if d.g.batch.Empty() {
		return nil
	}
	if err := d.count(); err != nil {
		return err
	}
	if err := d.s.db.Apply(d.g.batch, pebble.NoSync); err != nil {
		return errEngine(err)
	}
	d.g.batch = d.s.db.NewBatch()
	return nil
}

// take decides one request. Its answer is given when the group is durable, even a refusal: it may rest on a change that
// is not durable before.
func (d *decider) take(r *request) {
	if !r.take() {
		return
	}
	d.g.requests = append(d.g.requests, r)
	switch {
	case d.s.disk.trouble() != nil:
		r.err = d.s.disk.refuse()
	case r.change != nil:
		r.err = d.restructure(r.change)
	case d.g.low && !r.frees:
		r.err = d.s.disk.errLow()
	default:
		for i := range r.txns {
			d.decideTxn(&r.txns[i])
		}
	}
	for i := range r.txns {
		if r.err != nil || r.txns[i].err != nil {
			d.g.refused++
		}
	}
}

func (d *decider) decideTxn(t *txn) {
	if t.err = d.transact(t); t.err == nil {
		d.g.writes++
	}
}

// rotateOld replaces the shards of streams that have been open for long enough.
func (d *decider) rotateOld() {
	every := d.s.opts.RotateEvery.Milliseconds()
	for name, st := range d.cat.streams {
		if every > 0 && d.g.at-st.opened() >= every {
			if err := d.restructure(func(d *decider, when at) (*catalog, error) { return d.cat.rotated(name, when) }); err != nil {
				d.s.disk.fail(err)
			}
		}
	}
}

// restructure changes the catalog.
func (d *decider) restructure(change func(*decider, at) (*catalog, error)) error {
	next, err := change(d, at{d.seq, d.g.at})
	if err != nil {
		return err
	}
	if err := d.g.batch.Set([]byte(catalogKey), next.encode(), nil); err != nil {
		return errEngine(err)
	}
	d.cat, d.g.catalog = next, next
	return nil
}
