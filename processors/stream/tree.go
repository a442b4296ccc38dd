package stream

import "slices"

// tree is what one listing says of how shards descend from each other.
type tree struct {
	shards   []Shard
	listed   map[string]bool     // by shard id
	children map[string][]string // by the parent's id
}

func newTree(shards []Shard) *tree {
	t := &tree{shards: shards, listed: make(map[string]bool, len(shards)), children: make(map[string][]string, len(shards))}
	for _, s := range shards {
		t.listed[s.ID] = true
		for _, id := range s.Parents {
			t.children[id] = append(t.children[id], s.ID)
		}
	}
	return t
}

// ready reports whether no parent of s has records that are not landed. A parent that the feed no longer lists is gone
// with its records.
func (t *tree) ready(s Shard, states map[string]state) bool {
	return !slices.ContainsFunc(s.Parents, func(id string) bool { return t.listed[id] && states[id] != ended })
}
