package columns

import "slices"

// gatherLists is gather of a leaf in lists.
func (l *Leaf) gatherLists(s *step, rows []int32) error {
	src := s.src
	src.reindex()
	at := len(l.Def)
	if s.defs == nil && l.MaxDef > 0 {
		l.gatherLevels(src, rows)
	} else {
		for _, r := range rows {
			l.copyLevels(s, int(src.index.entry[r]), int(src.index.entry[r+1]))
		}
	}
	l.pickLists(src.index.value, rows)
	if err := l.checkLevels(s, at); err != nil {
		return err
	}
	return l.gatherValues(s, l.picked)
}

const shortList = 4 // items of a list that are copied without a look at how many there are

// gatherLevels adds the levels of the rows' lists, which the source has in the same form.
func (l *Leaf) gatherLevels(src *Leaf, rows []int32) {
	entry, n := src.index.entry, 0
	for _, r := range rows {
		n += int(entry[r+1] - entry[r])
	}
	at := len(l.Def)
	def, rep := slices.Grow(l.Def, n+shortList)[:at+n+shortList], slices.Grow(l.Rep, n+shortList)[:at+n+shortList]
	for _, r := range rows {
		from, to := int(entry[r]), int(entry[r+1])
		if to-from <= shortList && from+shortList <= len(src.Def) {
			*(*[shortList]uint8)(def[at:]), *(*[shortList]uint8)(rep[at:]) = [shortList]uint8(src.Def[from:]), [shortList]uint8(src.Rep[from:])
		} else {
			copy(def[at:], src.Def[from:to])
			copy(rep[at:], src.Rep[from:to])
		}
		at += to - from
	}
	l.Def, l.Rep = def[:at], rep[:at]
}

// pickLists notes which values the rows' lists have.
func (l *Leaf) pickLists(value, rows []int32) {
	n := 0
	for _, r := range rows {
		n += int(value[r+1] - value[r])
	}
	picked := roomFor(l.picked[:0], n+shortList)[:n+shortList]
	at := 0
	for _, r := range rows {
		v, end := value[r], value[r+1]
		out := picked[at : at+shortList : at+shortList]
		out[0], out[1], out[2], out[3] = v, v+1, v+2, v+3 // some are one too many, and written over
		for i := v + shortList; i < end; i++ {
			picked[at+int(i-v)] = i
		}
		at += int(end - v)
	}
	l.picked = picked[:at]
}
