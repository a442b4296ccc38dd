package columns

// perRow is what sorting takes besides the keys: an item, its spare, the order.
const (
	perRow   = 16 + 16 + 4
	orderRow = 4
)

// Memory returns how many bytes Keys of these columns, which are let go of, and then Write take at most, as the footers
// have it: the keys of every row, or one column of every row and the files that are made; and files that are held whole.
func (s *Sources) Memory(keys ...string) int64 {
	var held, sorting, widest int64
	for i := range s.files {
		if f := s.files[i].file; f.whole != nil {
			held += f.size
		}
	}
	for i, l := range s.batch.leaves {
		n := s.leafMemory(i)
		widest = max(widest, n)
		for _, k := range keys {
			if k == l.Path {
				sorting += n
			}
		}
	}
	made := s.Packed() + s.Packed()/2 // row groups, and the file that they become
	return held + max(int64(s.rows)*perRow+sorting, int64(s.rows)*orderRow+widest+made)
}

// Packed returns the bytes that the rows take in the files, about.
func (s *Sources) Packed() (n int64) {
	for i := range s.files {
		n += s.files[i].share(s.files[i].file.size)
	}
	return n
}

// share returns the part of a size of the whole file that the rows in use have.
func (f *source) share(size int64) int64 {
	return int64(float64(size) * float64(f.to-f.from) / float64(max(f.file.rows, 1)))
}

// leafMemory returns the bytes of a leaf's values, levels and index.
func (s *Sources) leafMemory(leaf int) int64 {
	l, coded := s.batch.leaves[leaf], s.coded(leaf)
	var total int64
	for i := range s.files {
		f := &s.files[i]
		src := f.plan.steps[leaf].src
		if src == nil {
			total += f.to - f.from
			continue
		}
		for g := range f.file.groups {
			c := &f.file.groups[g].chunks[src.at]
			n := 4 * c.entries // numbers, or offsets
			if !coded {
				n += f.plainSize(l, c)
			}
			if l.MaxDef > 0 {
				n += 5 * c.entries
			}
			if l.MaxRep > 0 {
				n += 5 * c.entries
			}
			total += f.share(n)
		}
	}
	return total
}

// plainSize returns the bytes of a chunk's values where they are stored as they are.
func (f *source) plainSize(l *Leaf, c *fileChunk) int64 {
	switch l.Kind {
	case Bool:
		return c.entries
	case Int32, Int64:
		return 8 * c.entries
	case Fixed:
		return int64(l.Width) * c.entries
	}
	if c.hasDictionary {
		return max(c.plain, 16*c.entries) // more than that is rare: then most chunks are dictionaries, and read as numbers
	}
	return c.plain
}
