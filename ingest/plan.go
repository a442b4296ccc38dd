package ingest

import (
	"slices"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
	"github.com/tarn-lake/tarn/schemas/check"
)

// plan is a dataset compiled for the way of a request.
type plan struct {
	*schemas.Dataset
	shape     *Shape
	table     Table
	region    region
	rules     *check.Rules
	created   []*field // filled by a create: ids, times, defaults
	updated   []*field // stamped by every write
	onCreate  []counter
	steps     map[string]*step
	serverSet map[string]bool // never taken from a request
	again     bool            // the key is generated, so a taken one is drawn again
}

// step is a transition, compiled.
type step struct {
	*schemas.Transition
	counters []counter
}

// counter is what one record's numbers gain, compiled. The maps and slices are shared by all transactions.
type counter struct {
	table, partition string // of the record that is counted on
	key              string // the field of our record that names it
	add              map[string]int64
}

var (
	ifExists  = []Condition{{Test: Exists}}
	ifMissing = []Condition{{Test: Missing}}
)

func newPlan(ds *schemas.Dataset, registry *schemas.Registry) (*plan, error) {
	p := &plan{Dataset: ds, shape: newShape(ds), table: table(ds), steps: map[string]*step{}, serverSet: map[string]bool{}}
	p.region = newRegion(ds, registry)
	p.sort()
	var err error
	if p.onCreate, err = counters(ds, ds.OnCreate, registry); err != nil {
		return nil, err
	}
	if ds.Lifecycle == nil {
		return p, nil
	}
	for i := range ds.Lifecycle.Transitions {
		t := &ds.Lifecycle.Transitions[i]
		c, err := counters(ds, t.Counters, registry)
		if err != nil {
			return nil, err
		}
		p.steps[t.Name] = &step{Transition: t, counters: c}
	}
	return p, nil
}

// sort tells the fields that the server sets from those that a client sends.
func (p *plan) sort() {
	for _, f := range p.shape.fields {
		if f.ReadOnly || f.Generated != "" || f.Name == p.Version || p.Lifecycle != nil && f.Name == p.Lifecycle.Field {
			p.serverSet[f.Name] = true
		}
		switch {
		case f.Generated == "updated":
			p.updated = append(p.updated, f)
			p.created = append(p.created, f)
		case f.Generated != "" || f.Default != nil:
			p.created = append(p.created, f)
		}
		if isID(f.Generated) && (f.Name == p.Key.Partition || f.Name == p.Key.Sort) {
			p.again = true
		}
	}
}

func isID(generated string) bool {
	return slices.Contains([]string{"hex32", "uuid", "digits8"}, generated)
}

// counters compiles counters; those on the same record become one, for a transaction may name an item once.
func counters(ds *schemas.Dataset, declared []schemas.Counter, registry *schemas.Registry) ([]counter, error) {
	var out []counter
	for _, c := range declared {
		other, ok := registry.Dataset(c.Dataset)
		if !ok || other.Table == "" || other.Key.Sort != "" {
			return nil, fault.New(fault.Invalid, "a counter of %s is on %s, which is no dataset with a table and a key of one field", ds.Name, c.Dataset)
		}
		i := slices.IndexFunc(out, func(o counter) bool { return o.table == other.Table && o.key == c.Key })
		if i < 0 {
			i = len(out)
			one := counter{table: other.Table, partition: other.Key.Partition, key: c.Key, add: map[string]int64{}}
			if other.Version != "" {
				one.add[other.Version] = 1
			}
			out = append(out, one)
		}
		out[i].add[c.Field] += c.Add
	}
	return out, nil
}

// move returns the action that moves the counter of the record that item names; false: it names none.
func (c *counter) move(item record.Item) (Action, bool) {
	v, ok := item[c.key]
	if !ok || v.Kind == record.NULL {
		return Action{}, false
	}
	return Action{Kind: Update, Table: c.table, Key: Key{Partition: v}, Add: c.add, If: ifExists}, true
}

// key returns the key of an item.
func (p *plan) key(item record.Item) Key {
	k := Key{Partition: item[p.Key.Partition]}
	if p.Key.Sort != "" {
		k.Sort = item[p.Key.Sort]
	}
	return k
}

// named returns how messages call a record.
func (p *plan) named(k Key) string {
	name := p.Name + " " + clip(k.Partition.Text)
	if p.Key.Sort != "" {
		name += "/" + clip(k.Sort.Text)
	}
	return name
}

// version returns the version of a stored item as text; "0" where it has none yet.
func (p *plan) version(item record.Item) string {
	if p.Version == "" {
		return ""
	}
	if v, ok := item[p.Version]; ok && v.Kind == record.N {
		return v.Text
	}
	return "0"
}
