package columns

import "encoding/binary"

// SortKey is a flat leaf to sort by. Nulls come last, descending or not.
type SortKey struct {
	Path string
	Desc bool
}

// SortOrder returns the rows of b in the order of the keys; rows with equal keys keep their order.
func (b *Batch) SortOrder(keys []SortKey) []int32 {
	rows := make([]int32, b.rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	b.Sort(rows, keys)
	return rows
}

// Sort puts the given rows in the order of the keys; rows with equal keys keep their order. A key that is no flat leaf
// panics.
func (b *Batch) Sort(rows []int32, keys []SortKey) {
	s := sorter{batch: b, items: make([]sortItem, len(rows))}
	for _, k := range keys {
		l := b.Leaf(k.Path)
		if l == nil || l.MaxRep > 0 {
			panic("columns: cannot sort by " + k.Path)
		}
		l.reindex()
		s.keys = append(s.keys, sortColumn{leaf: l, desc: k.Desc})
	}
	for i, r := range rows {
		s.items[i].row = r
	}
	s.sort(s.items, 0)
	for i := range s.items {
		rows[i] = s.items[i].row
	}
}

// sorter sorts by one key at a time: by eight bytes of it, then runs that are equal there by what follows.
type sorter struct {
	batch *Batch
	keys  []sortColumn
	items []sortItem
	spare []sortItem
}

type sortColumn struct {
	leaf *Leaf
	desc bool
}

// sortItem is a row with as much of the key in hand as fits a word.
type sortItem struct {
	prefix uint64
	row    int32
}

// sort orders a run whose keys before k are equal. Every step keeps the order of what is equal in it.
func (s *sorter) sort(run []sortItem, k int) {
	if len(run) < 2 || k == len(s.keys) {
		return
	}
	if next := s.pack(run, k); next > k {
		s.radix(run)
		equalRuns(run, func(same []sortItem) { s.sort(same, next) })
		return
	}
	l := s.keys[k].leaf
	if !l.index.direct {
		n := s.nullsLast(run, l)
		s.sort(run[n:], k+1)
		run = run[:n]
	}
	switch {
	case l.Kind == Bytes && l.dict == nil && l.index.direct:
		s.sortTexts(run, k)
		return
	case l.Kind == Bytes || l.Kind == Fixed:
		s.sortBytes(run, k, 0)
		return
	}
	for i := range run {
		run[i].prefix = l.wordAt(int(run[i].row))
	}
	s.order(run, k, func(same []sortItem, _ uint64) { s.sort(same, k+1) })
}

// nullsLast moves the rows without a value behind the others, keeping the order of each, and counts the others.
func (s *sorter) nullsLast(run []sortItem, l *Leaf) int {
	s.spare = s.spare[:0]
	n := 0
	for _, it := range run {
		if l.IsNull(int(it.row)) {
			s.spare = append(s.spare, it)
			continue
		}
		run[n] = it
		n++
	}
	copy(run[n:], s.spare)
	return n
}

// order sorts by prefix and hands over the runs that are equal there.
func (s *sorter) order(run []sortItem, k int, then func(same []sortItem, prefix uint64)) {
	if s.keys[k].desc {
		for i := range run {
			run[i].prefix = ^run[i].prefix
		}
	}
	s.radix(run)
	equalRuns(run, func(same []sortItem) {
		prefix := same[0].prefix
		if s.keys[k].desc {
			prefix = ^prefix
		}
		then(same, prefix)
	})
}

// sortBytes orders a run whose values agree in their first skip bytes. A word holds seven bytes and, lowest, how many
// were left, so that a value comes before its continuations.
func (s *sorter) sortBytes(run []sortItem, k, skip int) {
	if len(run) < 2 {
		return
	}
	l := s.keys[k].leaf
	skip += s.common(run, l, skip)
	for i := range run {
		run[i].prefix = bytesWord(l.BytesAt(int(run[i].row)), skip, l.Kind == Fixed)
	}
	s.order(run, k, func(same []sortItem, prefix uint64) {
		if prefix&0xff == 8 {
			s.sortBytes(same, k, skip+7)
			return
		}
		s.sort(same, k+1)
	})
}

// common returns how many more bytes all values of the run have in common.
func (s *sorter) common(run []sortItem, l *Leaf, skip int) int {
	first := l.BytesAt(int(run[0].row))[skip:]
	n := len(first)
	if l.Kind == Fixed && skip == 0 {
		return 0 // the first byte holds the sign
	}
	for _, it := range run[1:] {
		v := l.BytesAt(int(it.row))[skip:]
		n = min(n, len(v))
		i := 0
		for i < n && v[i] == first[i] {
			i++
		}
		if n = i; n == 0 {
			return 0
		}
	}
	return n
}

func bytesWord(v []byte, skip int, signed bool) uint64 {
	if v = v[skip:]; len(v) >= 8 && !signed {
		return binary.BigEndian.Uint64(v)&^0xff | 8
	}
	var word [8]byte
	copy(word[:7], v)
	word[7] = byte(min(len(v), 8))
	if signed && skip == 0 {
		word[0] ^= 0x80
	}
	return binary.BigEndian.Uint64(word[:])
}

// wordAt returns the row's value of a number or bool leaf in an order-preserving word.
func (l *Leaf) wordAt(row int) uint64 {
	if l.Kind == Bool {
		return uint64(boolInt(l.BoolAt(row)))
	}
	return uint64(l.Int64At(row)) ^ 1<<63
}
