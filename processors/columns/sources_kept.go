package columns

// Keep lets Write take what Keys read into b from there instead of reading it again. Until then b must stay as it is, and no
// file may be added.
func (s *Sources) Keep(b *Batch) {
	if sameLeaves(b.layout, s.batch.layout) && b.rows == s.rows {
		s.kept = b
	}
}

// known returns the leaf if it was kept, or nil.
func (s *Sources) known(leaf int) *Leaf {
	if s.kept == nil || s.kept.leaves[leaf].entries() != s.rows {
		return nil
	}
	return s.kept.leaves[leaf]
}
