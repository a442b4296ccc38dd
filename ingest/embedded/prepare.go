package embedded

import (
	"slices"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// DynamoDB's limits.
const (
	maxItemBytes = 400 << 10
	maxActions   = 100
)

// txn is one transaction, made ready by its caller as far as that goes without the items as they are now.
type txn struct {
	steps []step
	at    int64 // change time in milliseconds; 0: the time of the write
	ttl   bool  // removals are by time to live
	err   error
}

// step is one action of a transaction.
type step struct {
	ingest.Action
	table   *table
	key     []byte // of the item, in the store
	hash    uint32 // of its partition
	image   []byte // Put: the item as DynamoDB JSON
	entries [][]byte

	old *cell // the item as it is now
	new *cell // as it shall be
}

// prepare checks the actions as far as their own words go.
func prepare(cat *catalog, actions []ingest.Action) ([]step, error) {
	if len(actions) > maxActions {
		return nil, fault.New(fault.Exceeded, "a transaction of %d actions; the limit is %d", len(actions), maxActions)
	}
	steps := make([]step, len(actions))
	for i, a := range actions {
		if err := steps[i].prepare(cat, a); err != nil {
			return nil, err
		}
		for j := range i {
			if slices.Equal(steps[i].key, steps[j].key) {
				return nil, fault.New(fault.Invalid, "actions %d and %d of one transaction are for the same item of %s", j, i, a.Table)
			}
		}
	}
	return steps, nil
}

func (st *step) prepare(cat *catalog, a ingest.Action) (err error) {
	st.Action = a
	if st.table, err = cat.table(a.Table); err != nil {
		return err
	}
	if err := checkConditions(a.If); err != nil {
		return err
	}
	if a.Kind == ingest.Put {
		st.Key = st.table.keyOf(a.Item)
	}
	if st.key, st.hash, err = st.table.itemKey(st.Key); err != nil {
		return err
	}
	switch a.Kind {
	case ingest.Put:
		return st.preparePut()
	case ingest.Update:
		return st.prepareUpdate()
	case ingest.Delete, ingest.Check:
		return nil
	default:
		return fault.New(fault.Invalid, "an action of no known kind")
	}
}

func (st *step) preparePut() (err error) {
	if err := st.Item.Check(); err != nil {
		return err
	}
	st.image = record.AppendItem(nil, st.Item)
	if err := checkSize(st.table, st.Item, st.image); err != nil {
		return err
	}
	st.entries, err = st.table.entries(st.Item, st.key)
	return err
}

func (st *step) prepareUpdate() error {
	if err := st.Set.Check(); err != nil {
		return err
	}
	key := st.table.Def.Key
	seen := make(map[string]bool, len(st.Set)+len(st.Unset)+len(st.Add))
	once := func(name string) error {
		if name == key.Partition || name == key.Sort {
			return badField(name, "the key attribute %s cannot be changed; delete the item and put another", name)
		}
		if seen[name] {
			return badField(name, "%s is changed twice in one update", name)
		}
		seen[name] = true
		return nil
	}
	for name := range st.Set {
		if err := once(name); err != nil {
			return err
		}
	}
	for _, name := range st.Unset {
		if err := once(name); err != nil {
			return err
		}
	}
	for name := range st.Add {
		if err := once(name); err != nil {
			return err
		}
	}
	return nil
}

func checkConditions(conds []ingest.Condition) error {
	for _, c := range conds {
		if c.Test < ingest.Exists || c.Test > ingest.Equal || c.Test == ingest.Equal && c.Attribute == "" {
			return fault.New(fault.Invalid, "a condition of no known kind, or an equality without an attribute")
		}
	}
	return nil
}

// checkSize refuses an item that is too large. Its JSON is never smaller than what DynamoDB counts.
func checkSize(t *table, item record.Item, image []byte) error {
	if len(image) <= maxItemBytes {
		return nil
	}
	if n := item.Size(); n > maxItemBytes {
		return fault.New(fault.Exceeded, "an item of table %s has %d bytes; the limit is %d (400 KB)", t.Def.Name, n, maxItemBytes)
	}
	return nil
}
