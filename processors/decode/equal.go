package decode

import (
	"bytes"
	"slices"

	"github.com/tarn-lake/tarn/internal/record"
)

// same reports whether two values are equal as record.Value.Equal has it: numbers by their text, maps and sets in any
// order. It is for values whose bytes differ.
func (r *reader) same(a, b int32) bool {
	x, y := r.nodes[a], r.nodes[b]
	if x.kind != y.kind {
		return false
	}
	switch x.kind {
	case record.S, record.N, record.B:
		return bytes.Equal(r.bytes(x.text), r.bytes(y.text))
	case record.BOOL:
		return x.num == y.num
	case record.NULL:
		return true
	}
	mark := len(r.below)
	equal := r.sameKids(x.kind, r.kids(a), r.kids(b))
	r.below = r.below[:mark]
	return equal
}

// sameKids reports whether what is in two values of a kind is equal.
func (r *reader) sameKids(kind record.Kind, left, right []int32) bool {
	if len(left) != len(right) {
		return false
	}
	switch kind {
	case record.M:
		r.sortKids(left, func(n *node) span { return n.name })
		r.sortKids(right, func(n *node) span { return n.name })
	case record.SS, record.NS, record.BS:
		r.sortKids(left, func(n *node) span { return n.text })
		r.sortKids(right, func(n *node) span { return n.text })
	}
	for i := range left {
		if kind == record.M && !bytes.Equal(r.bytes(r.nodes[left[i]].name), r.bytes(r.nodes[right[i]].name)) {
			return false
		}
		if !r.same(left[i], right[i]) {
			return false
		}
	}
	return true
}

// kids returns the nodes directly below at. They stand in memory that is used again once the two values are compared.
func (r *reader) kids(at int32) []int32 {
	from := len(r.below)
	for i, end := at+1, r.nodes[at].next; i < end; i = r.nodes[i].next {
		r.below = append(r.below, i)
	}
	return r.below[from:len(r.below):len(r.below)]
}

func (r *reader) sortKids(kids []int32, by func(*node) span) {
	slices.SortFunc(kids, func(a, b int32) int {
		return bytes.Compare(r.bytes(by(&r.nodes[a])), r.bytes(by(&r.nodes[b])))
	})
}
