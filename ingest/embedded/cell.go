package embedded

import (
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2"
	"github.com/tarn-lake/tarn/internal/record"
)

// cell is an item as it is at some moment. Only the deciding goroutine uses it.
type cell struct {
	image   []byte // DynamoDB JSON; nil: there is no item
	place   place  // of the version that holds the image; zero: the image stands in the item's own value
	item    record.Item
	entries [][]byte
	indexed bool // entries are known
}

func (c *cell) exists() bool { return c.image != nil }

// attributes returns the item, nil where there is none. It must not be changed.
func (c *cell) attributes() (record.Item, error) {
	if c.item == nil && c.exists() {
		item, err := record.ParseItem(c.image)
		if err != nil {
			return nil, errDamaged("an image cannot be read: " + err.Error())
		}
		c.item = item
	}
	return c.item, nil
}

// places returns the item's entries in its table's indexes.
func (c *cell) places(t *table, key []byte) ([][]byte, error) {
	if !c.indexed && c.exists() && (len(t.Def.Indexes) > 0 || t.Def.TTL != "") {
		item, err := c.attributes()
		if err != nil {
			return nil, err
		}
		if c.entries, err = t.entries(item, key); err != nil {
			return nil, errDamaged("an item does not fit its indexes: " + err.Error())
		}
		c.indexed = true
	}
	return c.entries, nil
}

// cells remembers what was lately decided, which the engine may not show yet, and spares look-ups of items that change
// often. It keeps two generations: what is used moves to the newer one, and the older is dropped when that is full.
type cells struct {
	reader     reader
	young, old map[string]*cell
	bytes      int
}

const generationBytes = 2 << 20

// reader is what a look-up needs of the engine: the database itself, or a snapshot of it.
type reader interface {
	Get(key []byte) ([]byte, io.Closer, error)
}

func newCells(r reader) *cells { return &cells{reader: r, young: map[string]*cell{}} }

// load returns the item as it is now.
func (cs *cells) load(key []byte) (*cell, error) {
	if c := cs.young[string(key)]; c != nil {
		return c, nil
	}
	if c := cs.old[string(key)]; c != nil {
		cs.keep(key, c)
		return c, nil
	}
	image, p, err := fetch(cs.reader, key)
	if err != nil {
		return nil, err
	}
	return &cell{image: image, place: p}, nil
}

func (cs *cells) keep(key []byte, c *cell) {
	cs.young[string(key)] = c
	cs.bytes += len(key) + len(c.image) + 64*len(c.item) + 128
}

// turn makes room. It must not be called while there are decisions that the engine does not have.
func (cs *cells) turn() {
	if cs.bytes > generationBytes {
		cs.old, cs.young, cs.bytes = cs.young, make(map[string]*cell, len(cs.young)), 0
	}
}

// forget drops everything, for when tables change.
func (cs *cells) forget() { cs.old, cs.young, cs.bytes = nil, map[string]*cell{}, 0 }

// fetch returns an item's image, nil where there is none, and the place of the version that holds it.
func fetch(r reader, key []byte) (image []byte, p place, err error) {
	for range 3 {
		value, done, err := r.Get(key)
		if errors.Is(err, pebble.ErrNotFound) {
			return nil, place{}, nil
		}
		if err != nil {
			return nil, place{}, errEngine(err)
		}
		image, p, err := fetchValue(r, value)
		if err := errors.Join(err, done.Close()); err != nil {
			return nil, place{}, err
		}
		if image != nil {
			return image, p, nil
		}
		// The version was trimmed after the item had moved on: look again where it is now.
	}
	return nil, place{}, errDamaged("an item's version is missing")
}

// fetchValue returns the image that an item's value holds or points at, nil where the version is gone.
func fetchValue(r reader, value []byte) (image []byte, p place, err error) {
	if len(value) > 0 && value[0] == itemInline {
		return append([]byte(nil), value[1:]...), place{}, nil
	}
	if len(value) != 1+placeLen || value[0] != itemPlaced {
		return nil, place{}, errDamaged("an item's value is malformed")
	}
	p = parsePlace(value[1:])
	image, err = fetchVersion(r, p)
	return image, p, err
}

// fetchVersion returns a copy of the image that a version holds, nil where the version is gone.
func fetchVersion(r reader, p place) ([]byte, error) {
	text, done, err := r.Get(p.key())
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, errEngine(err)
	}
	v, err := parseVersion(text)
	image := append(make([]byte, 0, len(v.image)), v.image...)
	return image, errors.Join(err, done.Close())
}
