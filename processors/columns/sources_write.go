package columns

import (
	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/internal/fault"
)

// hand gathers and encodes the drafts of one encoder.
type hand struct {
	out    *Batch // where a column is gathered
	memory Leaf   // that its columns take turns in
	drafts []*Draft
}

// Write fills the drafts, column by column. Where constant has a column's path, every row has that number there. Drafts of
// several encoders are filled by a goroutine for each encoder, all from the same column.
func (s *Sources) Write(drafts []*Draft, constant map[string]int64) error {
	for _, d := range drafts {
		if !sameLeaves(d.enc.lay, s.batch.layout) {
			return fault.New(fault.Internal, "the sources have other columns than the encoder")
		}
	}
	hands := s.share(drafts)
	for i, l := range s.batch.leaves {
		l.take(&s.held)
		st := step{src: l, same: true, coded: true}
		if v, ok := constant[l.Path]; ok {
			l.repeat(v, s.rows)
		} else if known := s.known(i); known != nil {
			st.src = known
		} else if err := s.load(l); err != nil {
			return err
		}
		if err := fill(hands, i, &st); err != nil {
			return err
		}
		s.held.take(l)
	}
	return nil
}

// share gives each encoder's drafts to a hand.
func (s *Sources) share(drafts []*Draft) []hand {
	of, n := map[*tools]int{}, 0
	for i := range s.hands {
		s.hands[i].drafts = nil
	}
	for _, d := range drafts {
		i, ok := of[d.enc.tools]
		if !ok {
			i = n
			of[d.enc.tools], n = i, n+1
		}
		if i == len(s.hands) {
			s.hands = append(s.hands, hand{out: New(s.batch.cols)})
		}
		s.hands[i].drafts = append(s.hands[i].drafts, d)
	}
	return s.hands[:n]
}

// fill has the hands add the leaf to their drafts.
func fill(hands []hand, leaf int, st *step) error {
	if len(hands) == 1 {
		return hands[0].add(leaf, st)
	}
	st.src.reindex() // now, because then nobody writes to it any more
	if st.src.dict != nil {
		st.src.dict.reindex()
	}
	var g errgroup.Group
	for i := range hands {
		g.Go(func() error { return hands[i].add(leaf, st) })
	}
	return g.Wait()
}

func (h *hand) add(leaf int, st *step) error {
	out := h.out.leaves[leaf]
	out.take(&h.memory)
	for _, d := range h.drafts {
		if err := d.add(st, out); err != nil {
			return err
		}
	}
	h.memory.take(out)
	return nil
}
