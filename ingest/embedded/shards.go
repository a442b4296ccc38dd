package embedded

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
)

// streamDef is a stream's tree of shards. It is never changed once it stands in a catalog.
type streamDef struct {
	Name   string
	Label  string  // when the stream was created
	Shards []shard // by number, so parents come first

	open []int // indexes of the open shards, by the hashes they take
}

// shard is one shard: the changes of the partition keys whose hash lies in [Low, High], in the order they were made.
type shard struct {
	Number    uint32
	Low, High uint32
	Parents   []uint32 `json:",omitempty"`
	Opened    int64    // milliseconds
	Closed    int64    // milliseconds; 0: open
	End       uint64   // of a closed shard: no record has a greater sequence number
}

func (s shard) id() string { return fmt.Sprintf("shardId-%020d", s.Number) }

func (s shard) closed() bool { return s.Closed != 0 }

// newStream returns a stream of so many shards, which it numbers.
func (c *catalog) newStream(name string, shards int, now int64) *streamDef {
	st := &streamDef{Name: name, Label: time.UnixMilli(now).UTC().Format("20060102T150405.000Z")}
	width := (math.MaxUint32 + 1) / uint64(shards)
	for i := range uint64(shards) {
		high := uint32((i+1)*width - 1)
		if i == uint64(shards)-1 {
			high = math.MaxUint32
		}
		st.Shards = append(st.Shards, shard{Number: c.number(), Low: uint32(i * width), High: high, Opened: now})
	}
	st.route()
	return st
}

func (c *catalog) number() uint32 {
	c.nextShard++
	return c.nextShard - 1
}

// route prepares find.
func (st *streamDef) route() {
	st.open = nil
	for i, sh := range st.Shards {
		if !sh.closed() {
			st.open = append(st.open, i)
		}
	}
	slices.SortFunc(st.open, func(a, b int) int { return cmp.Compare(st.Shards[a].Low, st.Shards[b].Low) })
}

// find returns the number of the open shard that takes the hash.
func (st *streamDef) find(hash uint32) uint32 {
	for _, i := range st.open {
		if hash <= st.Shards[i].High {
			return st.Shards[i].Number
		}
	}
	panic("no open shard takes the hash")
}

// opened returns when the oldest open shard was opened.
func (st *streamDef) opened() int64 {
	oldest := int64(math.MaxInt64)
	for _, i := range st.open {
		oldest = min(oldest, st.Shards[i].Opened)
	}
	return oldest
}

func (st *streamDef) numbered(n uint32) (shard, bool) {
	i := slices.IndexFunc(st.Shards, func(sh shard) bool { return sh.Number == n })
	if i < 0 {
		return shard{}, false
	}
	return st.Shards[i], true
}

// named returns the shard of that id.
func (st *streamDef) named(id string) (shard, error) {
	i := slices.IndexFunc(st.Shards, func(sh shard) bool { return sh.id() == id })
	if i < 0 {
		return shard{}, fault.New(fault.NotFound, "stream %s has no shard %s, or no longer", st.Name, id)
	}
	return st.Shards[i], nil
}

// public returns the shards as readers know them.
func (st *streamDef) public() []feed.Shard {
	all := make([]feed.Shard, len(st.Shards))
	for i, sh := range st.Shards {
		all[i] = feed.Shard{Label: st.Label, ID: sh.id(), Closed: sh.closed()}
		for _, p := range sh.Parents {
			if parent, ok := st.numbered(p); ok {
				all[i].Parents = append(all[i].Parents, parent.id())
			}
		}
	}
	return all
}

// at is the moment of a change of the tree: the newest sequence number given, and the time.
type at struct {
	seq uint64
	now int64
}

// replaced returns the catalog in which the given open shards of a stream are closed and others are opened.
func (c *catalog) replaced(stream string, olds []shard, news []shard, when at) *catalog {
	next := c.clone()
	st := *next.streams[stream]
	st.Shards = slices.Clone(st.Shards)
	for i := range st.Shards {
		if slices.ContainsFunc(olds, func(o shard) bool { return o.Number == st.Shards[i].Number }) {
			st.Shards[i].Closed, st.Shards[i].End = max(when.now, 1), when.seq
		}
	}
	for _, sh := range news {
		sh.Number, sh.Opened = next.number(), when.now
		st.Shards = append(st.Shards, sh)
	}
	st.route()
	next.streams[stream] = &st
	return next
}

// rotated closes every open shard and opens a child of each.
func (c *catalog) rotated(stream string, when at) (*catalog, error) {
	st := c.streams[stream]
	if st == nil {
		return nil, errNoStream(stream)
	}
	var olds, news []shard
	for _, i := range st.open {
		old := st.Shards[i]
		olds = append(olds, old)
		news = append(news, shard{Low: old.Low, High: old.High, Parents: []uint32{old.Number}})
	}
	return c.replaced(stream, olds, news, when), nil
}

// split closes an open shard and opens two children, each with half of its hashes.
func (c *catalog) split(stream, id string, when at) (*catalog, error) {
	old, err := c.openShard(stream, id)
	if err != nil {
		return nil, err
	}
	if old.Low == old.High {
		return nil, fault.New(fault.Invalid, "shard %s takes a single hash and cannot be split", id)
	}
	middle := old.Low + (old.High-old.Low)/2
	parents := []uint32{old.Number}
	return c.replaced(stream, []shard{old}, []shard{
		{Low: old.Low, High: middle, Parents: parents}, {Low: middle + 1, High: old.High, Parents: parents},
	}, when), nil
}

// merged closes two open shards whose hashes adjoin and opens one child for both.
func (c *catalog) merged(stream, left, right string, when at) (*catalog, error) {
	a, err := c.openShard(stream, left)
	if err != nil {
		return nil, err
	}
	b, err := c.openShard(stream, right)
	if err != nil {
		return nil, err
	}
	if a.Low > b.Low {
		a, b = b, a
	}
	if a.Number == b.Number || uint64(a.High)+1 != uint64(b.Low) {
		return nil, fault.New(fault.Invalid, "shards %s and %s are not neighbours and cannot be merged", left, right)
	}
	child := shard{Low: a.Low, High: b.High, Parents: []uint32{a.Number, b.Number}}
	return c.replaced(stream, []shard{a, b}, []shard{child}, when), nil
}

func (c *catalog) openShard(stream, id string) (shard, error) {
	st := c.streams[stream]
	if st == nil {
		return shard{}, errNoStream(stream)
	}
	sh, err := st.named(id)
	if err == nil && sh.closed() {
		err = fault.New(fault.Conflict, "shard %s is closed", id)
	}
	return sh, err
}

// without returns the catalog without shards that are closed and wholly trimmed.
func (c *catalog) without(stream string, gone []uint32) *catalog {
	next := c.clone()
	st := *next.streams[stream]
	st.Shards = slices.DeleteFunc(slices.Clone(st.Shards), func(sh shard) bool { return slices.Contains(gone, sh.Number) })
	st.route()
	next.streams[stream] = &st
	return next
}

func errNoStream(name string) error { return fault.New(fault.NotFound, "there is no stream %q", name) }
