package embedded

import (
	"encoding/binary"
	"reflect"
	"slices"
	"strconv"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// table is a stored table's definition with the numbers that stand for its names in keys. It is never changed.
type table struct {
	ID        uint16
	Def       ingest.Table
	IndexIDs  []uint16 // of Def.Indexes, in their order
	NextIndex uint16
}

// same reports whether the stored definition already is t, indexes in any order and further ones aside.
func (t *table) same(want ingest.Table) bool {
	merged, err := t.merge(want)
	return err == nil && reflect.DeepEqual(merged, t)
}

// merge returns the table with what is new in want: further indexes, a stream where there was none, another TTL
// attribute. It refuses what would change the meaning of stored keys.
func (t *table) merge(want ingest.Table) (*table, error) {
	if want.Key != t.Def.Key {
		return nil, fault.New(fault.Invalid, "table %s: the key is stored as %+v and cannot become %+v", t.Def.Name, t.Def.Key, want.Key)
	}
	if t.Def.Stream != "" && want.Stream != t.Def.Stream {
		return nil, fault.New(fault.Invalid, "table %s: its changes go to the stream %q and cannot go to %q", t.Def.Name, t.Def.Stream, want.Stream)
	}
	m := &table{ID: t.ID, Def: t.Def, IndexIDs: slices.Clone(t.IndexIDs), NextIndex: t.NextIndex}
	m.Def.Indexes = slices.Clone(t.Def.Indexes)
	m.Def.Stream, m.Def.TTL = want.Stream, want.TTL
	for _, ix := range want.Indexes {
		i := slices.IndexFunc(m.Def.Indexes, func(have ingest.TableIndex) bool { return have.Name == ix.Name })
		if i >= 0 && m.Def.Indexes[i] != ix {
			return nil, fault.New(fault.Invalid, "table %s: index %s is stored with the key %+v and cannot get %+v; give the new one another name",
				t.Def.Name, ix.Name, m.Def.Indexes[i].Key, ix.Key)
		}
		if i < 0 {
			m.Def.Indexes = append(m.Def.Indexes, ix)
			m.IndexIDs = append(m.IndexIDs, m.NextIndex)
			m.NextIndex++
		}
	}
	return m, nil
}

func checkTable(t ingest.Table) error {
	bad := func(k ingest.TableKey) bool {
		sort := k.Sort == "" && k.SortKind == record.None || k.Sort != "" && keyKind(k.SortKind)
		return k.Partition == "" || !keyKind(k.PartitionKind) || !sort || k.Partition == k.Sort
	}
	if t.Name == "" || bad(t.Key) {
		return fault.New(fault.Invalid, "table %q: it needs a name and a key of kind S, N or B", t.Name)
	}
	for i, ix := range t.Indexes {
		if ix.Name == "" || bad(ix.Key) {
			return fault.New(fault.Invalid, "table %s: index %q needs a name and a key of kind S, N or B", t.Name, ix.Name)
		}
		if slices.ContainsFunc(t.Indexes[:i], func(o ingest.TableIndex) bool { return o.Name == ix.Name }) {
			return fault.New(fault.Invalid, "table %s: index %s is declared twice", t.Name, ix.Name)
		}
	}
	return nil
}

func keyKind(k record.Kind) bool { return k == record.S || k == record.N || k == record.B }

// itemKey returns the key under which the item with these key attributes is stored, and its partition's hash.
func (t *table) itemKey(k ingest.Key) (key []byte, hash uint32, err error) {
	def := t.Def.Key
	if err := checkKey(def.Partition, def.PartitionKind, k.Partition, maxPartitionBytes); err != nil {
		return nil, 0, err
	}
	if def.Sort == "" && k.Sort.Kind != record.None {
		return nil, 0, fault.New(fault.Invalid, "table %s has no sort key", t.Def.Name)
	}
	partition := appendKey(make([]byte, 0, 64), k.Partition)
	var sort []byte
	if def.Sort != "" {
		if err := checkKey(def.Sort, def.SortKind, k.Sort, maxSortBytes); err != nil {
			return nil, 0, err
		}
		sort = appendKey(nil, k.Sort)
	}
	hash = hashKey(partition)
	return appendItemKey(make([]byte, 0, itemPrefixLen+len(partition)+len(sort)), t.ID, hash, partition, sort), hash, nil
}

// keyOf takes the key attributes out of an item.
func (t *table) keyOf(item record.Item) ingest.Key {
	k := ingest.Key{Partition: item[t.Def.Key.Partition]}
	if t.Def.Key.Sort != "" {
		k.Sort = item[t.Def.Key.Sort]
	}
	return k
}

// keyItem returns the key attributes as an item.
func (t *table) keyItem(k ingest.Key) record.Item {
	item := record.Item{t.Def.Key.Partition: k.Partition}
	if t.Def.Key.Sort != "" {
		item[t.Def.Key.Sort] = k.Sort
	}
	return item
}

// index returns the definition and number of an index.
func (t *table) index(name string) (ingest.TableKey, uint16, error) {
	for i, ix := range t.Def.Indexes {
		if ix.Name == name {
			return ix.Key, t.IndexIDs[i], nil
		}
	}
	return ingest.TableKey{}, 0, fault.New(fault.NotFound, "table %s has no index %q", t.Def.Name, name)
}

// entries returns the keys of the item's places in the indexes and in the order of expiry: one for each index, nil
// where the item is not in it, and the expiry last. An index attribute of the wrong kind is Invalid.
func (t *table) entries(item record.Item, itemKey []byte) ([][]byte, error) {
	if len(t.Def.Indexes) == 0 && t.Def.TTL == "" {
		return nil, nil
	}
	all := make([][]byte, len(t.Def.Indexes)+1)
	for i, ix := range t.Def.Indexes {
		partition, sort := item[ix.Key.Partition], record.Value{}
		if partition.Kind == record.None {
			continue
		}
		if err := checkKey(ix.Key.Partition, ix.Key.PartitionKind, partition, maxPartitionBytes); err != nil {
			return nil, err
		}
		if ix.Key.Sort != "" {
			if sort = item[ix.Key.Sort]; sort.Kind == record.None {
				continue
			}
			if err := checkKey(ix.Key.Sort, ix.Key.SortKind, sort, maxSortBytes); err != nil {
				return nil, err
			}
		}
		all[i] = t.indexKey(t.IndexIDs[i], partition, sort, itemKey)
	}
	all[len(all)-1] = t.expiry(item, itemKey)
	return all, nil
}

func (t *table) indexKey(id uint16, partition, sort record.Value, itemKey []byte) []byte {
	key := appendIndexPrefix(make([]byte, 0, 64+len(itemKey)), t.ID, id)
	key = appendKey(key, partition)
	if sort.Kind != record.None {
		key = appendKey(key, sort)
	}
	return append(key, itemKey[itemPrefixLen:]...)
}

// expiry returns the key of the item's place in the order of expiry, nil where it does not expire.
func (t *table) expiry(item record.Item, itemKey []byte) []byte {
	second, ok := t.expires(item)
	if !ok {
		return nil
	}
	return appendExpiryKey(make([]byte, 0, 16+len(itemKey)), t.ID, second, itemKey)
}

// expires returns the second at which the item expires. As in DynamoDB, an attribute that is no number, or none in
// whole seconds, means never.
func (t *table) expires(item record.Item) (second uint64, ok bool) {
	if t.Def.TTL == "" || item[t.Def.TTL].Kind != record.N {
		return 0, false
	}
	second, err := strconv.ParseUint(item[t.Def.TTL].Text, 10, 63)
	return second, err == nil
}

func (t *table) prefix(space byte) []byte {
	return binary.BigEndian.AppendUint16([]byte{space}, t.ID)
}
