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

// cells remembers what was decided and the engine does not show yet, and spares look-ups of items that are updated
// often: their images are kept in two generations. What is used moves to the younger one; the older one is dropped when
// that is full.
type cells struct {
	reader     reader
	pending    map[string]*cell // decided in the present group
	young, old map[string]image
	bytes      int
}

// image is an item's stored form.
type image struct {
	text  []byte
	place place
}

const generationBytes = 4 << 20

// reader is what a look-up needs of the engine: the database itself, or a snapshot of it.
type reader interface {
	Get(key []byte) ([]byte, io.Closer, error)
}

func newCells(r reader) *cells {
	return &cells{reader: r, pending: map[string]*cell{}, young: map[string]image{}}
}

// load returns the item as it is now.
func (cs *cells) load(key []byte) (*cell, error) {
	if c := cs.pending[string(key)]; c != nil {
		return c, nil
	}
	if im, ok := cs.young[string(key)]; ok {
		return &cell{image: im.text, place: im.place}, nil
	}
	if im, ok := cs.old[string(key)]; ok {
		return &cell{image: im.text, place: im.place}, nil
	}
	text, p, err := fetch(cs.reader, key)
	if err != nil {
		return nil, err
	}
	return &cell{image: text, place: p}, nil
}

// keep remembers a decision, for longer where the item is one that is updated.
func (cs *cells) keep(key []byte, c *cell, often bool) {
	cs.pending[string(key)] = c
	delete(cs.old, string(key))
	if !often {
		delete(cs.young, string(key))
		return
	}
	cs.young[string(key)] = image{c.image, c.place}
	cs.bytes += len(key) + len(c.image) + 100
}

// applied forgets what the engine shows by now.
func (cs *cells) applied() {
	clear(cs.pending)
	if cs.bytes > generationBytes {
		cs.old, cs.young, cs.bytes = cs.young, make(map[string]image, len(cs.young)), 0
	}
}

// forget drops everything, for when tables change.
func (cs *cells) forget() {
	clear(cs.pending)
	cs.old, cs.young, cs.bytes = nil, map[string]image{}, 0
}

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
