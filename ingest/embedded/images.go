package embedded

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// imagesAtOnce is how many items Images reads from one state of the store. Their places weigh 16 bytes each.
const imagesAtOnce = 1 << 20

// Images hands over every item of a table as it is stored, in DynamoDB JSON: each item that is there all the while once,
// as it is at some moment of the call. It is made for reading a whole table: versions are read in the order they lie in,
// so that each of the engine's blocks is read once and not once an item. The image is only valid during the call of each.
func (s *Store) Images(ctx context.Context, name string, each func(image []byte) error) error {
	t, err := s.catalog.Load().table(name)
	if err != nil {
		return err
	}
	prefix := t.prefix(itemSpace)
	low, high := prefix, after(prefix)
	for low != nil {
		if low, err = s.imagesFrom(ctx, low, high, each); err != nil {
			return err
		}
	}
	return nil
}

// imagesFrom reads some items from one state of the store and returns where the next begin, nil at the end.
func (s *Store) imagesFrom(ctx context.Context, low, high []byte, each func([]byte) error) (next []byte, err error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	snap := s.db.NewSnapshot()
	defer func() { err = joinClose(err, snap) }()
	places, next, err := collectPlaces(ctx, snap, low, high, each)
	if err != nil {
		return nil, err
	}
	return next, eachPlaced(ctx, snap, places, each)
}

// collectPlaces walks items: those that hold their image are handed over, of the others the places are returned.
func collectPlaces(ctx context.Context, snap *pebble.Snapshot, low, high []byte, each func([]byte) error) (places []place, next []byte, err error) {
	it, err := snap.NewIter(&pebble.IterOptions{LowerBound: low, UpperBound: high})
	if err != nil {
		return nil, nil, errEngine(err)
	}
	defer func() { err = joinClose(err, it) }()
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		if n++; n > imagesAtOnce {
			return places, bytes.Clone(it.Key()), nil
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		value := it.Value()
		switch {
		case len(value) > 0 && value[0] == itemInline:
			if err := each(value[1:]); err != nil {
				return nil, nil, err
			}
		case len(value) == 1+placeLen && value[0] == itemPlaced:
			places = append(places, parsePlace(value[1:]))
		default:
			return nil, nil, errDamaged("an item's value is malformed")
		}
	}
	if err := it.Error(); err != nil {
		return nil, nil, errEngine(err)
	}
	return places, nil, nil
}

// eachPlaced hands over the images at the places, in the order they lie in.
func eachPlaced(ctx context.Context, snap *pebble.Snapshot, places []place, each func([]byte) error) (err error) {
	slices.SortFunc(places, func(a, b place) int { return cmp.Or(cmp.Compare(a.shard, b.shard), cmp.Compare(a.seq, b.seq)) })
	it, err := snap.NewIter(&pebble.IterOptions{LowerBound: []byte{versionSpace}, UpperBound: []byte{versionSpace + 1}})
	if err != nil {
		return errEngine(err)
	}
	defer func() { err = joinClose(err, it) }()
	key := make([]byte, 0, 1+placeLen)
	for i, p := range places {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		key = p.appendTo(append(key[:0], versionSpace))
		if !it.SeekGE(key) || !bytes.Equal(it.Key(), key) {
			if err := it.Error(); err != nil {
				return errEngine(err)
			}
			return errDamaged("an item's version is missing")
		}
		v, err := parseVersion(it.Value())
		if err != nil {
			return err
		}
		if err := each(v.image); err != nil {
			return err
		}
	}
	return nil
}
