package columns

// sortTexts is sortBytes of a leaf without nulls. Runs are many and short, and their rows lie anywhere: so the words of all
// rows are made once, in their order.
func (s *sorter) sortTexts(run []sortItem, k int) {
	l := s.keys[k].leaf
	words, skip := l.sortWords()
	for i := range run {
		run[i].prefix = words[run[i].row]
	}
	s.order(run, k, func(same []sortItem, prefix uint64) {
		if prefix&0xff == 8 {
			s.sortBytes(same, k, skip+7)
			return
		}
		s.sort(same, k+1)
	})
}

// sortWords returns a word of each text, from behind what all of them begin with, and how much that is.
func (l *Leaf) sortWords() ([]uint64, int) {
	x := &l.index
	if len(x.words) == x.entries {
		return x.words, x.skip
	}
	first := l.Value(0)
	for i := 1; i < x.entries; i++ {
		v := l.Value(i)
		n := min(len(first), len(v))
		if string(v[:n]) != string(first[:n]) {
			for n = 0; v[n] == first[n]; n++ {
			}
		}
		first = first[:n]
	}
	x.skip, x.words = len(first), roomFor(x.words[:0], x.entries)
	for i := range x.entries {
		x.words = append(x.words, bytesWord(l.Value(i), x.skip, false))
	}
	return x.words, x.skip
}
