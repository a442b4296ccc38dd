package verify

import (
	"context"
	"maps"
	"slices"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

const (
	looks   = 2       // how often a suspect is found to differ before that is believed
	atOnce  = 5_000   // suspects that are looked at together, of as many parts as it takes
	maxLost = 100_000 // suspects whose keys do not lead back to the store that are looked for in it
)

// suspect is a key that did not agree.
type suspect struct {
	key    ingest.Key // in the store
	known  bool       // key is known
	found  int        // looks that found it to differ
	before *found     // its record in the lake at the look before; nil: not known yet
}

// suspects takes in what one side had and the other had not. They are known by the text of their keys. So that parts wait
// together for the lake, they are looked at once they are many, or all parts have been compared.
func (c *comparison) suspects(ctx context.Context, store, lake []entry) error {
	add := func(k string, s suspect) {
		if _, ok := c.suspected[k]; !ok {
			c.report.Again++
			c.suspected[k] = &s
		}
	}
	for _, e := range store {
		add(string(e.text), suspect{key: parseStoreKey(c.reader.births.skip(e.key)), known: true})
	}
	for _, e := range lake {
		if _, ok := c.suspected[string(e.text)]; !ok {
			key, known := parseKeyText(c.d, string(e.text))
			add(string(e.text), suspect{key: key, known: known})
		}
	}
	for k, s := range c.suspected {
		if !s.known {
			c.lost = append(c.lost, k)
			delete(c.suspected, k)
		}
	}
	if len(c.suspected) < atOnce {
		return nil
	}
	return c.settle(ctx)
}

// settle looks again at the suspects, those that are lost by reading all of the store.
func (c *comparison) settle(ctx context.Context) error {
	for some := range slices.Chunk(slices.Sorted(maps.Keys(c.suspected)), atOnce) {
		few := make(map[string]*suspect, len(some))
		for _, k := range some {
			few[k] = c.suspected[k]
		}
		if err := c.look(ctx, few, c.again); err != nil {
			return err
		}
	}
	clear(c.suspected)
	return nil
}

func (c *comparison) settleLost(ctx context.Context) error {
	slices.Sort(c.lost)
	lost := map[string]*suspect{}
	for _, k := range c.lost[:min(len(c.lost), maxLost)] {
		lost[k] = &suspect{}
	}
	c.report.Extra += int64(max(len(c.lost)-maxLost, 0))
	return c.look(ctx, lost, c.search)
}

// stored is what the store had of suspects at one look.
type stored struct {
	items  map[string]record.Item
	values map[string][]Value // with births
}

// again reads the suspects in the store by their keys.
func (c *comparison) again(ctx context.Context, few map[string]*suspect) (stored, error) {
	l := stored{map[string]record.Item{}, map[string][]Value{}}
	for k, s := range few {
		item, err := c.src.Get(ctx, c.d.Table, s.key)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return l, err
		}
		if l.items[k] = item; c.reader.item(item) && (c.o.Region == "" || c.reader.place.of(c.reader.slots) == c.o.Region) {
			l.values[k] = c.reader.values()
		}
	}
	return l, nil
}

// search reads all of the store for suspects whose keys do not lead back to it.
func (c *comparison) search(ctx context.Context, lost map[string]*suspect) (stored, error) {
	l := stored{map[string]record.Item{}, map[string][]Value{}}
	var key []byte
	return l, c.scan(ctx, func() (err error) {
		if key = c.reader.appendKey(key[:0]); lost[string(key)] != nil {
			l.values[string(key)] = c.reader.values()
			l.items[string(key)], err = c.whole()
		}
		return err
	})
}
