package verify

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
)

// Aging is a Held that says to which instant the age bands of its records are reckoned. One of a dataset without such
// fields need not be.
type Aging interface {
	// Aged hands over what Rows does, and with each record the texts of its age bands, joined like those of the row, and
	// their instant in microseconds.
	Aged(ctx context.Context, region string, each func(key, row, bands []byte, at int64) error) error
}

// aging is the comparison of age bands. Everything else of a record is compared by digests that both sides make by
// themselves; a band only the lake's side can date, so entries carry what it takes to make the store's when both meet: the
// store's the births in front of their keys, the lake's the instant and the bands. Of a part, the lake's are in memory as
// numbers, and the store's pass by.
type aging struct {
	births      births
	store, lake Sum // of both sides, with bands
	dated       []dated
	text        []byte
}

// dated is the age bands of a record of the lake.
type dated struct {
	key   uint64
	at    int64
	bands uint64 // hash
}

// add keeps a record of the lake.
func (a *aging) add(s *spill, key, row, bands []byte, at int64) error {
	d := Digest{Hash(key), Hash(row)}
	a.lake.Add(d.WithBands(bands))
	a.text = append(binary.LittleEndian.AppendUint64(a.text[:0], uint64(at)), bands...)
	return s.add(entry{d, key, a.text})
}

// moved returns the entries of a part of the store of which the lake has other age bands than it would reckon from the births.
// Those of which it has no record at all are none of them.
func (a *aging) moved(part int, stored, lakes *spill) (other []entry, err error) {
	every := func(uint64) bool { return true }
	a.dated = a.dated[:0]
	err = lakes.each(part, every, func(e entry) error {
		a.dated = append(a.dated, dated{e.Key, int64(binary.LittleEndian.Uint64(e.key)), Hash(e.key[8:])})
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(a.dated, func(x, y dated) int { return cmp.Compare(x.key, y.key) })
	return other, stored.each(part, every, func(e entry) error {
		if !a.agrees(e) {
			other = append(other, e.clone())
		}
		return nil
	})
}

// agrees adds a record of the store to its sum, and reports whether each row that the lake has of it has its age bands.
func (a *aging) agrees(e entry) bool {
	at, found := slices.BinarySearchFunc(a.dated, e.Key, func(d dated, key uint64) int { return cmp.Compare(d.key, key) })
	if !found {
		a.store.Add(e.Digest)
		return true
	}
	a.text = a.births.bands(a.text[:0], e.key, a.dated[at].at)
	a.store.Add(e.WithBands(a.text))
	for ; at < len(a.dated) && a.dated[at].key == e.Key; at++ {
		if a.text = a.births.bands(a.text[:0], e.key, a.dated[at].at); Hash(a.text) != a.dated[at].bands {
			return false
		}
	}
	return true
}
